"""One message: sent as its receiver reads it, with care for where it goes, and what the answer means."""

import asyncio
import math
import random
import time
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx
import msgspec

from schemas.clock import to_datetime
from schemas.receivers import Receiver
from schemas.webhooks import Attempt, Message
from streams.connecting import Answer, Client
from streams.mailing import Mail
from streams.receivers import REQUESTS, email

TIMEOUT = 15.0
_LONGEST = 10 * 3600.0
_FIRST = 5.0


class Sender:
    """Sends messages to whatever kind of receiver they are for; `most` attempts are made for each in all."""

    def __init__(self, client: Client, mail: Mail, most: int) -> None:
        self._client, self._mail, self._most = client, mail, most

    async def send(self, message: Message) -> Attempt:
        """Sends one message, and says what became of it within TIMEOUT, whatever the receiver does.

        An address that is refused now is tried again later: names change what they mean.
        """
        started, wall = time.monotonic(), to_datetime(time.time_ns() // 1_000_000)
        try:
            async with asyncio.timeout(TIMEOUT):
                answer = await self._ask(message, wall)
        except httpx.InvalidURL as error:
            return Attempt(None, time.monotonic() - started, str(error), None, delivered=False)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this message's alone, and logged with it
            seconds, reason = time.monotonic() - started, f"{type(error).__name__}: {error}"[:500]
            later = retry_in(message.attempts, self._most)
            return Attempt(None, seconds, reason, None, delivered=False, retry_in=later)
        asked = _asked(answer.headers.get("retry-after"), wall)
        text = answer.body.decode("utf-8", "replace").replace("\0", "")
        return judge(answer.status, text, time.monotonic() - started, message.attempts, self._most, asked)

    async def _ask(self, message: Message, now: datetime) -> Answer:
        body = msgspec.json.decode(message.payload)
        if message.receiver == Receiver.EMAIL:
            said = await self._mail.send(email.letter(message, body, self._mail.sender, now))
            return Answer(250, {}, said.encode())
        request = REQUESTS[message.receiver](message, body, now)
        return await self._client.post(request.url, request.headers, request.body)


def judge(status: int, text: str, seconds: float, attempts: int, most: int, asked: float = 0) -> Attempt:
    """What an answer means: 2xx delivered, 410 never again, anything else later, not sooner than it asked for.

    429 and 503 with a Retry-After speak for the whole endpoint: none of its messages is sent until then.
    """
    if 200 <= status < 300:
        return Attempt(status, seconds, None, text, delivered=True)
    if status == 410:
        error = "the endpoint says it is gone; it was disabled"
        return Attempt(status, seconds, error, text, delivered=False, disable=True)
    asked = min(asked, _LONGEST)
    usual = retry_in(attempts, most)
    later = None if usual is None else max(usual, asked)
    pause = asked if status in (429, 503) else 0
    return Attempt(status, seconds, f"answered {status}", text, delivered=False, retry_in=later, pause=pause)


def retry_in(attempts: int, most: int) -> float | None:
    """Seconds until the next attempt: 5 s, 20 s, 80 s … 10 h, each ± 20 %; None when `most` were made."""
    if attempts >= most:
        return None
    pause = min(_FIRST * 4.0 ** (attempts - 1), _LONGEST)
    return pause * random.uniform(0.8, 1.2)  # noqa: S311 - jitter


def _asked(header: str | None, now: datetime) -> float:
    """Seconds of a Retry-After header, given in seconds or as a date."""
    if not header:
        return 0.0
    try:
        seconds = float(header)
        return 0.0 if math.isnan(seconds) else max(seconds, 0.0)
    except ValueError:
        pass
    try:
        return max((parsedate_to_datetime(header) - now).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return 0.0
