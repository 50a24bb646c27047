"""The quick room takes what is ordinary, and makes the same of it as the careful room does."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import quick
from ingest.events import Arrival
from ingest.formats import Format, Outcome, read_all, reader
from ingest.moments import skew_of
from ingest.reading import suspicious
from ingest.shapes import Form, open_body

NOW = 1_760_000_000_000
ARRIVAL = Arrival(received=NOW)
ORDINARY: dict[str, Any] = {
    "type": "track",
    "event": "Report Exported",
    "messageId": "m1",
    "userId": "ada",
    "anonymousId": None,
    "timestamp": "2025-01-01T00:00:00.123456Z",
    "properties": {"rows": 7, "list": [{"a": 1}], "ip": "1.2.3.4"},
    "context": {"groupId": "acme", "ip": "1.2.3.4", "library": {"name": "x"}},
    "integrations": {},
}
TEXTS = [
    "",
    " ",
    "a",
    " a ",
    "a" * 255,
    "a" * 256,
    "é",
    "signal.call",
    "a\u0000",
    "\ud800",
    0,
    7,
    7.5,
    True,
    None,
    {},
    [],
]
TIMES = [
    "2025-01-01T00:00:00Z", "2025-01-01T00:00:00.999999+00:00", "2025-01-01 00:00:00Z", "2025-01-01T00:00:00+02:00",
    "2025-02-29T00:00:00Z", "2025-01-01", "now", "NaT", "2099-01-01T00:00:00Z", "1969-12-31T23:59:59Z",
    "0000-01-01T00:00:00Z", "2025-01-01T24:00:00Z", "2025-01-01T23:59:60Z",
    "2025-01-01T00:00:00Z\n2025-01-01T00:00:00Z",
    "1760000000", "", 1_760_000_000, 1e300, -1, None,
]  # fmt: skip
DEEP: Any = json.loads("[" * 40 + "]" * 40)
PROPERTIES = [
    None, {}, {"n": 2**64}, {"n": -(2**63)}, {"deep": DEEP}, {"deep": DEEP[0][0][0][0][0][0][0][0][0]},
    {"deep": DEEP[0][0][0][0][0][0][0][0][0][0]}, {"$ip": 1}, {"company": "c"}, {"company": {"id": 5}},
    {"groupId": "g" * 256}, {"direction": "outbound"}, {"$bot": 1}, {"x": float("nan")}, {"x": 1e300}, [],
]  # fmt: skip
AGENTS = [None, "Mozilla/5.0", "Googlebot/2.1", 5]
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["track", "page", "dance", None]),
        **{name: st.sampled_from(TEXTS) for name in ("event", "messageId", "userId", "anonymousId", "groupId", "name")},
        **{name: st.sampled_from(TIMES) for name in ("timestamp", "originalTimestamp", "sentAt")},
        "properties": st.sampled_from(PROPERTIES),
        "traits": st.sampled_from([{}, 5]),
        "context": st.none()
        | st.fixed_dictionaries(
            {}, optional={"groupId": st.sampled_from(TEXTS), "userAgent": st.sampled_from(AGENTS), "x": st.just(DEEP)}
        ),
    },
)


def carefully(body: bytes, arrival: Arrival) -> Outcome:
    contents = open_body(body, Form.BATCH, {}, known=True)
    skew = skew_of(contents.sent_at, arrival.received)
    return read_all(contents.items, reader(Format.SEGMENT, arrival, skew, suspicious(body)))


def quickly(body: bytes, arrival: Arrival = ARRIVAL) -> Outcome | None:
    contents = quick.read(body, arrival)
    return contents and contents.outcome


@settings(max_examples=500, deadline=None)
@given(
    st.lists(CHANGES, min_size=1, max_size=3),
    st.sampled_from(TIMES),
    st.booleans(),
    st.sampled_from([NOW, 1_735_689_600_000]),
)
def test_both_rooms_make_the_same_of_what_the_quick_one_takes(
    changes: list[dict[str, Any]], sent_at: object, keep_ip: bool, received: int
) -> None:
    body = json.dumps({"batch": [ORDINARY | change for change in changes], "sentAt": sent_at}).encode()
    arrival = Arrival(received, keep_ip=keep_ip)
    taken = quickly(body, arrival)
    assert taken is None or taken == carefully(body, arrival)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"context": None},
        {"userId": None, "anonymousId": "b"},
        {"context": None, "properties": {"accountId": 7}},
        {"timestamp": None, "originalTimestamp": "2025-01-01T00:00:00.123Z"},
        {"sentAt": "2025-01-01T00:00:00Z"},
        {"event": '\N{GRINNING FACE} "quoted"\n!'},
    ],
)
def test_ordinary_calls_are_taken(change: dict[str, Any]) -> None:
    body = json.dumps({"batch": [ORDINARY | change] * 2, "writeKey": "k"}, ensure_ascii=False).encode()
    contents = quick.read(body, ARRIVAL)
    assert contents is not None
    assert (contents.key, contents.outcome) == ("k", carefully(body, ARRIVAL))


def test_large_batches_are_taken_and_large_events_are_not() -> None:
    padded = ORDINARY | {"properties": {"padding": "x" * 60_000}}
    assert quickly(json.dumps({"batch": [padded] * 3}).encode()) is not None
    padded = ORDINARY | {"properties": {"padding": "x" * 66_000}}
    assert quickly(json.dumps({"batch": [padded, ORDINARY]}).encode()) is None


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"batch": []}', b'{"batch": null}', b'{"batch": [1]}', b'{"batch": [{}]', b"\xff"]
)
def test_what_is_no_batch_is_left(body: bytes) -> None:
    assert quick.read(body, ARRIVAL) is None


def test_too_many_events_are_left() -> None:
    assert quickly(json.dumps({"batch": [ORDINARY] * 2_501}).encode()) is None


def test_a_bot_s_and_a_signal_s_calls_are_left_to_the_careful_room() -> None:
    bot = ORDINARY | {"context": {"userAgent": "Googlebot/2.1"}}
    assert quickly(json.dumps({"batch": [ORDINARY, bot]}).encode()) is None
    assert carefully(json.dumps({"batch": [ORDINARY, bot]}).encode(), ARRIVAL).bots == 1
    assert quickly(json.dumps({"batch": [ORDINARY | {"event": "signal.call"}]}).encode()) is None
