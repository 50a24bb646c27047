"""A source stops: next to nothing comes of a workspace, or of one behavior in it, though most accounts are due.

Sources are everything (key 0) and each judged behavior (its number). Expected is, summed over accounts, each one's
level of users a day times its source's profile of the kind of day, holidays where the account lives being a kind of
their own. Quiet is a day with less than a tenth of it (three tenths, as far as it is known when the accounts are on
holiday), that is rarer than once in a thousand days under a negative binomial. Too thin to say, and then nothing is
said: less than four accounts due, or so few people that their absence would not be as rare. What began quiet stays
quiet over such days. A holiday is no outage, and customers do not all leave in one night: whoever folds days takes a
quiet one as unknown.

>>> from streams.detectors.examples import days_of
>>> detector = IngestQuiet()
>>> state = detector.initial()
>>> for day in days_of([[4, 4, 4, 4, 4, 0, 0] * 4 + [0]] * 6):
...     state, verdicts = detector.step(state, day)
>>> verdicts.crosses.tolist(), round(detector.case(state, 0).expected), detector.case(state, 0).extra["accounts_due"]
([True], 24, 6)
"""

from dataclasses import dataclass, field, fields, replace

import numpy as np

from streams.baselines import HOLIDAY, KINDS
from streams.columns import Arrays, Columns
from streams.detectors.base import Bools, Case, Day, Floats, Ints, Verdicts
from streams.recents import scan

NOTHING, LITTLE = 0.1, 0.3
RARE = 3.0
_ACCOUNTS = 4
_OLD = 14
_TIMES = 2
_WEEK = 7
_FORGET = 0.5 ** (1 / 28)
_SPREAD = 0.1
_BEHAVIOR = 0xFFFFFFFF


@dataclass(frozen=True)
class SourceDay(Day):
    """A day, and by key whether the account's holidays are known."""

    local: Bools = field(default_factory=lambda: np.empty(0, np.bool_))


@dataclass
class Habits(Columns):
    """By account and behavior: users, events, and days, weighed with the profile, that fade; the first, plus one."""

    users: Floats
    events: Floats
    days: Floats
    first: Ints


@dataclass
class Sources(Columns):
    """By source: what came and was due on days of each kind, and how many there were; the quiet days so far."""

    came: Floats  # (KINDS, sources)
    due: Floats
    times: Ints
    since: Ints  # the first quiet day, plus one; 0: it is not quiet
    days: Ints
    seen: Floats  # (3, sources): users, events, accounts, over the quiet days; those of the last day where none is
    expected: Floats


@dataclass
class SourceState:
    """Habits by key of the day, and sources by their number."""

    keys: Ints
    habits: Habits
    names: Ints
    sources: Sources
    date: int = 0


class IngestQuiet:
    """Judges a workspace's sources. It has no share of the false-alert budget: it is no customer's alert."""

    name = "ingest_quiet"
    version = "1"

    def initial(self) -> SourceState:
        """Nothing known of anyone."""
        none, ints, kinds, sums = np.zeros(0), np.zeros(0, np.int64), np.zeros((KINDS, 0)), np.zeros((3, 0))
        sources = Sources(kinds, kinds, kinds.astype(np.int64), ints, ints, sums, sums)
        return SourceState(ints, Habits(none, none, none, ints), ints, sources)

    def step(self, state: SourceState, day: Day) -> tuple[SourceState, Verdicts]:
        """One day: what is due, what came, and what to learn of it."""
        state = _grown(state, day.keys)
        state.date = day.date
        source = np.searchsorted(state.names, day.keys & _BEHAVIOR)
        profile, open_before = _profile(state.sources), state.sources.since > 0
        due = _due(state, day, profile[day.kind, source])
        seen, expected = _sums(state, day, source, due)
        limit = _limit(day, due[0], source, len(state.names)) * expected[0]
        score = scan(seen[0], expected[0], np.full(len(limit), _SPREAD))
        profiled = (state.sources.times[:HOLIDAY] >= _TIMES).all(0)
        enough = (
            profiled & (expected[2] >= _ACCOUNTS) & (scan(0 * limit, expected[0], np.full(len(limit), _SPREAD)) >= RARE)
        )
        judged = enough & day.covered
        still = open_before & ~judged & (seen[0] <= limit)
        quiet = (judged & (seen[0] <= limit) & (score >= RARE)) | still
        _count(state.sources, day.date, quiet, seen, expected)
        _learn(state, day, source, profile, quiet)
        ratio = seen[0] / np.maximum(expected[0], 1e-9)
        return state, Verdicts(state.names, judged, quiet, score, np.full(len(limit), RARE), ratio)

    def quiet(self, state: SourceState) -> Ints:
        """The sources that were quiet on the last day."""
        found: Ints = state.names[state.sources.since > 0]
        return found

    def case(self, state: SourceState, index: int) -> Case:
        """What came and was due over the quiet days."""
        sources = state.sources
        days = max(int(sources.days[index]), 1)
        seen, due = sources.seen[:, index], sources.expected[:, index]
        return Case(
            onset=int(sources.since[index]) - 1 if sources.since[index] else state.date,
            last=state.date,
            window=days,
            observed=float(seen[0]),
            expected=float(due[0]),
            dispersion=_SPREAD,
            events_observed=float(seen[1]),
            events_expected=float(due[1]),
            factor=1.0,
            peers=0,
            quiet_from=float(np.floor(NOTHING * due[0]) + 1),
            extra={"accounts_seen": round(float(seen[2]) / days), "accounts_due": round(float(due[2]) / days)},
        )

    def save(self, state: SourceState) -> Arrays:
        """Every array by its name."""
        parts = {"habits": state.habits, "sources": state.sources}
        arrays = {f"{name}.{column}": a for name, part in parts.items() for column, a in part.arrays().items()}
        return arrays | {"keys": state.keys, "names": state.names, "date": np.array([state.date])}

    def load(self, arrays: Arrays) -> SourceState:
        """What `save` gave."""
        habits = Habits(**{one.name: arrays[f"habits.{one.name}"] for one in fields(Habits)})
        sources = Sources(**{one.name: arrays[f"sources.{one.name}"] for one in fields(Sources)})
        return SourceState(arrays["keys"], habits, arrays["names"], sources, int(arrays["date"][0]))


def _grown(state: SourceState, keys: Ints) -> SourceState:
    """Room for new keys and sources; the first source is everything."""
    if len(keys) == len(state.keys):
        return state
    names = np.union1d(state.names, np.unique(keys & _BEHAVIOR))
    sources = state.sources.grown(np.searchsorted(names, state.names), len(names))
    habits = state.habits.grown(np.searchsorted(keys, state.keys), len(keys))
    return replace(state, keys=keys, habits=habits, names=names, sources=sources)


def _profile(sources: Sources) -> Floats:
    """(KINDS, sources): the factor of each kind of day; a holiday is a weekend at most."""
    profile = (sources.came + 1) / (sources.due + 1)
    weekend = profile[5:7].mean(0)
    holiday = (sources.came[HOLIDAY] + 10 * weekend) / (sources.due[HOLIDAY] + 10)
    profile[HOLIDAY] = np.minimum(holiday, weekend)
    return profile


def _due(state: SourceState, day: Day, profile: Floats) -> tuple[Floats, Floats, Floats]:
    """Users, events, and accounts that are due, by key: of the young and of those whose day says nothing, none."""
    habits = state.habits
    old = (habits.first > 0) & (day.date - habits.first >= _OLD) & (day.known if day.covered else True)
    per_day = np.where(old, profile / np.maximum(habits.days, 1), 0)
    users = habits.users * per_day
    return users, habits.events * per_day, np.minimum(users, 1)


def _sums(state: SourceState, day: Day, source: Ints, due: tuple[Floats, Floats, Floats]) -> tuple[Floats, Floats]:
    """(3, sources): users, events and accounts that came of those that are due, and that are due."""
    asked = due[0] > 0
    came = (day.users * asked, day.events * asked, (day.users > 0) & asked)
    size = len(state.names)
    return np.stack([np.bincount(source, part, size) for part in came]), np.stack(
        [np.bincount(source, part, size) for part in due]
    )


def _limit(day: Day, due: Floats, source: Ints, size: int) -> Floats:
    """By source, the share of the expected users under which it is quiet."""
    local = day.local if isinstance(day, SourceDay) else np.zeros(len(due), np.bool_)
    share = np.bincount(source, due * local, size) / np.maximum(np.bincount(source, due, size), 1e-9)
    limit: Floats = NOTHING + (LITTLE - NOTHING) * share
    return limit


def _count(sources: Sources, date: int, quiet: Bools, seen: Floats, expected: Floats) -> None:
    """Adds a quiet day up; where it is none, what is shown is the day alone."""
    going = quiet & (sources.since > 0)
    sources.seen, sources.expected = seen + going * sources.seen, expected + going * sources.expected
    sources.days = np.where(going, sources.days + 1, 1)
    sources.since = np.where(going, sources.since, np.where(quiet, date + 1, 0))


def _learn(state: SourceState, day: Day, source: Ints, profile: Floats, quiet: Bools) -> None:
    """Puts what is known of a day into levels and profile; nothing of a quiet source, nor of any when all is quiet."""
    habits = state.habits
    known = day.known & ~quiet[source] & ~(quiet & (state.names == 0)).any()
    habits.first[known & (habits.first == 0) & (day.users > 0)] = day.date + 1
    known &= habits.first > 0
    level = habits.users / np.maximum(habits.days, 1)
    keep = np.where(known, _FORGET, 1.0)
    habits.users = habits.users * keep + known * day.users
    habits.events = habits.events * keep + known * day.events
    habits.days = habits.days * keep + known * np.clip(profile[day.kind, source], 0.02, 5)
    usual = known & (day.date - habits.first >= _WEEK)
    place = (day.kind[usual], source[usual])
    came = np.zeros_like(state.sources.times)
    came[place] = 1
    state.sources.times += came
    fade = np.where(np.bincount(source, known, len(state.names)) > 0, 0.5 ** (1 / 84), 1.0)
    state.sources.came *= fade
    state.sources.due *= fade
    np.add.at(state.sources.came, place, day.users[usual])
    np.add.at(state.sources.due, place, level[usual])
