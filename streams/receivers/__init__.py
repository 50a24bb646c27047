"""What a message becomes for each kind of receiver: pure functions, a file a receiver.

A receiver more is a file here with `request`, its line in REQUESTS, and its name and options in `schemas.receivers`.
E-mail, which is no HTTP, stands in `email.py` and is sent by `streams.mailing`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from schemas.receivers import Receiver
from schemas.webhooks import Message
from streams.receivers import alertmanager, pagerduty, slack, teams, webhook
from streams.receivers.requests import Request

REQUESTS: dict[str, Callable[[Message, dict[str, Any], datetime], Request]] = {
    Receiver.WEBHOOK: webhook.request,
    Receiver.SLACK: slack.request,
    Receiver.TEAMS: teams.request,
    Receiver.PAGERDUTY: pagerduty.request,
    Receiver.ALERTMANAGER: alertmanager.request,
}
