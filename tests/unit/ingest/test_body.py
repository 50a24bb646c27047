import asyncio
import base64
import contextlib
import gzip
import time
import zlib
from collections.abc import Iterator
from functools import partial

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from ingest.body import SECONDS, _reading, decompress, hurry, read
from ingest.errors import Refusal

TEXT = b'{"batch": []}'
gzipped = partial(gzip.compress, mtime=0)  # the same bytes every time, for they name the test


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (TEXT, b""),
        (TEXT, b"identity"),
        (gzipped(TEXT), b"gzip"),
        (gzipped(TEXT), b""),
        (gzipped(TEXT[:5]) + gzipped(TEXT[5:]), b"gzip"),
        (zlib.compress(TEXT), b"deflate"),
        (raw_deflate(TEXT), b"deflate"),
        (zstandard.compress(TEXT), b"zstd"),
        (zstandard.compress(TEXT), b""),
        (b"data=" + base64.b64encode(TEXT), b""),
        (b"data=%7B%22batch%22%3A%20%5B%5D%7D&x=1", b""),
    ],
)
def test_every_encoding(body: bytes, encoding: bytes) -> None:
    assert decompress(body, encoding) == TEXT


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (gzipped(b"\0" * 1_000_000), b"gzip"),
        (zlib.compress(b"\0" * 1_000_000), b"deflate"),
        (zstandard.compress(b"\0" * 1_000_000), b"zstd"),
        (gzipped(b"\0" * 600) * 2, b"gzip"),
    ],
)
def test_bombs_are_too_large(body: bytes, encoding: bytes) -> None:
    with pytest.raises(Refusal) as refusal:
        decompress(body, encoding, limit=1_000)
    assert refusal.value.status == 413


@given(st.binary(max_size=60), st.sampled_from([b"", b"gzip", b"deflate", b"zstd", b"br", b"\xff"]))
def test_any_bytes_are_a_body_or_refused(body: bytes, encoding: bytes) -> None:
    with contextlib.suppress(Refusal):
        decompress(body, encoding)


def test_a_stream_is_read_no_further_than_the_limit() -> None:
    asked = 0

    async def receive() -> dict[str, object]:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b"x" * 100, "more_body": True}

    with pytest.raises(Refusal) as refusal:
        asyncio.run(read(receive, None, limit=1_000))  # type: ignore[arg-type]
    assert (refusal.value.status, asked) == (413, 11)


def test_a_body_that_says_it_is_too_large_is_not_read() -> None:
    with pytest.raises(Refusal) as refusal:
        asyncio.run(read(None, 1_001, limit=1_000))  # type: ignore[arg-type]
    assert refusal.value.status == 413


def test_a_broken_connection_is_told_from_an_end() -> None:
    messages: Iterator[dict[str, object]] = iter(
        [{"type": "http.request", "body": b"x", "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> dict[str, object]:
        return next(messages)

    with pytest.raises(Refusal) as refusal:
        asyncio.run(read(receive, None))  # type: ignore[arg-type]
    assert refusal.value.code == "body_incomplete"


def test_a_body_that_does_not_come_in_time_is_given_up_and_holds_nothing() -> None:
    async def never() -> Message:
        return await asyncio.get_running_loop().create_future()

    async def run(announced: int | None) -> Refusal:
        reading = asyncio.create_task(read(never, announced))
        await asyncio.sleep(0)
        hurry(time.monotonic() + SECONDS - 1)
        await asyncio.sleep(0)
        assert not reading.done()
        hurry(time.monotonic() + SECONDS + 1)
        with pytest.raises(Refusal) as refusal:
            await reading
        return refusal.value

    for announced in (10, 1_000_000, None):
        refusal = asyncio.run(run(announced))
        assert (refusal.status, refusal.code) == (408, "body_too_slow")
    assert not _reading


def test_a_request_that_is_ended_otherwise_just_ends() -> None:
    async def never() -> Message:
        return await asyncio.get_running_loop().create_future()

    async def run() -> None:
        reading = asyncio.create_task(read(never, 10))
        await asyncio.sleep(0)
        reading.cancel()
        await reading

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())
