"""Fixtures and comparisons: rules are tested on small histories before anybody is told by them."""

from datetime import date
from pathlib import Path

import msgspec
import pytest

from schemas import rules as declared
from schemas.alerts import ON_ACCOUNTS
from schemas.behaviors import parse as behaviors
from schemas.errors import DefinitionError
from schemas.rules import Mode, Rule, Rules
from streams import fixtures
from streams.comparing import compare, counted
from streams.fixtures import Expected, Fixture, run

EXAMPLE = Path(declared.__file__).with_name("fixtures.example.yaml")
EXAMPLES = {one.name: one for one in fixtures.parse(EXAMPLE.read_text())}
SIX = EXAMPLES["six users become one"]


def every(mode: Mode, confirm: int = 1) -> Rules:
    """The same rule for every kind on accounts."""
    return Rules(kinds={kind.value: Rule(mode=mode, confirm=confirm) for kind in ON_ACCOUNTS})


@pytest.mark.parametrize("fixture", EXAMPLES.values(), ids=EXAMPLES)
def test_the_examples_pass(fixture: Fixture) -> None:
    result = run(fixture)
    assert (result.missing, result.unexpected) == ([], [])


def test_an_alert_that_is_missing_or_was_not_expected_fails() -> None:
    off = run(SIX, every(Mode.OFF))
    assert (len(off.missing), off.unexpected, off.passed) == (1, [], False)
    other = run(msgspec.structs.replace(SIX, expect=(Expected(kind="account.silent"),)))
    assert ([one.account for one in other.unexpected], len(other.missing)) == (["acme"], 1)


def test_a_kind_on_trial_meets_an_expectation_of_its_own_only() -> None:
    result = run(SIX, every(Mode.SHADOW))
    assert ([one.shadow for one in result.alerts], len(result.missing), result.unexpected) == ([True], 1, [])


def test_a_declared_key_behavior_is_judged_as_live() -> None:
    text = """
    fixtures:
      - name: a busy account without its key behavior
        from: 2026-01-05
        until: 2026-05-03
        accounts:
          acme:
            does:
              - {users: 4, days: mon-fri, event: opened}
              - {users: 4, days: mon-fri, event: report.shared, until: 2026-03-27}
          peer:
            copies: 5
            does: [{users: 4, days: mon-fri, event: report.shared}]
        expect:
          - {kind: behavior.dropped, account: acme, behavior: reports, from: 2026-03-30, until: 2026-04-12}
    """
    (fixture,) = fixtures.parse(text)
    assert run(fixture, declared=behaviors("behaviors: [{name: reports, events: [report.shared], key: true}]")).passed


def test_a_pause_that_nobody_was_told_of_is_a_fall() -> None:
    agreed = EXAMPLES["an agreed pause is quiet"]
    school = agreed.accounts["school"]
    untold = tuple(msgspec.structs.replace(pause, agreed=False) for pause in school.pauses)
    accounts = agreed.accounts | {"school": msgspec.structs.replace(school, pauses=untold)}
    assert [one.account for one in run(msgspec.structs.replace(agreed, accounts=accounts)).unexpected] == ["school"]


def test_without_its_mark_a_release_is_not_what_an_alert_tells_of() -> None:
    unmarked = run(msgspec.structs.replace(EXAMPLES["four users become two after a release"], releases=()))
    assert [one.kind for one in unmarked.missing] == ["release.disrupted"]


def test_traits_change_when_the_fixture_says_so() -> None:
    changing = fixtures.parse("""
    fixtures:
      - name: moving up
        from: 2026-01-05
        until: 2026-02-01
        accounts: {acme: {traits: {plan: free}, changes: {2026-01-20: {plan: pro}}, does: [{users: 1}]}}
    """)
    (one,) = changing
    assert one.accounts["acme"].changes == {date(2026, 1, 20): {"plan": "pro"}}
    assert run(one).passed


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("fixtures: 1", "one list"),
        ("fixtures: [{name: a}]", "fixture 'a'.*missing required field"),
        ("fixtures: [{name: a, from: 2026-01-05, until: 2026-01-01, accounts: {}}]", "must be after"),
        (
            "fixtures: [{name: a, from: 2026-01-05, until: 2026-02-01, accounts: {b: {does: [{days: mo}]}}}]",
            "mon-fri, mon,thu or daily",
        ),
        (
            "fixtures: [{name: a, from: 2026-01-05, until: 2026-02-01, accounts: {b: {does: [{}]}},"
            " releases: [{release: r, day: 2026-01-20, accounts: [c]}]}]",
            "release r names no account of the fixture: c",
        ),
        (
            "fixtures: [{name: a, from: 2026-01-05, until: 2026-02-01,"
            " accounts: {b: {does: [{}], pauses: [{from: 2026-01-20, agreed: true}]}}}]",
            "an agreed pause needs `from` and `until`",
        ),
    ],
)
def test_a_wrong_fixture_is_told(text: str, word: str) -> None:
    with pytest.raises(DefinitionError, match=word):
        fixtures.parse(text)


def test_what_comes_goes_and_moves() -> None:
    now = run(SIX).alerts
    later = run(SIX, every(Mode.ENABLED, confirm=3)).alerts
    moved = compare(now, later)
    assert ([pair.days for pair in moved.moved], moved.added, moved.gone, moved.same) == ([2], [], [], 0)
    assert compare(now, now).same == 1
    silent = run(SIX, every(Mode.SHADOW)).alerts
    assert [one.account for one in compare(now, silent).gone] == ["acme"]
    assert [one.account for one in compare(silent, now).added] == ["acme"]
    assert counted(now, {"acme": "plan:pro"}) == {("behavior.dropped", "plan:pro"): 1}
    assert counted(silent, {}) == {}
