"""The kinds of receivers that an endpoint can be, and the options each has.

What a message becomes for one stands in `streams.receivers`, a file each.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from schemas.errors import DefinitionError

PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"
Address = Annotated[str, msgspec.Meta(pattern=r"^[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+$", max_length=254)]
LabelName = Annotated[str, msgspec.Meta(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$", max_length=100)]
LabelValue = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Receiver(StrEnum):
    """What listens at an endpoint's address."""

    WEBHOOK = "webhook"
    SLACK = "slack"
    TEAMS = "teams"
    PAGERDUTY = "pagerduty"
    ALERTMANAGER = "alertmanager"
    EMAIL = "email"


class NoOptions(msgspec.Struct, forbid_unknown_fields=True):
    """A webhook, Slack or Teams: the address says all."""


class PagerDutyOptions(msgspec.Struct, forbid_unknown_fields=True):
    """The integration key of a service, and how bad its events are."""

    routing_key: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9]{32}$")]
    severity: Literal["critical", "error", "warning", "info"] = "warning"


class AlertmanagerOptions(msgspec.Struct, forbid_unknown_fields=True):
    """Labels that every alert gets besides ours, for its routes to match."""

    labels: Annotated[dict[LabelName, LabelValue], msgspec.Meta(max_length=20)] = {}


class EmailOptions(msgspec.Struct, forbid_unknown_fields=True):
    """Who gets the letters."""

    to: Annotated[list[Address], msgspec.Meta(min_length=1, max_length=20)]


OPTIONS: dict[Receiver, type[msgspec.Struct]] = {
    Receiver.WEBHOOK: NoOptions,
    Receiver.SLACK: NoOptions,
    Receiver.TEAMS: NoOptions,
    Receiver.PAGERDUTY: PagerDutyOptions,
    Receiver.ALERTMANAGER: AlertmanagerOptions,
    Receiver.EMAIL: EmailOptions,
}
_STEPS = ("firing", "worsened", "relapsed", "acknowledged", "resolved", "retracted")
_INCIDENTS = (*(f"alert.{step}" for step in _STEPS), "endpoint.test", "endpoint.disabled")
_TELLING = (Receiver.SLACK, Receiver.TEAMS)  # whoever knows the address may post to it


def hears(receiver: str, event_type: str) -> bool:
    """Whether such a message means anything to a receiver: nudges are for programs, and on-call tools want no digests.

    >>> [hears("slack", "digest.weekly"), hears("pagerduty", "digest.weekly"), hears("slack", "nudge.due")]
    [True, False, False]
    """
    if receiver in (Receiver.PAGERDUTY, Receiver.ALERTMANAGER):
        return event_type in _INCIDENTS
    return receiver == Receiver.WEBHOOK or event_type != "nudge.due"


def settle(receiver: Receiver, url: str | None, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The address and options as they are stored; raises DefinitionError where they are not what the receiver needs.

    >>> settle(Receiver.EMAIL, None, {"to": ["kim@example.com"]})
    ('mailto:kim@example.com', {'to': ['kim@example.com']})
    """
    try:
        read = msgspec.convert(options, OPTIONS[receiver])
    except msgspec.ValidationError as error:
        raise DefinitionError(f"The options of a receiver {receiver!r} are wrong: {error}.") from None
    if isinstance(read, EmailOptions):
        return f"mailto:{','.join(read.to)}", msgspec.to_builtins(read)
    url = url or (PAGERDUTY if receiver == Receiver.PAGERDUTY else None)
    if url is None or url.startswith("mailto:"):
        raise DefinitionError(f"A receiver {receiver!r} needs a url, http or https.")
    return url, msgspec.to_builtins(read)


def without_secrets(receiver: str, url: str, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Address and options as they may be shown.

    >>> without_secrets("slack", "https://hooks.slack.com/services/T0/B0/x", {})
    ('https://hooks.slack.com/…', {})
    """
    shown = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}/…" if receiver in _TELLING else url
    return shown, {name: "…" if name == "routing_key" else value for name, value in options.items()}
