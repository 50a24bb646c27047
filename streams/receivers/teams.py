"""Microsoft Teams: an incoming webhook of a workflow, with an adaptive card (a message may have 28 KB)."""

import re
from datetime import datetime
from typing import Any

from schemas.webhooks import Message
from streams.receivers.requests import Request, json_request
from streams.receivers.words import cut, words_of

_CARD = "application/vnd.microsoft.card.adaptive"
_SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"
_MARKUP = re.compile(r"([\\\[\]()*_#>`~])")


def request(message: Message, body: dict[str, Any], _: datetime) -> Request:
    """A card with a title, the sentence and its facts; version 1.4, which all of Teams shows."""
    words = words_of(body)
    color = "Good" if words.over else "Attention"
    title = {"type": "TextBlock", "size": "Medium", "weight": "Bolder", "color": color, "wrap": True}
    shown: list[dict[str, Any]] = [
        title | {"text": _plain(words.title, 200)},
        {"type": "TextBlock", "wrap": True, "text": _plain(words.text, 4000)},
    ]
    if words.facts:
        facts = [{"title": name, "value": _plain(value, 500)} for name, value in words.facts]
        shown.append({"type": "FactSet", "facts": facts})
    card = {"$schema": _SCHEMA, "type": "AdaptiveCard", "version": "1.4", "body": shown}
    attachment = {"contentType": _CARD, "contentUrl": None, "content": card}
    return json_request(message.url, {"type": "message", "attachments": [attachment]})


def _plain(text: str, most: int) -> str:
    """Text in which nothing is markup: names come from outside, and may look like links.

    >>> _plain("[x](https://example.com)", 99).replace(chr(92), "!")
    '![x!]!(https://example.com!)'
    """
    return _MARKUP.sub(r"\\\1", cut(text, most))
