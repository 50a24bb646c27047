"""PagerDuty: Events API v2. One incident an episode (`dedup_key`), resolved with it."""

from datetime import datetime
from typing import Any

from schemas.webhooks import Message
from streams.receivers.requests import Request, json_request
from streams.receivers.words import cut, words_of

_ACTIONS = {"alert.resolved": "resolve", "alert.retracted": "resolve", "alert.acknowledged": "acknowledge"}


def request(message: Message, body: dict[str, Any], _: datetime) -> Request:
    """A trigger, acknowledge or resolve; worsening triggers the same incident again, with what is known now."""
    data = body["data"]
    event: dict[str, Any] = {
        "routing_key": message.options["routing_key"],
        "event_action": _ACTIONS.get(body["type"], "trigger"),
        "dedup_key": cut(data["id"], 255),
    }
    if event["event_action"] == "trigger":
        event |= {"client": "Ebbtide", "payload": _payload(message, body)}
    return json_request(message.url, event)


def _payload(message: Message, body: dict[str, Any]) -> dict[str, Any]:
    words, data = words_of(body), body["data"]
    account = data.get("account") or {}
    payload = {
        "summary": cut(words.text, 1024),
        "source": cut(str(account.get("id") or data.get("segment") or "ebbtide"), 255),
        "severity": message.options.get("severity", "warning"),
        "timestamp": body["timestamp"],
        "component": data.get("behavior"),
        "group": data.get("segment"),
        "class": data.get("kind") or body["type"],
        "custom_details": {name: cut(value, 1000) for name, value in words.facts},
    }
    return {name: value for name, value in payload.items() if value is not None}
