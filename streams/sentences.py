"""Sentences that a customer-success manager can read out, made of the evidence alone."""

from datetime import date

import numpy as np

from schemas.alerts import Evidence, GoneUser
from schemas.segments import EVERYONE
from streams.evaluating.world import Account

MINUS = "\N{MINUS SIGN}"
FEW = 30  # user-days; of fewer no percentage is said
_NAMED = 3
_LIKELY = 0.5
_NOTHING = 0.1


def account_sentence(account: Account, evidence: Evidence) -> str:
    """What became of an account: who still comes, seen against expected, since when, who stopped, and its peers."""
    still = evidence.extra["users_still"]
    people = "person" if evidence.users_before == 1 else "people"
    what = "the product" if evidence.behavior == "*" else evidence.behavior
    uses = "uses" if 1 in (still, evidence.users_before) else "use"
    use = f"{still} of {evidence.users_before} {people} still {uses} {what}{_others(evidence)}"
    return f"{account.name}: {use}; {_seen(evidence)}. {_who(evidence)}{_peers(evidence)}"


def hourly_sentence(account: Account, evidence: Evidence) -> str:
    """What an account did in some hours of a day, against what was due, and its peers."""
    what = "the product" if evidence.behavior == "*" else evidence.behavior
    hours, until = evidence.extra["hours"], evidence.extra["hour"]
    when = f"in the {hours} hours to {until}:00 on {long_date(date.fromisoformat(evidence.window_to))}"
    seen = f"{evidence.observed:,.0f} events where {_due(evidence)}"
    return f"{account.name} has all but stopped using {what}: {when} we saw {seen}."


def people_sentence(account: Account, evidence: Evidence) -> str:
    """Whom an account lost, how much of its use they did, who is left, and seen against expected."""
    share, still = evidence.extra["share"], evidence.extra["users_still"]
    if not evidence.users_gone:
        return f"{account.name}: nobody is missing any more; {_counted(evidence)}. {_peers(evidence)}"
    left = f"{still} of {evidence.users_before} still use{'s' * (still == 1)} the product{_others(evidence)}"
    lost = (
        f"{_listed(evidence.users_gone, evidence.extra['users_lost'])} stopped, who did {share * 100:.0f} % of its use"
    )
    began = f"since {long_date(date.fromisoformat(evidence.since))}"
    return f"{account.name}: {began} {lost}; {left}; {_counted(evidence)}. {_peers(evidence, begins=True)}"


def champion_sentence(account: Account, evidence: Evidence) -> str:
    """Who carried an account and stopped, since when, who is left, and seen against expected."""
    [gone], share, still = evidence.users_gone, evidence.extra["share"], evidence.extra["users_still"]
    last = long_date(date.fromisoformat(gone.last_seen))
    if gone.probability_gone < _LIKELY:
        return f"{account.name}: {gone.user} came again on {last}; {_counted(evidence)}."
    habit = f"came {gone.days_a_week:.1f} days a week and did {share * 100:.0f} % of its use"
    people = "person still uses" if still == 1 else "people still use"
    left = f"{still} other {people} the product{_others(evidence)}"
    return f"{account.name}: {gone.user}, who {habit}, was last seen on {last}; {left}; {_counted(evidence)}."


def silent_sentence(account: Account, evidence: Evidence) -> str:
    """Since when an account gives no sign of life, how often it used to, and how rare that is."""
    last, days = long_date(date.fromisoformat(evidence.extra["last_sign"])), evidence.extra["silent_days"]
    peers = _peers(evidence, begins=True)
    if not days:
        return f"{account.name}: it came back on {last}. {peers}"
    usual = f"where one used to come about every {evidence.extra['usual_gap']:.1f} days"
    years = evidence.extra["once_in_account_years"]
    often = f"{'less than ' * evidence.extra['rarer_than_seen']}once in {years:,.1f}"
    rare = f"such a silence is seen {often} account-years"
    return f"{account.name}: no sign of life since {last}, for {days} days, {usual}; {rare}. {peers}"


def segment_sentence(evidence: Evidence) -> str:
    """What became of a segment: how many of its accounts fell, seen against expected, since when, and the others."""
    everyone = evidence.segment == EVERYONE
    whose = "All customers" if everyone else f"Segment {evidence.segment.replace(':', ' ')}"
    members, fallen = evidence.extra["accounts"], evidence.extra["accounts_below"]
    below = f"{fallen} of {members} accounts do less than usual; " if members else ""
    alone = everyone or not evidence.extra["peers"]["accounts"]
    return f"{whose}: {below}{_seen(evidence)}.{'' if alone else f' The other segments {_beside(evidence)}.'}"


def release_sentence(evidence: Evidence) -> str:
    """What became of a segment after a release, who stopped, and what changed without it."""
    extra = evidence.extra
    everyone = evidence.segment == EVERYONE
    who = "customers" if everyone else f"segment {evidence.segment.replace(':', ' ')}"
    below = f"{extra['accounts_below']} of {counted(extra['accounts'], 'account', 'accounts')} of {who} do less"
    without = extra["accounts_without"]
    control = (
        f"{counted(without, 'account', 'accounts')} without it changed by {change_of(evidence.segment_factor)}."
        if without
        else "no account is without it to compare with."
    )
    start = _who(evidence)
    return (
        f"After release {extra['release']} ({long_date(date.fromisoformat(extra['released_on']))}), {below}: "
        f"{extra['before_a_week']:.0f} user-days a week before, {extra['after_a_week']:.0f} after; {_seen(evidence)}. "
        f"{start}{control if start else control[0].upper() + control[1:]}"
    )


def source_sentence(evidence: Evidence, *, everything: bool) -> str:
    """What came of a source, of how much that was due, and what follows for alerts on customers."""
    what = "events come" if everything else f"{evidence.behavior} events come"
    how = "Next to no" if evidence.ratio <= _NOTHING else "Far fewer"
    days = "day" if evidence.window_days == 1 else f"{evidence.window_days} days"
    return (
        f"{how} {what} since {long_date(date.fromisoformat(evidence.since))}: in the {days} to "
        f"{long_date(date.fromisoformat(evidence.window_to))} we saw {evidence.events_observed:.0f} of about "
        f"{evidence.events_expected:.0f} events, from {evidence.extra['accounts_seen']} of about "
        f"{evidence.extra['accounts_due']} accounts a day. Data is missing, not customers: their alerts wait."
    )


def adoption_sentence(account: Account, evidence: Evidence) -> str:
    """Who uses the product, and what was declared of a behavior against what was done of it."""
    declared, seen = evidence.extra["declared"], evidence.extra["seen"]
    people = counted(evidence.extra["people"], "person", "people")
    use = f"{people} used the product in the {evidence.window_days} days to "
    rate = f"{declared['days']} day{'s' * (declared['days'] != 1)} in {declared['in_days']}"
    return (
        f"{account.name}: {use}{long_date(date.fromisoformat(evidence.window_to))}, but {evidence.behavior} was not "
        f"taken up: declared are {rate}, by {counted(declared['breadth'], 'person', 'people')}, from "
        f"{long_date(date.fromisoformat(evidence.since))} on (day {declared['due_day']} of the account's life); we saw "
        f"{counted(seen['days'], 'day', 'days')} in the best {declared['in_days']} of these days, and "
        f"{counted(seen['users'], 'person', 'people')}."
    )


def counted(number: int, one: str, more: str) -> str:
    """A number with its noun.

    >>> counted(1, "person", "people"), counted(0, "person", "people")
    ('1 person', '0 people')
    """
    return f"{number} {one if number == 1 else more}"


def _seen(evidence: Evidence) -> str:
    return f"{_counted(evidence)}, since {long_date(date.fromisoformat(evidence.since))}"


def _counted(evidence: Evidence) -> str:
    until = long_date(date.fromisoformat(evidence.window_to))
    seen = f"{evidence.observed:,.0f} user-days where {_due(evidence)}"
    return f"in the {evidence.window_days} days to {until} we saw {seen}"


def _due(evidence: Evidence) -> str:
    """What was expected, with its interval; of few, a percentage says less than they do."""
    change = f" ({change_of(evidence.ratio)})" if evidence.expected >= FEW else ""
    return f"{evidence.expected:,.0f} ({evidence.low:,.0f} to {evidence.high:,.0f}) were expected{change}"


def change_of(ratio: float) -> str:
    """A ratio as a change in percent, with the typographer's minus."""
    points = int(np.rint((ratio - 1) * 100))
    sign = MINUS if points < 0 else "+" if points else "±"
    return f"{sign}{abs(points)} %"


def long_date(day: date) -> str:
    """A day as people say it: 3 May 2026."""
    return f"{day.day} {day:%B %Y}"


def _who(evidence: Evidence) -> str:
    gone = evidence.users_gone
    return f"{_listed(gone, evidence.extra['users_stopped'])} stopped; " if gone else ""


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
        return f"{'There' if begins else 'there'} is no account like it known for long enough to compare with."
    many = counted(evidence.segment_accounts, "account", "accounts")
    like = f"accounts like it ({evidence.segment.replace(':', ' ')}, {many})"
    return f"{'A' if begins else 'a'}{like[1:]} {_beside(evidence)}."


def _beside(evidence: Evidence) -> str:
    """What others did in the same days, against the eight weeks before."""
    peers = evidence.extra["peers"]
    if peers["usual"] < FEW:
        return f"did {peers['seen']} user-days in these days where {peers['usual']:.0f} were usual"
    return f"changed by {change_of(peers['change'])}"
