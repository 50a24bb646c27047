"""One webhook: signed, sent with care for where it goes, and what its answer means."""

import asyncio
import random
import time
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx

from schemas.clock import to_datetime
from schemas.database.outbox import Attempt, Message
from schemas.signing import signatures
from streams.connecting import ForbiddenError, Guarded

TIMEOUT = 15.0
_READ = 4096
_LONGEST = 10 * 3600.0
_FIRST = 5.0


def create_client(allow_private: bool) -> httpx.AsyncClient:
    """A client that follows no redirects and, unless private addresses are allowed, connects only to public ones."""
    headers = {"user-agent": "ebbtide/1"}
    return httpx.AsyncClient(
        transport=Guarded(allow_private), follow_redirects=False, timeout=TIMEOUT, trust_env=False, headers=headers
    )


def headers_of(message: Message, now: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks; `now` is the wall clock in UTC, which receivers compare with their own."""
    timestamp = int(now.timestamp())
    return {
        "content-type": "application/json",
        "webhook-id": message.webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures(message.keys, message.webhook_id, timestamp, message.payload),
    }


async def send(client: httpx.AsyncClient, message: Message, most: int) -> Attempt:
    """Sends one message, and says what became of it; `most` attempts are made in all."""
    started, wall = time.monotonic(), to_datetime(time.time_ns() // 1_000_000)
    try:
        async with asyncio.timeout(TIMEOUT):
            headers = headers_of(message, wall)
            async with client.stream("POST", message.url, content=message.payload, headers=headers) as response:
                text = await _beginning(response)
    except (ForbiddenError, httpx.InvalidURL) as error:
        return Attempt(None, time.monotonic() - started, str(error), None, delivered=False)
    except (httpx.HTTPError, OSError, TimeoutError, ValueError) as error:
        seconds = time.monotonic() - started
        reason = f"{type(error).__name__}: {error}"[:500]
        return Attempt(None, seconds, reason, None, delivered=False, retry_in=retry_in(message.attempts, most))
    asked = _asked(response.headers.get("retry-after"), wall)
    return judge(response.status_code, text, time.monotonic() - started, message.attempts, most, asked)


def judge(status: int, text: str, seconds: float, attempts: int, most: int, asked: float = 0) -> Attempt:
    """What an answer means: 2xx delivered, 410 never again, anything else later, not sooner than it asked for."""
    if 200 <= status < 300:
        return Attempt(status, seconds, None, text, delivered=True)
    if status == 410:
        error = "the endpoint says it is gone; it was disabled"
        return Attempt(status, seconds, error, text, delivered=False, disable=True)
    pause = retry_in(attempts, most)
    later = None if pause is None else max(pause, min(asked, _LONGEST))
    return Attempt(status, seconds, f"answered {status}", text, delivered=False, retry_in=later)


def retry_in(attempts: int, most: int) -> float | None:
    """Seconds until the next attempt: 5 s, 20 s, 80 s … 10 h, each ± 20 %; None when `most` were made."""
    if attempts >= most:
        return None
    pause = min(_FIRST * 4.0 ** (attempts - 1), _LONGEST)
    return pause * random.uniform(0.8, 1.2)  # noqa: S311 - jitter


async def _beginning(response: httpx.Response) -> str:
    data = b""
    async for part in response.aiter_raw(_READ):
        data += part
        if len(data) >= _READ:
            break
    return data[:_READ].decode("utf-8", "replace").replace("\0", "")


def _asked(header: str | None, now: datetime) -> float:
    """Seconds of a Retry-After header, given in seconds or as a date."""
    if not header:
        return 0.0
    try:
        return max(float(header), 0.0)
    except ValueError:
        pass
    try:
        return max((parsedate_to_datetime(header) - now).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return 0.0
