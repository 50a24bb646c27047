import contextlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import envelopes, formats, reading
from ingest.errors import InvalidError, Refusal
from ingest.events import Arrival
from ingest.formats import Format
from schemas.batches import decode, encode_packed, pack

ARRIVAL = Arrival(received=1_760_000_000_000)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
SEGMENT = ["type", "event", "name", "userId", "anonymousId", "groupId", "messageId", "timestamp", "context", "traits"]
OTHERS = ["properties", "distinct_id", "uuid", "time", "account", "user", "behavior", "id"]
FIELDS = st.sampled_from([*SEGMENT, *OTHERS])
EVENTS = st.dictionaries(FIELDS, JSON | st.sampled_from(["track", "page", "group", "identify"]), max_size=8)


def read(raw: bytes, kind: Format = Format.SEGMENT) -> formats.Outcome:
    return formats.read_all([raw], formats.reader(kind, ARRIVAL, 0, reading.suspicious(raw)))


@given(EVENTS, st.sampled_from(Format))
def test_any_json_is_an_event_that_can_be_stored_or_is_refused(event: dict[str, object], kind: Format) -> None:
    outcome = read(json.dumps(event).encode(), kind)
    assert len(outcome.events) + len(outcome.refused) == 1
    batch = decode(encode_packed(1, ARRIVAL.received, "test", outcome.events, [0] * len(outcome.events)))
    assert [pack(batch.event(i)) for i in range(len(batch))] == outcome.events


@given(st.binary(max_size=200), st.sampled_from(Format))
def test_any_bytes_are_refused_or_read(raw: bytes, kind: Format) -> None:
    outcome = read(raw, kind)
    assert len(outcome.events) + len(outcome.refused) == 1


@pytest.mark.parametrize(
    ("code", "raw"),
    [
        ("number_out_of_range", b'{"type": "track", "event": "a", "userId": "u", "properties": {"n": %d}}' % 2**64),
        ("nul_character", rb'{"userId": "a\u0000"}'),
        ("nul_character", rb'{"context": {"ignored": "a\\\u0000"}}'),
        ("nul_character", b'{"userId": "a\0"}'),
        ("lone_surrogate", rb'{"userId": "\ud800"}'),
        ("lone_surrogate", rb'{"userId": "\ude00\ud83d"}'),
        ("lone_surrogate", rb'{"context": {"ignored": "\udfff"}}'),
        ("invalid_utf8", b'{"userId": "\xff"}'),
        ("invalid_utf8", b'{"context": {"ignored": "\xed\xa0\x80"}}'),
        ("not_finite", b'{"properties": {"a": NaN}}'),
        ("not_finite", b'{"properties": {"a": -Infinity}}'),
        ("number_out_of_range", b'{"properties": {"a": 1e400}}'),
        ("number_out_of_range", b'{"properties": {"a": ' + b"9" * 5000 + b"}}"),
        (
            "too_deep",
            b'{"type": "track", "event": "a", "userId": "u", "properties": ' + b'{"a":' * 32 + b"1" + b"}" * 33,
        ),
        ("too_deep", b'{"properties": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001),
        ("too_deep", b'{"context": {"ignored": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_002),
        ("event_too_large", b'{"event": "' + b"a" * 65_536 + b'"}'),
        ("wrong_type", b'{"userId": true}'),
        ("wrong_type", b"[1]"),
        ("invalid_json", b'{"userId": "a"'),
        ("invalid_json", b""),
    ],
)
def test_hostile_events(code: str, raw: bytes) -> None:
    assert [refused.code for refused in read(raw).refused] == [code]


def test_what_only_looks_hostile_is_taken() -> None:
    event = rb'{"type": "track", "event": "\\u0000 NaN \ud83d\ude00 [[[{{{", "userId": "\u00e9"}'
    assert read(event).events[0].name == "\\u0000 NaN \N{GRINNING FACE} [[[{{{"


def test_the_field_is_named() -> None:
    with pytest.raises(InvalidError) as error:
        reading.read(b'{"a": 1}', msgspec.json.Decoder(dict[str, str]).decode, careful=False)
    assert "[...]" in error.value.field


ITEM = st.sampled_from(
    [b"1", b'"a,]}"', b'{"a": [1, {"b": "}"}]}', b'{"a": NaN}', b"[" * 10_000 + b"]" * 10_000, b"null", b'"\\""']
)


@given(st.lists(ITEM, min_size=1, max_size=5), st.booleans())
def test_a_broken_item_leaves_its_neighbors_whole(items: list[bytes], bare: bool) -> None:
    joined = b"[" + b" , ".join(items) + b"]"
    body = joined if bare else b'{"x": [[1]], "batch": ' + joined + b', "writeKey": "k"}'
    envelope, found = envelopes.open_batch(body)
    assert found == items
    assert bare or envelope.key == "k"


@given(st.binary(max_size=100) | st.text(alphabet='{}[],":batch1', max_size=60).map(str.encode))
def test_any_body_is_a_batch_or_refused(body: bytes) -> None:
    with contextlib.suppress(Refusal):
        envelopes.open_batch(body)
