"""The workspace as it was on each of the days that are evaluated: reads facts, and gives accounts their spells."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any

import msgspec
import numpy as np

from schemas.accounts import Role
from schemas.clock import to_datetime, to_ms
from schemas.database import evaluation
from schemas.database.engine import Connection
from schemas.database.histories import facts_of_changed, first_evaluations, roles_of_changed
from schemas.days import day_start
from schemas.segments import DIMENSIONS
from streams.calendar import REGION_TRAITS, day_of
from streams.detectors.base import Ints
from streams.evaluating.histories import Fact, Judged, Known, spells
from streams.evaluating.world import Account, Adoption, Release, World, account_of_traits

_TRAITS = ("time_zone", "pauses", *REGION_TRAITS, *(dimension.trait for dimension in DIMENSIONS))


def as_of(connection: Connection, world: World, days: range, at_one_go: Collection[int], by: str | None) -> World:
    """The world with every account as it was known on each of `days` (days since 1970-01-01, at least one).

    Args:
        connection: The database.
        world: The workspace as it is now.
        days: The days that are evaluated.
        at_one_go: Those among them that were not judged live.
        by: The trait whose values are the segments, if one was chosen.
    """
    begin = _end(world.time_zone, days.start - 1)
    judged = Judged(first_evaluations(connection, world.workspace, begin), at_one_go)
    known = [judged.first(day, max(_end(zone, day) for zone in world.zones)) for day in days]
    earliest = min((time for time in known if time is not None), default=None)
    found: dict[int, list[tuple[int, Account]]] = {}
    for number, facts in _facts(connection, world, [*_TRAITS, *([by] if by else [])], begin, earliest):
        if number in world.accounts:
            found[number] = _spells(world, world.accounts[number], facts, days, known, by)
    return replace(
        world,
        accounts={**world.accounts, **{n: of[-1][1] for n, of in found.items()}},
        spells=found,
        adoptions=_adoptions(connection, world, days, known),
        releases=_releases(connection, world, days, known),
        championed=_championed(world, roles_of_changed(connection, world.workspace, begin, earliest), days, known),
    )


def _championed(world: World, rows: Iterable[Any], days: range, known: list[Known]) -> list[tuple[int, Ints]]:
    """Since which day who was a champion, from what was said of roles that were others then."""
    ends = [_end(world.time_zone, day) for day in days]
    roles = {user: spells(facts, ends, known) for user, facts in _grouped(rows)}
    steady = np.setdiff1d(world.champions, world.people.of(np.array(list(roles), np.int64)))
    found = []
    for place in sorted({place for of in roles.values() for place, _ in of}):
        then = [user for user, of in roles.items() if _last(of, place).get("role") == Role.CHAMPION]
        found.append((days[place], np.union1d(steady, world.people.of(np.array(then, np.int64)))))
    return found


def _last(of: Sequence[tuple[int, dict[str, Any]]], place: int) -> dict[str, Any]:
    """What held at a place, from spells in order."""
    return next(traits for since, traits in reversed(of) if since <= place)


def _adoptions(connection: Connection, world: World, days: range, known: list[Known]) -> dict[int, Adoption]:
    since = {n: moment for n, (_, moment) in evaluation.behaviors_of(connection, world.workspace).items()}
    return {n: one._replace(since=_since(since.get(n), days, known)) for n, one in world.adoptions.items()}


def _releases(connection: Connection, world: World, days: range, known: list[Known]) -> list[Release]:
    return [
        Release(
            row.release,
            to_ms(row.released_at),
            frozenset(row.behaviors),
            None if row.accounts is None else frozenset(row.accounts),
            _since(row.recorded_at, days, known),
        )
        for row in evaluation.releases_of(connection, world.workspace)
    ]


def _since(told: datetime | None, days: range, known: list[Known]) -> int:
    """From which of `days` on something is known that was told then: after the last that was judged without it."""
    without = (day for day, then in zip(days, known, strict=True) if told and then is not None and then < told)
    return max(without, default=days.start - 1) + 1


def _spells(
    world: World, today: Account, facts: list[Fact], days: range, known: list[Known], by: str | None
) -> list[tuple[int, Account]]:
    ends = [_end(today.time_zone, day) for day in days]
    found: list[tuple[int, Account]] = []
    for place, traits in spells(facts, ends, known):
        then = account_of_traits(today.number, today.account, traits, world.time_zone, by)
        then = msgspec.structs.replace(then, name=today.name, created=today.created)
        if not found or found[-1][1] != then:
            found.append((days[place], then))
    return found


def _facts(
    connection: Connection, world: World, traits: list[str], since: datetime, known: Known
) -> Iterator[tuple[int, list[Fact]]]:
    yield from _grouped(facts_of_changed(connection, world.workspace, traits, since, known))


def _grouped(rows: Iterable[Any]) -> Iterator[tuple[int, list[Fact]]]:
    """Facts by whom they are about."""
    for number, of in groupby(rows, key=lambda row: row[0]):
        yield number, [Fact(*row[1:]) for row in of]


def _end(zone: str, day: int) -> datetime:
    """When a local day is over."""
    return to_datetime(day_start(zone, day_of(day + 1)))
