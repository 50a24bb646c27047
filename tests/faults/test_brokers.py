"""Three brokers, of which one is killed under load."""

from tests.conftest import home
from tests.faults.driver import run


def test_of_three_brokers_one_may_die_under_load() -> None:
    """Events are accepted all the while: the fault itself waits for that before the broker comes back."""
    with home() as folder:
        outcome = run(folder, 6, ["lose_a_broker"], brokers=3)
    assert outcome.ok, outcome
