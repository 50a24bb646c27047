"""Sentences that a customer-success manager can read out, made of the evidence alone."""

from datetime import date

import numpy as np

from schemas.alerts import Evidence, GoneUser
from schemas.segments import EVERYONE
from streams.evaluating.world import Account

MINUS = "\N{MINUS SIGN}"
_NAMED = 3
_LIKELY = 0.5
_MANY = 1000  # account-years, more than which no history shows


def account_sentence(account: Account, evidence: Evidence) -> str:
    """What became of an account: who still comes, seen against expected, since when, who stopped, and its peers."""
    still = evidence.extra["users_still"]
    people = "person" if evidence.users_before == 1 else "people"
    what = "the product" if evidence.behavior == "*" else evidence.behavior
    use = f"{still} of {evidence.users_before} {people} still use{'s' * (still == 1)} {what}{_others(evidence)}"
    return f"{account.name}: {use}; {_seen(evidence)}. {_who(evidence.users_gone)}{_peers(evidence)}"


def hourly_sentence(account: Account, evidence: Evidence) -> str:
    """What an account did in some hours of a day, against what was due, and its peers."""
    what = "the product" if evidence.behavior == "*" else evidence.behavior
    half = (evidence.high - evidence.low) / 2
    hours, until = evidence.extra["hours"], evidence.extra["hour"]
    seen = f"{evidence.observed:,.0f} events where {evidence.expected:,.0f} ± {half:,.0f} were expected"
    when = f"in the {hours} hours to {until}:00 on {long_date(date.fromisoformat(evidence.window_to))}"
    return f"{account.name} has all but stopped using {what}: {when} we saw {seen} ({change_of(evidence.ratio)})."


def people_sentence(account: Account, evidence: Evidence) -> str:
    """Whom an account lost, how much of its use they did, who is left, and seen against expected."""
    share, still = evidence.extra["share"], evidence.extra["users_still"]
    if not evidence.users_gone:
        return f"{account.name}: nobody is missing any more; {_seen(evidence)}. {_peers(evidence)}"
    left = f"{still} of {evidence.users_before} still use{'s' * (still == 1)} the product{_others(evidence)}"
    lost = f"{_listed(evidence.users_gone, evidence.extra['users_lost'])} stopped, who did {share:.0%} of its use"
    return f"{account.name}: {lost}; {left}; {_seen(evidence)}. {_peers(evidence, begins=True)}"


def champion_sentence(account: Account, evidence: Evidence) -> str:
    """Who carried an account and stopped, since when, who is left, and seen against expected."""
    [gone], share, still = evidence.users_gone, evidence.extra["share"], evidence.extra["users_still"]
    last = long_date(date.fromisoformat(gone.last_seen))
    if gone.probability_gone < _LIKELY:
        return f"{account.name}: {gone.user} came again on {last}; {_seen(evidence)}."
    habit = f"came {gone.days_a_week:.1f} days a week and did {share:.0%} of its use"
    people = "person still uses" if still == 1 else "people still use"
    left = f"{still} other {people} the product{_others(evidence)}"
    return f"{account.name}: {gone.user}, who {habit}, was last seen on {last}; {left}; {_seen(evidence)}."


def silent_sentence(account: Account, evidence: Evidence) -> str:
    """Since when an account gives no sign of life, how often it used to, and how rare that is."""
    last, days = long_date(date.fromisoformat(evidence.extra["last_sign"])), evidence.extra["silent_days"]
    peers = _peers(evidence, begins=True)
    if not days:
        return f"{account.name}: it came back on {last}. {peers}"
    usual = f"where one used to come about every {evidence.extra['usual_gap']:.1f} days"
    years = evidence.extra["once_in_account_years"]
    often = f"once in {years:.1f}" if years < _MANY else f"less than once in {_MANY:,}"
    rare = f"such a silence is seen {often} account-years"
    return f"{account.name}: no sign of life since {last}, for {days} days, {usual}; {rare}. {peers}"


def segment_sentence(evidence: Evidence) -> str:
    """What became of a segment: how many of its accounts fell, seen against expected, since when, and the others."""
    everyone = evidence.segment == EVERYONE
    whose = "All customers" if everyone else f"Segment {evidence.segment.replace(':', ' ')}"
    below = f"{evidence.extra['accounts_below']} of {evidence.extra['accounts']} accounts do less than by themselves"
    others = "" if everyone else f" The other segments changed by {change_of(evidence.segment_factor)}."
    return f"{whose}: {below}; {_seen(evidence)}.{others}"


def _seen(evidence: Evidence) -> str:
    half = (evidence.high - evidence.low) / 2
    since, until = date.fromisoformat(evidence.since), date.fromisoformat(evidence.window_to)
    due = f"{evidence.expected:.0f} ± {half:.0f} were expected ({change_of(evidence.ratio)})"
    return (
        f"in the {evidence.window_days} days to {long_date(until)} we saw {evidence.observed:.0f} user-days where "
        f"{due}, since {long_date(since)}"
    )


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
    return f"{_listed(gone, len(gone))} stopped; "


def _listed(gone: tuple[GoneUser, ...], count: int) -> str:
    names = [user.user for user in gone[:_NAMED]]
    more = count - len(names)
    parts = [*names, f"{more} more"] if more else names
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _others(evidence: Evidence) -> str:
    others = evidence.users_active - int(evidence.extra["users_still"])
    return f", and {others} other{'s' * (others > 1)} came" if others else ""


def _peers(evidence: Evidence, begins: bool = False) -> str:
    begins = begins or not evidence.users_gone
    if evidence.segment_accounts < 1:
        return f"{'There' if begins else 'there'} is no account like it to compare with."
    like = f"accounts like it ({evidence.segment.replace(':', ' ')}, {evidence.segment_accounts} accounts)"
    start = f"A{like[1:]}" if begins else like
    return f"{start} changed by {change_of(evidence.segment_factor)}."
