"""What no client should send: each gets a 4xx with code and message, and the collector goes on."""

import gzip
import http.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
import zstandard

from deploy.local.stack import Stack

GOOD = b'{"type": "track", "event": "a", "userId": "u"}'
_RANGE = "number_out_of_range"
BAD = {
    "nul": (rb'{"type": "track", "event": "a\u0000", "userId": "u"}', "nul_character"),
    "nan": (b'{"type": "track", "event": "a", "userId": "u", "properties": {"x": NaN}}', "not_finite"),
    "surrogate": (rb'{"type": "track", "event": "\ud800", "userId": "u"}', "lone_surrogate"),
    "not utf-8": (b'{"type": "track", "event": "\xff", "userId": "u"}', "invalid_utf8"),
    "1e400": (b'{"type": "track", "event": "a", "userId": "u", "properties": {"x": 1e400}}', _RANGE),
    "2**80": (
        b'{"type": "track", "event": "a", "userId": "u", "properties": {"x": %d}}' % 2**80,
        "number_out_of_range",
    ),
    "depth 33": (b'{"type": "track", "properties": ' + b'{"a":' * 33 + b"1" + b"}" * 34, "too_deep"),
    "depth 10,000": (b'{"type": "track", "properties": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001, "too_deep"),
    "lists 30,000 deep": (b'{"properties": {"x": ' + b"[" * 30_000 + b"]" * 30_000 + b"}}", "too_deep"),
    "64 KiB": (b'{"type": "track", "event": "a", "userId": "' + b"u" * 65_536 + b'"}', "event_too_large"),
    "wrong type": (b'{"type": "track", "event": "a", "userId": {}}', "wrong_type"),
    "no object": (b"7", "wrong_type"),
    "no name": (b'{"type": "track", "event": "", "userId": "u"}', "name_missing"),
    "nobody": (b'{"type": "track", "event": "a"}', "user_missing"),
}


def told(answer: Any) -> bool:
    return bool({"code", "message"} <= answer.json().keys()) and 400 <= answer.status_code < 500


@pytest.mark.parametrize("name", BAD)
def test_a_bad_event_alone_is_told_and_among_others_alone_refused(sender: Any, name: str) -> None:
    bad, code = BAD[name]
    single = sender.post("/v1/track", bad)
    assert (told(single), single.status_code, single.json()["code"]) == (True, 400, code)
    batch = sender.post("/v1/batch", b'{"batch": [' + GOOD + b"," + bad + b"," + GOOD + b"]}")
    assert (batch.status_code, batch.json()["accepted"]) == (200, 2)
    assert [(refused["index"], refused["code"]) for refused in batch.json()["rejected"]] == [(1, code)]
    assert len(sender.events()) == 2
    assert [rejection.raw for rejection in sender.rejections()] == [bad[:65_536]] * 2


@pytest.mark.parametrize("route", ["/batch/", "/i/v1/analytics/events", "/v1/import"])
@pytest.mark.parametrize("name", ["nul", "nan", "surrogate", "not utf-8", "1e400", "depth 10,000", "no object"])
def test_the_other_routes_too(sender: Any, route: str, name: str) -> None:
    assert told(sender.post(route, BAD[name][0]))


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (gzip.compress(b"0" * 300_000_000, 1), "gzip"),
        (gzip.compress(b"0" * 300_000_000, 1), None),
        (zstandard.compress(b"0" * 300_000_000), "zstd"),
        (gzip.compress(gzip.compress(b"[" * 300_000_000, 1)), "gzip"),
    ],
    ids=["gzip", "gzip without a header", "zstd", "gzip in gzip"],
)
def test_bombs(sender: Any, collector: Stack, body: bytes, encoding: str | None) -> None:
    before = rss(collector)
    answer = sender.post("/v1/batch", body, headers={"Content-Encoding": encoding} if encoding else {})
    assert told(answer)
    assert rss(collector) - before < 60_000_000


@pytest.mark.parametrize("chunked", [False, True])
def test_100_mb(sender: Any, collector: Stack, chunked: bool) -> None:
    before = rss(collector)
    answer = sender.post("/v1/batch", _pieces() if chunked else b"0" * 100_000_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert rss(collector) - before < 60_000_000


def test_a_client_that_asks_first_sends_nothing(sender: Any) -> None:
    url = urlsplit(sender.url)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=10)
    headers = {"Authorization": f"Bearer {sender.key}", "Content-Length": "100000000", "Expect": "100-continue"}
    connection.request("POST", "/v1/batch", headers=headers)
    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"", {}, 400, "invalid_json"),
        (b"{", {}, 400, "invalid_json"),
        (b"null", {}, 400, "invalid_json"),
        (b"{}", {}, 400, "batch_missing"),
        (b'{"batch": {}}', {}, 400, "invalid_json"),
        (b"[" * 100_000, {}, 400, "invalid_json"),
        (b'{"batch": [' + b",".join([GOOD] * 2_501) + b"]}", {}, 413, "batch_too_large"),
        (b"x", {"Content-Encoding": "br"}, 415, "encoding_unknown"),
        (b"x", {"Content-Encoding": "gzip"}, 400, "encoding_broken"),
        (gzip.compress(GOOD, mtime=0)[:-9], {"Content-Encoding": "gzip"}, 400, "encoding_broken"),
        (b"data=x", {}, 400, "encoding_broken"),
    ],
)
def test_bodies_that_are_no_batch(sender: Any, body: bytes, headers: dict[str, str], status: int, code: str) -> None:
    answer = sender.post("/v1/batch", body, headers=headers)
    assert (answer.status_code, answer.json()["code"], told(answer)) == (status, code, True)


@pytest.mark.parametrize("authorization", ["Basic !", "Basic //79", "Bearer", "Digest x", "Bearer \xff", "x" * 4000])
def test_odd_credentials(sender: Any, authorization: str) -> None:
    url = urlsplit(sender.url)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=10)
    connection.request("POST", "/v1/track", GOOD, {"Authorization": authorization.encode("latin-1")})
    assert connection.getresponse().status == 401
    connection.close()


def rss(stack: Stack) -> int:
    return int(psutil.Process(stack.pid("collector")).memory_info().rss)


def _pieces() -> Iterator[bytes]:
    for _ in range(1_000):
        yield b"0" * 100_000
