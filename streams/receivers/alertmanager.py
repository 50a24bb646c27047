"""Alertmanager: API v2, so that operations can route, group and silence what falls as they do all else.

An alert there ends at its `endsAt`, which is far away while ours fires: we tell steps, and repeat nothing.
"""

from datetime import datetime, timedelta
from typing import Any

from schemas.webhooks import Message
from streams.receivers.requests import Request, json_request
from streams.receivers.words import words_of

_FAR = timedelta(days=365)
_BRIEF = timedelta(minutes=5)  # news on no alert


def request(message: Message, body: dict[str, Any], now: datetime) -> Request:
    """One alert; its labels stay the same for all of an episode, which is how Alertmanager knows it again."""
    words, data = words_of(body), body["data"]
    starts = _moment(data.get("fired_at") or body["timestamp"])
    ends = _moment(data["at"]) if words.over else now + (_FAR if "sentence" in data else _BRIEF)
    alert = {
        "labels": _labels(body, message.options.get("labels", {})),
        "annotations": {"title": words.title, "summary": words.text} | {_name(k): value for k, value in words.facts},
        "startsAt": starts,
        "endsAt": max(ends, starts),
    }
    return json_request(f"{message.url.rstrip('/')}/api/v2/alerts", [alert])


def _labels(body: dict[str, Any], more: dict[str, str]) -> dict[str, str]:
    data = body["data"]
    ours = {
        "alertname": data.get("kind") or body["type"],
        "service": "ebbtide",
        "episode": data["id"],
        "account": (data.get("account") or {}).get("id"),
        "segment": data.get("segment"),
        "behavior": data.get("behavior"),
    }
    return {name: str(value) for name, value in (more | ours).items() if value}


def _name(fact: str) -> str:
    return fact.lower().replace(" ", "_")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
