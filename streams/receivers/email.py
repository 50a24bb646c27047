"""E-mail: text and HTML, an alert's letters in one thread."""

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from typing import Any

from schemas.webhooks import Message
from streams.receivers.words import Words, cut, words_of


def letter(message: Message, body: dict[str, Any], sender: str, now: datetime) -> EmailMessage:
    """The letter; its Message-ID is the webhook-id, so that one that comes twice is known."""
    words, mail = words_of(body), EmailMessage()
    mail["From"], mail["To"] = sender, ", ".join(message.options["to"])
    mail["Subject"] = cut(" ".join(words.title.split()), 200)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{message.webhook_id}@ebbtide.invalid>"
    if series := body["data"].get("id"):
        mail["References"] = f"<{series}@ebbtide.invalid>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(_text(words))
    mail.add_alternative(body["data"].get("html") or _html(words), subtype="html")
    return mail


def _text(words: Words) -> str:
    return "\n".join([words.text, "", *(f"{name}: {value}" for name, value in words.facts), ""])


def _html(words: Words) -> str:
    rows = "".join(
        f"<tr><th align=left>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in words.facts
    )
    return f"<h3>{escape(words.title)}</h3><p>{escape(words.text)}</p><table>{rows}</table>"
