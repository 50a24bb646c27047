from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import InvalidError
from ingest.moments import happened_at, skew_of, to_ms

NOW = 1_760_000_000_000
MOMENTS = st.one_of(st.none(), st.integers(), st.floats(), st.text(), st.datetimes().map(datetime.isoformat))


@given(MOMENTS)
def test_every_moment_lies_between_1970_and_now_or_is_refused(moment: str | float | None) -> None:
    try:
        at = happened_at(moment, 0, NOW)
    except InvalidError as error:
        assert error.code in ("time_invalid", "time_out_of_range")
    else:
        assert 0 <= at <= NOW


@given(MOMENTS | st.lists(st.integers()) | st.booleans())
def test_a_clock_is_ahead_or_trusted(sent_at: object) -> None:
    assert skew_of(sent_at, NOW) >= 0


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2025, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
    st.sampled_from(["T", " "]),
)
def test_iso_with_any_offset(naive: datetime, minutes: int, between: str) -> None:
    at = naive.replace(tzinfo=UTC)
    said = at.astimezone(timezone(timedelta(minutes=minutes))).isoformat(between)
    assert abs(to_ms(said, 0) - at.timestamp() * 1000) <= 1


def test_small_differences_are_no_wrong_clock() -> None:
    assert skew_of(NOW + 30_000, NOW) == 0
    assert skew_of(NOW + 30_001, NOW) == 30_001
    assert skew_of(NOW - 10**9, NOW) == 0
