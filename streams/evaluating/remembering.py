"""The workspace as it was on each of the days that are evaluated: reads facts, and gives accounts their spells."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import groupby

import msgspec

from schemas.clock import to_datetime
from schemas.database.engine import Connection
from schemas.database.histories import facts_of_changed, first_evaluations
from schemas.days import day_start
from schemas.segments import DIMENSIONS
from streams.calendar import REGION_TRAITS, day_of
from streams.evaluating.histories import Fact, Judged, Known, spells
from streams.evaluating.world import Account, World, account_of_traits

_TRAITS = ("time_zone", *REGION_TRAITS, *(dimension.trait for dimension in DIMENSIONS))


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
    return replace(world, accounts={**world.accounts, **{n: of[-1][1] for n, of in found.items()}}, spells=found)


def _spells(
    world: World, today: Account, facts: list[Fact], days: range, known: list[Known], by: str | None
) -> list[tuple[int, Account]]:
    ends = [_end(today.time_zone, day) for day in days]
    found: list[tuple[int, Account]] = []
    for place, traits in spells(facts, ends, known):
        then = account_of_traits(today.number, today.account, traits, world.time_zone, by)
        then = msgspec.structs.replace(then, name=today.name, began=today.began)
        if not found or found[-1][1] != then:
            found.append((days[place], then))
    return found


def _facts(
    connection: Connection, world: World, traits: list[str], since: datetime, known: Known
) -> Iterator[tuple[int, list[Fact]]]:
    rows = facts_of_changed(connection, world.workspace, traits, since, known)
    for number, of in groupby(rows, key=lambda row: row[0]):
        yield number, [Fact(*row[1:]) for row in of]


def _end(zone: str, day: int) -> datetime:
    """When a local day is over."""
    return to_datetime(day_start(zone, day_of(day + 1)))
