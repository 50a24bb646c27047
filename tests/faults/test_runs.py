"""Three short runs of three faults each, and what happens when the account is wrong."""

from pathlib import Path

import pytest

from deploy.local.stack import Stack
from tests.conftest import home
from tests.faults import driver
from tests.faults.driver import Outcome, plan, run
from tests.faults.faults import FAULTS

# Long faults (freezing, scaling, importing) are left to `make faults`.
RUNS = {
    1: ("kill_worker", "poison", "add_partitions"),
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


def test_a_run_follows_from_its_seed() -> None:
    every = plan(5, len(FAULTS))
    assert every == plan(5, len(FAULTS)) != plan(6, len(FAULTS))
    assert sorted(every) == sorted(FAULTS)


def test_an_altered_ledger_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: an id that was never sent has been lost, and an event that nobody sent has been counted."""

    def forged(stack: Stack, target: object, client: object, ledger: Path, *_: object) -> tuple[Outcome, ...]:
        found = []
        lines = ledger.read_text().splitlines(keepends=True)
        for altered in ([*lines, '{"id": "never sent"}\n'], lines[1:]):
            ledger.write_text("".join(altered))
            found.append(honest(stack, target, client, ledger, 4, []))
        return tuple(found)

    honest = driver.settle
    monkeypatch.setattr(driver, "settle", forged)
    with home() as folder:
        one_more, one_less = run(folder, 4, ())  # type: ignore[misc]
    assert (one_more.ok, one_more.lost, one_more.report.missing_from_topics) == (False, 1, 1)
    assert (one_less.ok, one_less.lost, one_less.doubled) == (False, 0, 1)
