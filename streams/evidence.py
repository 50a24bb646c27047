"""Evidence: what a finding rests on, said truthfully; every number can be computed again from the windows.

Users before: distinct people in the 28 days before the onset. Users active: those seen from the onset on (28 days back
at most). Gone: those of before who were not seen since the onset and more likely than not will not come back, by their
own habit: with p the share of days a person came, Λ = days · -ln(1 - p) since the last visit, and odds(gone) =
μ/(μ + p) · (e^{Λ/2} - 1), μ = 1/365 (facts/detection.md).
"""

import math
from datetime import date

import numpy as np
from scipy.special import betainc

from schemas.alerts import AlertKind, Evidence, GoneUser, Subject
from streams.calendar import day_of
from streams.detectors.base import Case
from streams.evaluating.activity import Activity, account_of, behavior_of
from streams.evaluating.world import Account, World

HABIT = 56
BEFORE = 28
CONTEXT = 150  # days of activity before the first evaluated one, so that evidence can look back
_GONE_A_DAY = 1 / 365
_NAMED = 3
MINUS = "\N{MINUS SIGN}"


def evidence_of(
    world: World, activity: Activity, key: int, case: Case, score: float, threshold: float, rule: tuple[str, str]
) -> Evidence:
    """The evidence of a key's case; `rule` is the detector's name and version."""
    account = world.accounts[int(account_of(key))]
    onset = max(case.onset, case.last - CONTEXT + HABIT)
    low, high = interval(case.expected, case.dispersion)
    before = set(activity.presences(key, onset - BEFORE, onset - 1)[1].tolist())
    active = set(activity.presences(key, max(onset, case.last - BEFORE + 1), case.last)[1].tolist())
    gone = _gone(world, activity, key, before - active, onset, case.last)
    return Evidence(
        detector=rule[0],
        version=rule[1],
        behavior=world.behaviors[int(behavior_of(key))],
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
        segment=account.segment,
        segment_factor=round(case.factor, 4),
        segment_accounts=case.peers,
        users_before=len(before),
        users_active=len(active),
        users_gone=gone,
        users_still_active=tuple(sorted(world.user(user) for user in before & active)[:20]),
        smallest_visible_drop=round(1 - max(case.quiet_from - 1, 0) / max(case.expected, 1e-9), 3),
        quiet_if=f"at least {case.quiet_from:.0f} user-days in the same {case.window} days",
        next_step=next_step(account, gone, sorted(world.user(user) for user in before & active), onset),
        extra={
            "once_in_account_years": round(10**score / 365.25, 1),
            "dispersion": round(case.dispersion, 4),
            "users_still": len(before & active),
        },
    )


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
    return odds / (1 + odds)


def _gone(world: World, activity: Activity, key: int, missing: set[int], onset: int, last: int) -> tuple[GoneUser, ...]:
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
    return tuple(sorted(found, key=lambda user: (-user.days_a_week, user.user))[:20])


def next_step(account: Account, gone: tuple[GoneUser, ...], still: list[str], onset: int) -> str:
    """What a customer-success manager can do about it today."""
    when = f"around {long_date(day_of(onset))}"
    if gone and still:
        return f"Ask {still[0]}, who still uses it, what changed {when}; then call {gone[0].user}."
    if gone:
        return f"Call {gone[0].user} and ask what changed {when}."
    return f"Ask {account.name} what changed {when}."


def sentence_of(account: Account, evidence: Evidence) -> str:
    """One sentence that a customer-success manager can read out, made of the evidence alone."""
    still = evidence.extra["users_still"]
    people = "person" if evidence.users_before == 1 else "people"
    what = "the product" if evidence.behavior == "*" else evidence.behavior
    half = (evidence.high - evidence.low) / 2
    since, until = date.fromisoformat(evidence.since), date.fromisoformat(evidence.window_to)
    use = f"{still} of {evidence.users_before} {people} still use{'s' * (still == 1)} {what}{_others(evidence)}"
    return (
        f"{account.name}: {use}; in the {evidence.window_days} days to {long_date(until)} we saw "
        f"{evidence.observed:.0f} user-days where {evidence.expected:.0f} ± {half:.0f} were expected ({change_of(evidence.ratio)}), since {long_date(since)}. "
        f"{_who(evidence.users_gone)}{_peers(evidence)}"
    )


def subject_of(world: World, key: int) -> Subject:
    """What an alert on a key is about."""
    account, behavior = int(account_of(key)), int(behavior_of(key))
    kind = AlertKind.BEHAVIOR_DROPPED
    return Subject(kind=kind, account=world.accounts[account].account, behavior=world.behaviors[behavior])


def change_of(ratio: float) -> str:
    """A ratio as a change in percent, with the typographer's minus."""
    percent = int(np.rint((ratio - 1) * 100))
    sign = MINUS if percent < 0 else "+" if percent else "±"
    return f"{sign}{abs(percent)} %"


def long_date(day: date) -> str:
    """A day as people say it: 3 May 2026."""
    return f"{day.day} {day:%B %Y}"


def _who(gone: tuple[GoneUser, ...]) -> str:
    if not gone:
        return ""
    names = [user.user for user in gone[:_NAMED]]
    more = len(gone) - len(names)
    parts = [*names, f"{more} more"] if more else names
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"{listed} stopped; "


def _others(evidence: Evidence) -> str:
    others = evidence.users_active - int(evidence.extra["users_still"])
    return f", and {others} other{'s' * (others > 1)} came" if others else ""


def _peers(evidence: Evidence) -> str:
    if evidence.segment_accounts < 1:
        return f"there {'is' if evidence.users_gone else 'Is'} no account like it to compare with."
    like = f"accounts like it ({evidence.segment.replace(':', ' ')}, {evidence.segment_accounts} accounts)"
    start = like if evidence.users_gone else like.capitalize()
    return f"{start} changed by {change_of(evidence.segment_factor)}."
