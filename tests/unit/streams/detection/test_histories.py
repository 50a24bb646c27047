"""Facts as of then: spells say for every day what a look at that day alone would say."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from streams.evaluating.histories import Fact, Judged, spells, traits_at

START = datetime(2026, 1, 1, tzinfo=UTC)


def moment(day):
    return START + timedelta(days=day)


facts = st.lists(
    st.builds(
        lambda traits, valid, recorded: Fact(traits, moment(valid), moment(recorded)),
        st.dictionaries(st.sampled_from(["plan", "region"]), st.sampled_from(["a", "b", None]), min_size=1),
        st.integers(-5, 25),
        st.integers(-5, 25),
    ),
    max_size=6,
).map(lambda found: sorted(found, key=lambda fact: fact.valid_from))


@given(facts, st.lists(st.none() | st.integers(-5, 25).map(moment), min_size=1, max_size=20))
def test_spells_are_what_each_day_says(found, known):
    ends = [moment(day + 1) for day in range(len(known))]
    spelled = spells(found, ends, known)
    for day, end in enumerate(ends):
        [traits] = [traits for begin, traits in spelled if begin <= day][-1:]
        assert traits == traits_at(found, end, known[day])


def test_a_day_was_judged_when_the_first_evaluation_covered_it():
    judged = Judged([(moment(3), moment(20)), (moment(5), moment(10)), (moment(6), moment(30))], {4})
    assert [judged.first(day, moment(day + 1)) for day in range(1, 7)] == [
        moment(10), moment(10), moment(10), None, moment(30), None,
    ]  # fmt: skip
