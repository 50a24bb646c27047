"""Slack: an incoming webhook, with blocks (limits: header 150, section 3000, 10 fields of 2000 characters)."""

from bisect import bisect_right
from datetime import datetime
from itertools import accumulate
from typing import Any

from schemas.webhooks import Message
from streams.receivers.requests import Request, json_request
from streams.receivers.words import cut, words_of

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def request(message: Message, body: dict[str, Any], _: datetime) -> Request:
    """A header, the sentence, its facts, and what names the message."""
    words = words_of(body)
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": cut(words.title, 150), "emoji": False}},
        {"type": "section", "text": _marked(words.text, 3000)},
    ]
    if words.facts:
        fields = [_marked(value, 1800, before=f"*{name}*\n") for name, value in words.facts[:10]]
        blocks.append({"type": "section", "fields": fields})
    blocks.append({"type": "context", "elements": [_marked(f"{body['type']} · {message.webhook_id}", 300)]})
    return json_request(message.url, {"text": _escaped(f"{words.title}. {words.text}", 3000), "blocks": blocks})


def _marked(text: str, most: int, before: str = "") -> dict[str, Any]:
    return {"type": "mrkdwn", "text": before + _escaped(text, most), "verbatim": True}


def _escaped(text: str, most: int) -> str:
    """At most so many characters, in which nothing is a link or calls anyone; no escape is cut in its middle.

    >>> _escaped("<!channel> & all", 12)
    '&lt;!channe…'
    """
    parts = [_ESCAPES.get(letter, letter) for letter in text]
    lengths = list(accumulate(map(len, parts)))
    if not lengths or lengths[-1] <= most:
        return "".join(parts)
    return "".join(parts[: bisect_right(lengths, most - 1)]) + "…"
