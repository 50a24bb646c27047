import contextlib
from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import InvalidError
from ingest.moments import happened_at, skew_of, to_ms

NOW = 1_760_000_000_000
MOMENTS = st.one_of(st.none(), st.integers(), st.floats(), st.text(), st.datetimes().map(datetime.isoformat))


@given(MOMENTS)
def test_every_moment_lies_between_1970_and_now_or_is_refused(moment: str | float | None) -> None:
    with contextlib.suppress(InvalidError):
        assert 0 <= happened_at(moment, 0, NOW) <= NOW


@given(MOMENTS | st.lists(st.integers()) | st.booleans())
def test_a_clock_is_ahead_or_trusted(sent_at: object) -> None:
    assert skew_of(sent_at, NOW) >= 0


@given(
    st.integers(86_400, 1_750_000_000),
    st.integers(-14 * 60, 14 * 60),
    st.sampled_from(["T", " "]),
)
def test_iso_with_any_offset(seconds: int, minutes: int, between: str) -> None:
    said = datetime.fromtimestamp(seconds, timezone(timedelta(minutes=minutes))).isoformat(between)
    assert to_ms(said, 0) == seconds * 1000


def test_small_differences_are_no_wrong_clock() -> None:
    assert skew_of(NOW + 30_000, NOW) == 0
    assert skew_of(NOW + 30_001, NOW) == 30_001
    assert skew_of(NOW - 10**9, NOW) == 0
