"""Evidence: what a finding rests on, said truthfully; every number can be computed again from the windows.

Users before: distinct people in the 28 days before the onset. Users active: those seen from the onset on (28 days back
at most). Gone: those of before who were not seen since the onset and more likely than not will not come back, by their
own habit: with p the share of days a person came, Λ = days · -ln(1 - p) since the last visit, and odds(gone) =
μ/(μ + p) · (e^{Λ/2} - 1), μ = 1/365 (facts/detection.md).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import betainc

from schemas.alerts import Evidence, GoneUser
from streams.calendar import day_of
from streams.detectors.base import Bools, Case
from streams.evaluating.activity import Activity, behavior_of
from streams.evaluating.world import Account, World
from streams.peers import Span, compared
from streams.sentences import long_date

HABIT = 56
BEFORE = 28
CONTEXT = 150  # days of activity before the first evaluated one, so that evidence can look back
_GONE_A_DAY = 1 / 365
_LISTED = 20


class Finding(NamedTuple):
    """A detector's case with its strength; `rule` is the detector's name and version.

    `years`: account-years of history that its rarity rests on; nothing is said to be rarer than what they can show.
    """

    case: Case
    score: float
    threshold: float
    rule: tuple[str, str]
    years: float = math.inf


def evidence_of(
    world: World,
    activity: Activity,
    who: Account,
    keys: Sequence[int],
    behavior: str,
    finding: Finding,
    beside: Bools | None = None,
) -> Evidence:
    """The evidence of a finding on `who` (an account, or a segment standing for one), whose activity `keys` hold.

    `beside`: by number, the accounts that it is compared with, or is one of.
    """
    case, score, threshold, rule, years = finding
    once = 10**score / 365.25
    onset = max(case.onset, case.last - CONTEXT + HABIT)
    low, high = interval(case.expected, case.dispersion)
    before = people_of(activity, keys, onset - BEFORE, onset - 1)
    active = people_of(activity, keys, max(onset, case.last - BEFORE + 1), case.last)
    missing = before - active
    gone = gone_of(world, activity, keys[0], missing, onset, case.last) if len(keys) == 1 else ()
    peers = None
    if beside is not None:
        first = case.last - case.window + 1
        span = Span(first, case.last, min(onset, first))
        peers = compared(activity, beside, int(behavior_of(keys[0])), span, who.number)
    return Evidence(
        detector=rule[0],
        version=rule[1],
        behavior=behavior,
        since=day_of(onset).isoformat(),
        window_from=day_of(case.last - case.window + 1).isoformat(),
        window_to=day_of(case.last).isoformat(),
        window_days=case.window,
        observed=case.observed,
        expected=round(case.expected, 2),
        low=low,
        high=high,
        ratio=round(case.observed / max(case.expected, 1e-9), 4),
        events_observed=case.events_observed,
        events_expected=round(case.events_expected, 1),
        score=round(score, 2),
        threshold=round(threshold, 2),
        segment=who.segment,
        segment_factor=round(case.factor, 4),
        segment_accounts=case.peers if peers is None else peers.accounts,
        users_before=len(before),
        users_active=len(active),
        users_gone=gone[:_LISTED],
        users_still_active=tuple(sorted(world.user(user) for user in before & active)[:_LISTED]),
        smallest_visible_drop=round(1 - max(case.quiet_from - 1, 0) / max(case.expected, 1e-9), 3),
        quiet_if=f"at least {case.quiet_from:.0f} user-days in the same {case.window} days",
        next_step=next_step(who, gone, sorted(world.user(user) for user in before & active), onset),
        extra={
            "once_in_account_years": round(min(once, years), 1),
            "rarer_than_seen": once > years,
            "dispersion": round(case.dispersion, 4),
            "users_still": len(before & active),
            "users_stopped": len(gone),
            **({} if peers is None else {"peers": {**peers._asdict(), "change": round(peers.change, 4)}}),
            **case.extra,
        },
    )


def people_of(activity: Activity, keys: Sequence[int], first: int, last: int) -> set[int]:
    """Who did any of `keys` from day `first` to `last`."""
    return {user for key in keys for user in activity.presences(key, first, last)[1].tolist()}


def interval(expected: float, dispersion: float) -> tuple[float, float]:
    """The 95 % interval of a negative binomial with that mean and dispersion.

    >>> interval(52, 0.01)
    (36.0, 70.0)
    """
    size, expected = 1 / max(dispersion, 1e-6), max(expected, 1e-9)
    most = expected + 12 * math.sqrt(expected + dispersion * expected**2) + 12
    chance = betainc(size, np.arange(int(most)) + 1.0, size / (size + expected))
    low, high = np.searchsorted(chance, [0.025, 0.975])
    return float(low), float(high)


def probability_gone(days_away: int, share_of_days: float) -> float:
    """How likely it is that a person who came on that share of days is gone for good.

    >>> round(probability_gone(14, 5 / 7), 2), round(probability_gone(14, 1 / 7), 2)
    (0.96, 0.04)
    """
    evidence = -days_away * math.log1p(-min(share_of_days, 0.99))
    odds = _GONE_A_DAY / (_GONE_A_DAY + share_of_days) * math.expm1(min(evidence / 2, 500))
    return 1 / (1 + 1 / odds) if odds else 0.0  # grows with the odds to the last digit


def gone_of(
    world: World, activity: Activity, key: int, missing: set[int], onset: int, last: int
) -> tuple[GoneUser, ...]:
    """Those of `missing` who, by their own habit with a key before `onset`, more likely than not will not come back."""
    days, users = activity.presences(key, onset - HABIT, onset - 1)
    span = onset - max(onset - HABIT, int(days.min()) if len(days) else onset)
    found = []
    for user in missing:
        mine = days[users == user]
        share = len(mine) / max(span, 1)
        chance = probability_gone(last - int(mine.max()), share)
        if chance >= 0.5:
            seen = day_of(int(mine.max())).isoformat()
            found.append(GoneUser(world.user(user), seen, round(7 * share, 1), round(chance, 3)))
    return tuple(sorted(found, key=lambda user: (-user.days_a_week, user.user)))


def next_step(account: Account, gone: tuple[GoneUser, ...], still: list[str], onset: int) -> str:
    """What a customer-success manager can do about it today."""
    when = f"around {long_date(day_of(onset))}"
    if gone and still:
        return f"Ask {still[0]}, who still uses it, what changed {when}; then call {gone[0].user}."
    if gone:
        return f"Call {gone[0].user} and ask what changed {when}."
    return f"Ask {account.name} what changed {when}."
