"""A webhook of Standard Webhooks: the message as it is, signed with every key that is valid."""

from datetime import datetime
from typing import Any

from schemas.signing import signatures
from schemas.webhooks import Message
from streams.receivers.requests import Request


def request(message: Message, _: dict[str, Any], now: datetime) -> Request:
    """`now` is the wall clock in UTC, which receivers compare with their own."""
    timestamp = int(now.timestamp())
    headers = {
        "content-type": "application/json",
        "user-agent": "ebbtide/1",
        "webhook-id": message.webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures(message.keys, message.webhook_id, timestamp, message.payload),
    }
    return Request(message.url, headers, message.payload.encode())
