"""The quick room: a batch of ordinary track calls, decoded at once and handled column by column.

It takes a batch whole or not at all, and never says why not: the careful room (`envelopes.py`, `formats.py`), which
looks at each item on its own, then reads it from the beginning. What both take, both make the same events of.
"""

from itertools import repeat
from typing import Any

import msgspec
import numpy as np

from ingest import envelopes
from ingest.envelopes import Envelope
from ingest.errors import InvalidError, Refusal
from ingest.events import BOT, IP, Arrival, Id, account_in, is_bot
from ingest.formats import Outcome
from ingest.limits import BATCH_EVENTS, DEPTH, EVENT_BYTES, TEXT
from ingest.moments import all_to_ms, skew_of
from ingest.reading import is_deeper, suspicious
from ingest.segment import Call
from ingest.shapes import Contents
from schemas.batches import PackedEvent
from schemas.events import SIGNAL_PREFIX, Kind

_decode = msgspec.json.Decoder(Envelope[Call]).decode
_NESTED = frozenset((dict, list))
_pack = msgspec.msgpack.Encoder().encode


def read(body: bytes, arrival: Arrival) -> Contents | None:
    """The events of a batch of Segment's or RudderStack's; None where anything about it is not ordinary."""
    if suspicious(body) or not _is_small(body):
        return None
    try:
        envelope = _decode(body)
        calls = envelope.batch
        if not calls or len(calls) > BATCH_EVENTS or {call.type for call in calls} != {"track"}:
            return None
        outcome = _turn(calls, envelope.sent, arrival)
    except (msgspec.DecodeError, InvalidError, ValueError, RecursionError, OverflowError):
        return None
    return None if outcome is None else Contents([], envelope.key, outcome=outcome)


def _is_small(body: bytes) -> bool:
    """Whether no item is larger than an event may be."""
    if len(body) <= EVENT_BYTES:
        return True
    try:
        _, items = envelopes.open_batch(body)
    except Refusal:
        return False
    return not items or max(map(len, items)) <= EVENT_BYTES


def _turn(calls: list[Call], sent_at: Any, arrival: Arrival) -> Outcome | None:
    ids = [call.message_id for call in calls]
    names = [call.event for call in calls]
    users = [call.anonymous_id if call.user_id is None else call.user_id for call in calls]
    accounts = [_account(call) for call in calls]
    named = [account for account in accounts if account is not None]
    if not (_are_plain(ids) and _are_plain(names) and _are_plain(users) and _are_plain(named)):
        return None
    properties = [call.properties or {} for call in calls]
    times = _times(calls, sent_at, arrival.received)
    if times is None or _is_special(names, calls) or _is_deep(properties):
        return None
    if not arrival.keep_ip:
        for one in properties:
            for key in IP:
                one.pop(key, None)
    columns = zip(ids, times, repeat(Kind.TRACK), names, accounts, users, map(_pack, properties))
    return Outcome(list(map(PackedEvent._make, columns)), [], sum(BOT in one for one in properties))


def _account(call: Call) -> Id:
    account = call.group_id
    if account is None and call.context is not None:
        account = call.context.group_id
    return account_in(call.properties) if account is None and call.properties else account


def _are_plain(texts: list[Any]) -> bool:
    """Whether all are texts that stay as they are."""
    if set(map(type, texts)) != {str}:
        return not texts
    return all(texts) and max(map(len, texts)) <= TEXT and list(map(str.strip, texts)) == texts


def _times(calls: list[Call], sent_at: Any, received: int) -> list[int] | None:
    """When each happened, by our clock."""
    moments: list[Any] = [call.original_timestamp if call.timestamp is None else call.timestamp for call in calls]
    sent = {call.sent_at for call in calls}
    if set(map(type, moments)) != {str} or len(sent) > 1:
        return None
    times = all_to_ms(moments)
    if times is None:
        return None
    (own,) = sent
    times -= skew_of(sent_at if own is None else own, received)
    return None if times.min() < 0 else np.minimum(times, received).tolist()


def _is_special(names: list[Any], calls: list[Call]) -> bool:
    """Whether a signal or a bot's event is among them."""
    agents = [call.context.user_agent for call in calls if call.context]
    distinct = {agent for agent in agents if type(agent) is str}
    return any(name.startswith(SIGNAL_PREFIX) for name in set(names)) or any(map(is_bot, distinct))


def _is_deep(properties: list[dict[str, Any]]) -> bool:
    nesting = [one for one in properties if not _NESTED.isdisjoint(map(type, one.values()))]
    return any(is_deeper(one, DEPTH - 2) for one in nesting)
