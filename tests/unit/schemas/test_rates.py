from hypothesis import given
from hypothesis import strategies as st

from schemas.keys import Key
from schemas.rates import SECONDS_HELD, Rates


def key(number: int, per_second: float | None = None) -> Key:
    return Key(number, 1, "k", "", b"", frozenset(), per_second)


def test_each_key_has_a_rate_of_its_own() -> None:
    rates = Rates(default=10)
    rates.take(key(1), 1_000, now=0)
    rates.take(key(3, per_second=1_000), 1_000, now=0)
    assert [rates.wait(one, now=0) for one in (key(1), key(2), key(3, 1_000))] == [90, 0, 0]


def test_no_limit_is_no_limit() -> None:
    rates = Rates(default=0)
    rates.take(key(1), 10**9, now=0)
    rates.take(key(2, per_second=1), 100, now=0)
    assert (rates.wait(key(1), now=0), rates.wait(key(2, 1), now=0)) == (0, 90)


Requests = st.lists(st.tuples(st.floats(0, 5), st.integers(1, 200)), max_size=60)


@given(Requests, st.floats(0.1, 100))
def test_no_more_gets_through_than_the_rate_the_bucket_and_one_request(
    requests: list[tuple[float, int]], rate: float
) -> None:
    rates, one, now, taken = Rates(rate), key(1), 0.0, 0
    for pause, cost in requests:
        now += pause
        if not rates.wait(one, now):
            rates.take(one, cost, now)
            taken += cost
    assert taken <= rate * (now + SECONDS_HELD) + 200 + 1e-6


@given(Requests, st.floats(0.1, 100))
def test_who_waits_as_long_as_told_may_go_on(requests: list[tuple[float, int]], rate: float) -> None:
    rates, one, now = Rates(rate), key(1), 0.0
    for pause, cost in requests:
        now += pause
        now += rates.wait(one, now)
        assert rates.wait(one, now) <= 1  # of rounding
        rates.take(one, cost, now)
