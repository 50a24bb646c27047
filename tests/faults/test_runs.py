"""Three short runs of three faults each, and what happens when the account is wrong."""

import pytest

from tests.conftest import home
from tests.faults.driver import break_and_settle, plan, product, run, settle
from tests.faults.faults import FAULTS, OF_SMALL_DISKS

# Long faults (freezing, scaling, importing, adding partitions) are left to `make faults`.
RUNS = {
    2: ("kill_kafka", "days_late", "kill_collector"),
    3: ("kill_database", "future_dated", "kill_worker_under_skew"),
}


@pytest.mark.parametrize("seed", RUNS)
def test_nothing_is_lost_and_nothing_doubled(seed: int) -> None:
    with home() as folder:
        outcome = run(folder, seed, RUNS[seed])
    assert outcome.ok, outcome
    assert outcome.acked > 0
    assert outcome.report.duplicates > 0


def test_nothing_is_lost_and_an_altered_ledger_is_noticed() -> None:
    """The control: an id that was never sent has been lost, and an event that nobody sent has been counted."""
    with home() as folder, product(folder, seed=1) as target:
        ledger = target.ledger
        outcome = break_and_settle(target, 1, ("kill_worker", "poison", "kill_api"))
        assert outcome.ok, outcome
        lines = ledger.read_text().splitlines(keepends=True)
        ledger.write_text("".join([*lines, '{"id": "never sent", "account": "a1", "hour": "2026-01-01T00"}\n']))
        one_more = settle(target, 1)
        ledger.write_text("".join(lines[1:]))
        one_less = settle(target, 1)
    assert (one_more.ok, one_more.lost, one_more.report.missing_from_topics) == (False, 1, 1)
    assert (one_less.ok, one_less.lost, one_less.doubled) == (False, 0, 1)


def test_a_run_follows_from_its_seed() -> None:
    many = len(FAULTS) - len(OF_SMALL_DISKS)
    every = plan(5, many, brokers=3)
    assert every == plan(5, many, brokers=3) != plan(6, many, brokers=3)
    assert set(every) == FAULTS.keys() - OF_SMALL_DISKS
