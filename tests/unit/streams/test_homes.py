"""Every event is counted in its slot's home, however often slots are dealt anew on its way there."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.batches import decode, encode_packed, pack
from schemas.database.partitions import Position
from schemas.events import UsageEvent
from streams.dedupe import Dedupe, no_database
from streams.folding.definitions import Names
from streams.folding.gathering import learn_and_gather
from streams.folding.homes import come_home, sort_out
from streams.folding.novelty import novel
from streams.folding.numbers import Numbers
from streams.folding.partitions import Partition
from streams.folding.records import Record

NOON = 1_760_000_000_000


def record(offset: int, slots: list[int], partition: int = 0) -> tuple[Record, bytes]:
    events = [UsageEvent(id=f"{offset}-{i}", time=NOON, name="n", account="a") for i in range(len(slots))]
    value = encode_packed(1, NOON, "t", [pack(event) for event in events], slots)
    return Record(0, partition, offset, decode(value)), value


SLOTS = st.lists(st.integers(0, 1023), max_size=20)
LAYOUTS = st.lists(st.integers(1, 9), min_size=1, max_size=4).map(sorted)


@given(st.lists(SLOTS, max_size=4), LAYOUTS)
def test_every_event_comes_home_once(slots: list[list[int]], layouts: list[int]) -> None:
    made = [record(offset, of) for offset, of in enumerate(slots)]
    values = {one.offset: value for one, value in made}
    kept, strays = sort_out([one for one, _ in made], values, 0, layouts[0])
    at_home = [(0, one, layouts[0]) for one in kept]
    for layout in layouts[1:]:
        arrived = [come_home(stray, layout) for stray in strays]
        at_home += [(one.home, one, layout) for one, _ in arrived if one.size]
        strays = [further for _, others in arrived for further in others]
    last = [come_home(stray, layouts[-1]) for stray in strays]
    assert not [further for _, others in last for further in others]
    at_home += [(one.home, one, layouts[-1]) for one, _ in last if one.size]
    met = []
    for home, one, layout in at_home:
        mine = np.flatnonzero(np.ones(len(one.batch), bool) if one.mine is None else one.mine)
        assert (one.batch.slots[mine] % layout == home).all()
        met += [one.batch.message_ids()[i] for i in mine]
    assert sorted(met) == sorted(f"{offset}-{i}" for offset, of in enumerate(slots) for i in range(len(of)))


def test_only_what_is_at_home_is_remembered() -> None:
    here, value = record(4, [0, 1, 2, 3])
    (mine,), strays = sort_out([here], {4: value}, 0, 2)
    whole, _ = record(5, [0, 2])
    held = {(0, 0): Partition(0, 0, Position(0, None, 2, 0), Dedupe(100, no_database))}
    numbers = Numbers(lambda _, strings: dict.fromkeys(strings, 1))
    gathered = learn_and_gather([mine, whole, mine], numbers, numbers, Names(lambda *_: {}))
    new, rows = novel(gathered, held, NOON)
    assert new.tolist() == [True, False, True, False, True, True] + [False] * 4
    assert sum(len(row.ids) for row in rows) == 16 * 4
    assert [(stray.home, stray.offset) for stray in strays] == [(1, 4)]
