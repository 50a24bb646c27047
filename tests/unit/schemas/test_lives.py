"""The life of an alert: a table of what detection, people and the calendar do in turn; and laws for any order of it."""

import os
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.alerts import AlertState, Transition
from schemas.errors import ConflictError
from schemas.lives import OVER, Belief, Standing, take

NOW = datetime(2026, 3, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=3)
(FIRED, WORSENED, RECOVERING, RELAPSED, RESOLVED, RETRACTED, ACKNOWLEDGED, SNOOZED, CLOSED, REOPENED, ASSIGNED, JUDGED,
 AWOKE, MUTED, UNMUTED) = Transition  # fmt: skip
LAW_STEPS = int(os.environ.get("LAW_STEPS", "100000"))  # a million take a minute
ENDS = (RESOLVED, CLOSED, RETRACTED)
STARTS = (FIRED, WORSENED, RELAPSED, REOPENED, AWOKE, UNMUTED)


def live(steps, standing=None):
    """Where an alert stands after steps, and those that were told. A step may be (step, until) or (step, "muted")."""
    standing, told = standing or Standing(), []
    for one in steps:
        step, more = one if isinstance(one, tuple) else (one, None)
        known = {"muted": True} if more == "muted" else {"until": more}
        standing, speaks = take(standing, step, NOW, **known)
        told += [step] if speaks else []
    return standing, told


CASES = {
    "fires and resolves": ([FIRED, RECOVERING, RESOLVED], "resolved", [FIRED, RESOLVED]),
    "worsens": ([FIRED, WORSENED], "firing", [FIRED, WORSENED]),
    "flaps, and speaks once": ([FIRED, *[RECOVERING, RELAPSED] * 5], "firing", [FIRED]),
    "acknowledged, it stays quiet and resolves": (
        [FIRED, ACKNOWLEDGED, WORSENED, RECOVERING, RELAPSED, RESOLVED],
        "resolved",
        [FIRED, ACKNOWLEDGED, RESOLVED],
    ),
    "snoozed until worse": ([FIRED, SNOOZED, RECOVERING, RELAPSED], "snoozed", [FIRED, SNOOZED]),
    "snoozed until worse, and it gets worse": ([FIRED, SNOOZED, WORSENED], "firing", [FIRED, SNOOZED, WORSENED]),
    "snoozed until a date, whatever comes": ([FIRED, (SNOOZED, LATER), WORSENED], "snoozed", [FIRED, SNOOZED]),
    "the date comes": ([FIRED, (SNOOZED, LATER), AWOKE], "firing", [FIRED, SNOOZED, AWOKE]),
    "the date comes while it recovers": ([FIRED, (SNOOZED, LATER), RECOVERING, AWOKE], "recovering", [FIRED, SNOOZED]),
    "awake, it relapses": (
        [FIRED, (SNOOZED, LATER), RECOVERING, AWOKE, RELAPSED],
        "firing",
        [FIRED, SNOOZED, RELAPSED],
    ),
    "closed by a person": ([FIRED, CLOSED], "resolved", [FIRED, CLOSED]),
    "closed, it is not resolved twice": ([FIRED, CLOSED, RECOVERING, RESOLVED], "resolved", [FIRED, CLOSED]),
    "closed, it gets worse": ([FIRED, CLOSED, WORSENED, RESOLVED], "resolved", [FIRED, CLOSED, WORSENED, RESOLVED]),
    "closed, it relapses": ([FIRED, CLOSED, RECOVERING, RELAPSED], "firing", [FIRED, CLOSED, RELAPSED]),
    "reopened": ([FIRED, CLOSED, REOPENED], "firing", [FIRED, CLOSED, REOPENED]),
    "acknowledging is taken back": ([FIRED, ACKNOWLEDGED, REOPENED], "firing", [FIRED, ACKNOWLEDGED, REOPENED]),
    "undone by late data": ([FIRED, RESOLVED, RETRACTED], "retracted", [FIRED, RESOLVED, RETRACTED]),
    "done again": ([FIRED, ACKNOWLEDGED, RETRACTED, RELAPSED], "firing", [FIRED, ACKNOWLEDGED, RETRACTED, RELAPSED]),
    "silenced, nobody is told": ([(FIRED, "muted"), (WORSENED, "muted"), RESOLVED], "resolved", []),
    "silenced when it ends, who heard of it hears the end": (
        [FIRED, (WORSENED, "muted"), (RESOLVED, "muted")],
        "resolved",
        [FIRED, RESOLVED],
    ),
    "the silence ends": ([(FIRED, "muted"), UNMUTED], "firing", [UNMUTED]),
    "the silence ends; it got worse": ([FIRED, (WORSENED, "muted"), UNMUTED], "firing", [FIRED, UNMUTED]),
    "the silence ends; nothing is new": ([FIRED, RECOVERING, (RELAPSED, "muted"), UNMUTED], "firing", [FIRED]),
    "the silence ends, and somebody is at it": ([(FIRED, "muted"), ACKNOWLEDGED, UNMUTED], "acknowledged", []),
    "given to somebody, and judged": ([FIRED, ASSIGNED, JUDGED], "firing", [FIRED]),
}  # fmt: skip


@pytest.mark.parametrize(("steps", "state", "told"), CASES.values(), ids=CASES)
def test_lives(steps, state, told):
    standing, heard = live(steps)
    assert (standing.state, heard) == (state, told)
    assert standing.sequence == len(steps)


ILLEGAL = {
    "acknowledged twice": [FIRED, ACKNOWLEDGED, ACKNOWLEDGED],
    "acknowledged when it is over": [FIRED, RESOLVED, ACKNOWLEDGED],
    "snoozed when it is retracted": [FIRED, RETRACTED, SNOOZED],
    "closed twice": [FIRED, CLOSED, CLOSED],
    "reopened, and nobody closed it": [FIRED, REOPENED],
    "reopened when what was seen is over": [FIRED, CLOSED, RESOLVED, REOPENED],
    "awoken from no sleep": [FIRED, AWOKE],
}


@pytest.mark.parametrize("steps", ILLEGAL.values(), ids=ILLEGAL)
def test_what_people_can_not_do_changes_nothing_and_says_so(steps):
    with pytest.raises(ConflictError, match=r"nothing was changed"):
        live(steps)


def test_the_moment_of_the_end_is_the_first_one():
    closed, _ = take(live([FIRED])[0], CLOSED, NOW)
    assert take(closed, RECOVERING, LATER)[0].resolved_at == NOW
    assert take(closed, WORSENED, LATER)[0].resolved_at is None


def possible(standing):
    """What can come next: detection goes its own way, people do what is legal."""
    condition = standing.condition
    if condition == AlertState.PENDING:
        return [FIRED]
    detections = {
        AlertState.FIRING: [WORSENED, RECOVERING, RESOLVED, RETRACTED],
        AlertState.RECOVERING: [RELAPSED, WORSENED, RESOLVED, RETRACTED],
        AlertState.RESOLVED: [RELAPSED, RETRACTED],
        AlertState.RETRACTED: [RELAPSED],
    }[condition]
    return [*detections, *(step for step in list(Transition)[6:] if legal(standing, step))]


def legal(standing, step):
    try:
        take(standing, step, NOW)
    except ConflictError:
        return False
    return True


def walk(choices):
    """A life as the bytes choose it: each step with where the alert stood before and after, and whether it was told."""
    standing = Standing()
    for byte in choices:
        steps = MEMO.setdefault(standing_key(standing), possible(standing))
        step, muted = steps[byte % len(steps)], byte >= 192
        after, told = take(standing, step, NOW, until=LATER if byte & 64 else None, muted=muted)
        yield standing, step, muted, after, told
        standing = after


MEMO: dict[object, list[Transition]] = {}


def standing_key(standing):
    return standing.condition, standing.handling


@settings(max_examples=LAW_STEPS // 1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(min_size=1000, max_size=1100))
def test_laws(choices):
    owed = heard = False  # whether a resolved is still to come, and whether receivers hold anything of it
    for number, (before, step, muted, after, told) in enumerate(walk(choices), 1):
        assert after.sequence == number, "no gap, no repeat"
        if told and step in STARTS:
            assert not muted, "what is silenced starts to say nothing"
            assert after.state == AlertState.FIRING, "only what burns speaks"
            owed = heard = True
        elif told and step in ENDS:
            assert heard if step == RETRACTED else owed, "no end without a beginning, none twice"
            owed, heard = False, step != RETRACTED
        elif told:
            assert owed, "nobody hears that something unheard of was taken on"
        if after.state in OVER:
            assert not owed, "a resolved follows every firing that was sent"
        if before.state == after.state == AlertState.ACKNOWLEDGED:
            assert not told, "acknowledged stays quiet"
        if before.state == AlertState.SNOOZED and step == WORSENED and before.snoozed_until is None and not muted:
            assert told, "snoozed until worse speaks again"
        if step in (RECOVERING, ASSIGNED, JUDGED, MUTED) or (step == RELAPSED and before.belief == Belief.OPEN):
            assert not told, "flapping is damped"
        if step == UNMUTED and after.state == AlertState.FIRING and not muted:
            assert owed, "what still burns when its silence ends is told"


@given(st.binary(max_size=200), st.integers(0, 200))
def test_going_on_from_what_is_stored_is_the_same(choices, at):
    whole = [(after, told) for *_, after, told in walk(choices)]
    steps = [(step, muted, byte) for (_, step, muted, *_), byte in zip(walk(choices), choices, strict=True)]
    begin = whole[at - 1][0] if 0 < at <= len(whole) else Standing()
    rest = steps[at:] if at <= len(whole) else []

    def go_on(last, one):
        step, muted, byte = one
        return take(last[0], step, NOW, until=LATER if byte & 64 else None, muted=muted)

    assert [one[0] for one in accumulate(rest, go_on, initial=(begin, False))][1:] == [one for one, _ in whole[at:]]
