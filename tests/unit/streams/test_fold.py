"""The vectorized fold against a naive one."""

from collections import defaultdict
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.database.copying import windows_data
from streams.fold import Rows, Stream, fold

STREAMS = [Stream(1, 0, 0), Stream(1, 0, 1), Stream(2, 1, 0)]
ROW = st.tuples(
    st.integers(0, 2),
    st.sampled_from([1, 2, 3, 2**31 - 1]),
    st.sampled_from([0, 1, 200]),
    st.sampled_from([0, 480_000, 480_001, 1_100_000]),
    st.sampled_from([0, 1, 2, 2**32 - 1]),
    st.integers(0, 5),
    st.integers(0, 2**64 - 1),
)


def naive(rows: list[tuple[int, ...]]) -> dict[Any, Any]:
    """A dict of sets."""
    found: dict[Any, Any] = defaultdict(lambda: [0, 0.0, 0, set()])
    for stream, account, behavior, hour, user, value, low in rows:
        entry = found[(STREAMS[stream], account, behavior, hour)]
        entry[0] += 1
        entry[1] += value
        entry[2] = (entry[2] + low) % 2**64
        if user:
            entry[3].add(user)
    return dict(found)


@given(st.lists(ROW, min_size=1, max_size=60))
def test_equals_a_dict_of_sets(rows: list[tuple[int, ...]]) -> None:
    names = ("stream", "account", "behavior", "hour", "user", "value")
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    deltas = fold(Rows.of(**columns, id_low=np.array([row[6] for row in rows], np.uint64)), STREAMS)
    found = {
        (
            Stream(int(deltas.workspace[i]), int(deltas.topic[i]), int(deltas.partition[i])),
            int(deltas.account[i]),
            int(deltas.behavior[i]),
            int(deltas.hour[i]),
        ): [
            int(deltas.events[i]),
            float(deltas.value[i]),
            int(deltas.id_sum[i]) % 2**64,
            set(deltas.users_of(i).tolist()),
        ]
        for i in range(len(deltas))
    }
    assert found == naive(rows)
    for i in range(len(deltas)):
        assert (np.diff(deltas.users_of(i).astype(np.int64)) > 0).all()


def test_many_distinct_keys_are_packed_by_rank() -> None:
    chosen = np.random.default_rng(3)
    n = 5000
    rows = {
        "stream": chosen.integers(0, 3, n),
        "account": chosen.integers(1, 2**31 - 1, n),
        "behavior": chosen.integers(0, 2**20, n),
        "hour": chosen.integers(0, 1_100_000, n),
        "user": chosen.integers(1, 2**32 - 1, n),
    }
    deltas = fold(Rows.of(**rows), STREAMS)
    assert len(deltas) == n
    assert deltas.events.sum() == n
    assert set(deltas.users.tolist()) == set(rows["user"].tolist())


def test_copy_data_ends_where_it_should() -> None:
    data = windows_data(fold(Rows.of(stream=[0], account=[1], behavior=[0], hour=[5], user=[7]), STREAMS))
    assert data.startswith(b"PGCOPY\n\xff\r\n\0")
    assert data.endswith(b"a\x07\0\0\0\xff\xff")
