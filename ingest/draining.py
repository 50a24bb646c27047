"""The answer to a body that is too large: sent at once, while what still comes is read and thrown away.

Most clients read no answer before they have written everything; closing on them would look like a broken connection.
"""

import asyncio
import contextlib

from starlette.types import Receive, Send

from ingest.answers import Answer

_MOST_BYTES = 1 << 30
_MOST_SECONDS = 60


async def send(answer: Answer, receive: Receive, out: Send, *, awaits_go_ahead: bool) -> None:
    """Sends the whole answer, then drains the body within bounds; a client that asked first has sent none."""
    await answer.send(out, more=True)
    if not awaits_go_ahead:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(_drain(receive), _MOST_SECONDS)
    await out({"type": "http.response.body", "body": b"", "more_body": False})


async def _drain(receive: Receive) -> None:
    left = _MOST_BYTES
    while left > 0:
        message = await receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return
        left -= len(message.get("body", b""))
