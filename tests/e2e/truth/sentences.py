"""Sentences of alerts held against the record, kind by kind: for every number of it, where it comes from."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from tests.e2e.truth.claims import (
    BEFORE,
    DAY,
    HABIT,
    Alert,
    Said,
    Untrue,
    about,
    beside,
    counted,
    listed,
    lives,
    named,
    peers,
    points,
    share_of,
    stays,
    stopped,
)
from tests.e2e.truth.patterns import parse
from tests.e2e.truth.record import Record

_CLAIMS = ("fired", "worsened", "relapsed")


def untruths(record: Record, alert: Alert, sentence: str | None = None) -> list[Untrue]:
    """All that an alert's sentence says and the record does not; `sentence`: another one in its place."""
    match = parse(alert["kind"], alert["sentence"] if sentence is None else sentence)
    if match is None:
        return [Untrue("sentence", sentence or alert["sentence"], "no pattern of its kind")]
    said = Said(record, alert, match.groupdict())
    return [one for one in (*_dated(said), *_CHECKS[alert["kind"]](said)) if one.said != one.found]


def _dated(said: Said) -> Iterator[Untrue]:
    """The last day it tells of is the one whose end brought the claim."""
    if said.parts.get("to") is None:
        return
    zone = said.record.customers[said.account].zone if said.alert["account"] else UTC
    claims = [step for step in said.alert["transitions"] if step["transition"] in _CLAIMS]
    ends = {(datetime.fromisoformat(step["at"]) - timedelta(hours=1)).astimezone(zone).date() for step in claims}
    yield Untrue("the day of the claim", True, said.day("to") in ends)


def _of_account(said: Said) -> Iterator[Untrue]:
    """Who still comes, of whom; who stopped; seen against expected; and the peers."""
    yield from named(said)
    yield from counted(said, [said.account])
    first, since, last = said.day("since") - BEFORE, said.day("since"), said.day("to")
    before = said.record.people([said.account], first, since - DAY, said.behavior)
    active = said.record.people([said.account], max(since, last - BEFORE + DAY), last, said.behavior)
    yield Untrue("people before", said.number("before"), len(before))
    yield Untrue("people still there", said.number("still"), len(before & active))
    yield Untrue("others", said.number("others"), len(active - before))
    yield from stopped(said, before - active)
    yield from peers(said)


def _of_people(said: Said) -> Iterator[Untrue]:
    """Who was lost and what they did of it; who is left; seen against expected; and the peers."""
    yield from named(said)
    yield from counted(said, [said.account])
    record, since, last = said.record, said.day("since"), said.day("to")
    lost = [user["user"] for user in said.alert["evidence"]["users_gone"]]
    before = record.people([said.account], since - BEFORE, since - DAY)
    active = record.people([said.account], max(since, last - BEFORE + DAY), last) - set(lost)
    yield Untrue("people before", said.number("before"), len(before))
    yield Untrue("people still there", said.number("still"), len(before & active))
    yield Untrue("others", said.number("others"), len(active - before))
    yield from listed(said, lost)
    away = {user: [day for day in record.visits(said.account, user) if day <= last][-1] for user in lost}
    yield Untrue("since", since, min(away.values()) + DAY)
    yield Untrue("people who came of late", [], [user for user, seen in away.items() if last - seen < 7 * DAY])
    yield from share_of(said, lost, since)
    yield from peers(said)


def _of_champion(said: Said) -> Iterator[Untrue]:
    """Who carried it, and since when that is over."""
    yield from named(said)
    yield from counted(said, [said.account])
    record, user, to = said.record, said.parts["user"], said.day("to")
    visits = [day for day in record.visits(said.account, user) if day <= to]
    yield Untrue("champion", user, said.alert["user"])
    yield Untrue("last seen", said.day("last"), visits[-1] if visits else None)
    since = said.day("last") + DAY
    habit = len([day for day in visits if day > said.day("last") - HABIT]) / 8
    yield about("days a week", float(said.parts["habit"]), habit, 0.35)
    before = record.people([said.account], since - BEFORE, since - DAY)
    active = record.people([said.account], max(since, to - BEFORE + DAY), to) - {user}
    yield Untrue("others still there", said.number("left"), len(before & active))
    yield Untrue("newcomers", said.number("others"), len(active - before))
    yield from share_of(said, [user], since)


def _of_silence(said: Said) -> Iterator[Untrue]:
    """Since when nobody came, and how often somebody used to."""
    yield from named(said)
    to = date.fromisoformat(said.alert["evidence"]["window_to"])
    days = sorted(day for day in said.record.days(said.account) if day <= to)
    yield Untrue("last sign of life", said.day("last"), days[-1] if days else None)
    yield Untrue("days of silence", said.number("silent"), (to - said.day("last")).days)
    gaps = [(later - earlier).days for earlier, later in pairwise(days[-30:])]
    yield about("usual gap", float(said.parts["gap"]), sum(gaps) / max(len(gaps), 1), 0.5)
    yield Untrue(
        "rarity",
        float("".join(c for c in said.parts["rare"] if c in "0123456789.")),
        said.alert["evidence"]["extra"]["once_in_account_years"],
    )
    yield from peers(said, said.alert["evidence"])


def _of_segment(said: Said) -> Iterator[Untrue]:
    """How many of its accounts fell; seen against expected; and the others."""
    segment = said.parts["segment"] or "everyone"
    accounts = said.record.of_segment(segment)
    yield Untrue("segment", segment.replace(" ", ":", 1), said.alert["segment"])
    yield from counted(said, accounts)
    to = said.day("to")
    first = to - 13 * DAY
    there = [one for one in accounts if stays(said.record, one, first, to)]
    yield Untrue("accounts", said.number("members"), len(there))
    usual = {one: said.record.usual([one], first, to, first) for one in there}
    below = [one for one in there if said.record.user_days([one], first, to) < 0.85 * usual[one]]
    yield Untrue("accounts below", said.number("below"), len(below))
    rest = [one for one in said.record.customers if one not in accounts]
    yield from beside(said, rest, said.first, to, min(said.day("since"), said.first))


def _of_release(said: Said) -> Iterator[Untrue]:
    """Before and after, who stopped, and those without it."""
    record, on, to = said.record, said.day("on"), said.day("to")
    got = [one for one in said.record.released.get(said.parts["release"], []) if one in record.customers]
    segment = said.parts["segment"] or "everyone"
    accounts = [one for one in record.of_segment(segment) if one in got]
    yield Untrue("since", said.day("since"), on + DAY)
    yield from counted(said, accounts)
    yield Untrue("accounts", said.number("members"), len(accounts))
    yield about("accounts below", said.number("below"), len(accounts), 0.4)
    yield about("before", said.number("a_week"), record.user_days(accounts, on - BEFORE, on - DAY) / 4, 0, 0.6)
    weeks = (int(said.parts["span"])) / 7
    yield about("after", said.number("now_a_week"), said.number("seen") / weeks, 0, 0.6)
    before = record.people(accounts, said.day("since") - BEFORE, on)
    yield from stopped(said, before - record.people(accounts, on + DAY, to))
    without = [one for one in record.customers if one not in got]
    yield Untrue("accounts without", said.number("without"), len(without))
    usual = record.usual(without, said.first, to, on + DAY)
    yield points(said, "beside", record.user_days(without, said.first, to) / max(usual, 1), 8)


def _of_source(said: Said) -> Iterator[Untrue]:
    """What came, of how much."""
    record, everyone, first, to = said.record, list(said.record.customers), said.first, said.day("to")
    yield Untrue("since", said.day("since"), first)
    yield Untrue("events", said.number("events"), record.events(everyone, first, to, said.behavior))
    days = (to - first).days + 1
    came = sum(
        day.events > 0 for one in everyone for on, day in record.days(one, said.behavior).items() if first <= on <= to
    )
    yield Untrue("accounts", said.number("accounts"), round(came / days))
    usual = record.usual(everyone, first, to, first, said.behavior)
    yield about("events due", said.number("events_due"), usual, 0.35, 5)
    there = [one for one in everyone if lives(record, one, first - DAY)]
    yield about("accounts due", said.number("accounts_due"), len(there), 0.3, 2)
    yield Untrue("how few", said.parts["how"] == "Next to no", said.number("events") <= 0.1 * said.number("events_due"))


def _of_adoption(said: Said) -> Iterator[Untrue]:
    """What was declared, and what was done of it."""
    yield from named(said)
    record, first, to, what = said.record, said.first, said.day("to"), said.parts["what"]
    declared = record.declared.get(what, dict.fromkeys(("frequency", "breadth", "due_day"), 0))
    yield Untrue("behavior", what, said.alert["behavior"])
    yield Untrue("span", said.number("span"), 28)
    yield Untrue("people", said.number("people"), len(record.people([said.account], first, to)))
    yield Untrue("declared", (said.number("days"), said.number("week")), (declared["frequency"], 7))
    yield Untrue("breadth", said.number("breadth"), declared["breadth"])
    yield Untrue("due day", said.number("due_day"), declared["due_day"])
    born = record.born(said.account)
    yield Untrue("from", said.day("from"), born + declared["due_day"] * DAY)
    done = [on for on, day in record.days(said.account, what).items() if first <= on <= to and day.people]
    best = max((sum(on <= day < on + 7 * DAY for day in done) for on in done), default=0)
    yield Untrue("best week", (said.number("best"), said.number("best_of")), (best, 7))
    yield Untrue("who did it", said.number("doing"), len(record.people([said.account], first, to, what)))


_CHECKS: dict[str, Callable[[Said], Iterator[Untrue]]] = {
    "behavior.dropped": _of_account,
    "users.inactive": _of_people,
    "champion.silent": _of_champion,
    "account.silent": _of_silence,
    "segment.dropped": _of_segment,
    "release.disrupted": _of_release,
    "ingest.quiet": _of_source,
    "behavior.not_adopted": _of_adoption,
}
