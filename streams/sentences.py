"""Sentences that a customer-success manager can read out, made of the evidence alone."""

from datetime import date

import numpy as np

from schemas.alerts import Evidence, GoneUser
from schemas.segments import EVERYONE
from streams.evaluating.world import Account

MINUS = "\N{MINUS SIGN}"
_NAMED = 3


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
