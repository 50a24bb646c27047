"""Replaying a workspace's own windows: the same rules give the same alerts; others say what they would change."""

from contextlib import contextmanager

import pytest
from sqlalchemy import text

from schemas.alerts import ON_ACCOUNTS
from schemas.errors import NotFoundError
from schemas.rules import BUILT_IN, Mode, Rule, Rules
from streams.comparing import compare
from streams.replaying import replay


@pytest.fixture
def reading(engine):
    """Transactions that can't write."""

    @contextmanager
    def read():
        with engine.begin() as connection:
            connection.execute(text("SET TRANSACTION READ ONLY"))
            yield connection

    return read


def test_the_same_rules_replay_to_the_same_alerts(six_users, reading):
    six_users.live(60, 112)
    [told] = six_users.alerts
    [alert] = replay(reading, six_users.number, BUILT_IN).alerts
    assert (alert.account, alert.kind, alert.fired_at) == ("acme", told["kind"], told["fired_at"].isoformat())


def test_other_rules_say_what_they_would_change(six_users, reading):
    six_users.evaluate(112)
    later, off = (
        Rules(kinds={kind.value: rule for kind in ON_ACCOUNTS}) for rule in (Rule(confirm=4), Rule(mode=Mode.OFF))
    )
    runs = [replay(reading, six_users.number, rules).alerts for rules in (BUILT_IN, later, off)]
    assert [pair.days for pair in compare(runs[0], runs[1]).moved] == [3]
    assert [alert.account for alert in compare(runs[0], runs[2]).gone] == ["acme"]


def test_before_the_first_day_is_closed_there_is_nothing_to_replay(scene, reading):
    with pytest.raises(NotFoundError, match="evaluated yet"):
        replay(reading, scene.number, BUILT_IN)
