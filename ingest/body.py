"""A request's body as plain bytes, never more than the limit in memory, whatever was sent."""

import asyncio
import base64
import binascii
import time
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

import zstandard
from starlette.types import Receive

from ingest.errors import Refusal
from ingest.limits import BODY_BYTES

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_FORM = b"data="
SECONDS = 30
# Who reads a body, and since when: looked through each second, since a timer for each request costs it much more.
_reading: dict[asyncio.Task[Any], float] = {}


def too_large(limit: int = BODY_BYTES) -> Refusal:
    """The answer to a body over the limit."""
    return Refusal(
        413, "body_too_large", f"The body is larger than {limit:,} bytes. Nothing was kept; send smaller batches."
    )


async def read(receive: Receive, announced: int | None, limit: int = BODY_BYTES) -> bytes:
    """Reads the body as it came. Raises a Refusal as soon as it is, or says it will be, larger than the limit.

    A body holds room, so it must come in time.
    """
    if announced is not None and announced > limit:
        raise too_large(limit)
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine runs in one
    _reading[task] = time.monotonic()
    try:
        return await _read(receive, limit)
    except asyncio.CancelledError:
        if task in _reading:
            raise
        task.uncancel()
        raise Refusal(
            408, "body_too_slow", f"The body did not come within {SECONDS} s. Nothing was kept.", retry_after=1
        ) from None
    finally:
        _reading.pop(task, None)


def hurry(now: float) -> None:
    """Ends the reading of bodies that did not come in time; `now` on the monotonic clock, in seconds."""
    for task, since in list(_reading.items()):
        if now - since > SECONDS:
            del _reading[task]
            task.cancel()


async def _read(receive: Receive, limit: int) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return _bounded(body, limit)
    pieces, size = [body], len(body)
    while message.get("more_body", False):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal(400, "body_incomplete", "The connection ended before the body did. Nothing was kept.")
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > limit:
            raise too_large(limit)
    return b"".join(pieces)


def decompress(body: bytes, encoding: bytes, limit: int = BODY_BYTES) -> bytes:
    """The body without its compression, told by the header or by its first bytes. Raises a Refusal."""
    name = encoding.strip().lower()
    if body[:2] == _GZIP:
        name = b"gzip"
    elif body[:4] == _ZSTD:
        name = b"zstd"
    if name in (b"", b"identity"):
        return _form(body) if body[:5] == _FORM else body
    decode = _DECODERS.get(name)
    if decode is None:
        said = name.decode("latin-1")[:40]
        raise Refusal(
            415, "encoding_unknown", f"The Content-Encoding {said!r} is unknown; use gzip, deflate, zstd or none."
        )
    try:
        return decode(body, limit)
    except (zlib.error, zstandard.ZstdError, EOFError) as error:
        raise Refusal(400, "encoding_broken", f"The body can't be decompressed: {error}. Nothing was kept.") from error


def _bounded(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise too_large(limit)
    return body


def _inflate(body: bytes, limit: int, bits: int) -> bytes:
    """Every member of the stream; never makes more than one byte over the limit."""
    made: list[bytes] = []
    size = 0
    while body:
        stream = zlib.decompressobj(bits)
        made.append(stream.decompress(body, limit + 1 - size))
        size += len(made[-1])
        if size > limit:
            raise too_large(limit)
        if not stream.eof:
            raise EOFError("it ends too early")
        body = stream.unused_data.lstrip(b"\0")
    return b"".join(made)


def _gunzip(body: bytes, limit: int) -> bytes:
    return _inflate(body, limit, zlib.MAX_WBITS | 16)


def _deflate(body: bytes, limit: int) -> bytes:
    """RFC 1950, or the bare stream that some clients send by that name."""
    wrapped = len(body) > 1 and body[0] & 0x0F == 8 and int.from_bytes(body[:2]) % 31 == 0
    return _inflate(body, limit, zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)


def _unzstd(body: bytes, limit: int) -> bytes:
    # A frame may announce gigabytes of window; 2^24 bytes serve every level up to 19.
    reader = zstandard.ZstdDecompressor(max_window_size=1 << 24).stream_reader(body, read_across_frames=True)
    made = reader.read(limit + 1)
    if not made and body:
        raise EOFError("it ends too early")
    return _bounded(made, limit)


def _form(body: bytes) -> bytes:
    """posthog-js and old Segment pixels: the JSON as base64 in a form's field."""
    field = unquote_to_bytes(body[5:].partition(b"&")[0].replace(b"+", b"%2B"))
    if field[:1] in b"{[":
        return field
    try:
        return base64.b64decode(field)
    except binascii.Error as error:
        raise Refusal(400, "encoding_broken", f"The form's field data is not base64: {error}.") from error


_DECODERS: dict[bytes, Callable[[bytes, int], bytes]] = {
    b"gzip": _gunzip,
    b"x-gzip": _gunzip,
    b"gzip-js": _gunzip,
    b"deflate": _deflate,
    b"zstd": _unzstd,
}
