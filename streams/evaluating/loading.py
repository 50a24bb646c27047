"""Windows and facts from the database, as the fold takes them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from schemas.clock import HOUR_MS, to_datetime, to_ms
from schemas.database import evaluation as queries
from schemas.database.engine import Connection
from schemas.days import day_start, day_starts, local_date
from schemas.identities import People
from schemas.windows import decode_users
from streams.calendar import day_number, day_of
from streams.evaluating.activity import Activity, Ints, gather, nothing, pack
from streams.evaluating.world import World, account_of_traits, adoptions_of, judged

_ARRAY = ord("a")


def load_world(connection: Connection, workspace: int) -> tuple[World, dict[str, object]]:
    """The workspace as it is now, and its settings."""
    settings, zone = queries.settings_and_zone(connection, workspace)
    by = settings.get("segment_by")
    users, persons, strangers, champions = queries.users_of(connection, workspace)
    found = queries.accounts_of(connection, workspace)
    declared = {number: one for number, (one, _) in queries.behaviors_of(connection, workspace).items()}
    world = World(
        workspace=workspace,
        accounts={
            n: account_of_traits(n, name, {**traits, "created": created or traits.get("created")}, zone, by)
            for n, name, traits, created in found
        },
        behaviors=judged(declared),
        adoptions=adoptions_of(declared),
        users=users,
        strangers=np.array(sorted(strangers), np.int64),
        people=People(persons),
        champions=np.array(sorted(champions), np.int64),
        time_zone=zone,
    )
    return replace(world, heard=_heard(world, queries.heard_from(connection, workspace))), settings


def _heard(world: World, signals: Sequence[tuple[int, datetime]]) -> Ints:
    """The days on which accounts gave a signal, as `World.heard` holds them."""
    if not signals:
        return np.empty(0, np.int64)
    accounts = np.array([account for account, _ in signals], np.int64)
    hours = np.array([to_ms(moment) // HOUR_MS for _, moment in signals], np.int64)
    first, last = int(hours.min()) // 24 - 1, int(hours.max()) // 24 + 1
    found: Ints = np.unique(pack(local_hours(world, accounts, hours, first, last)[0], accounts))
    return found


def load_activity(
    connection: Connection, world: World, first: int, last: int, busy: Ints, accounts: Sequence[int] | None = None
) -> Activity:
    """What the judged behaviors did on the local days from `first` to `last` (days since 1970-01-01).

    Of all accounts, or those named. The hours of `busy` keys come along in any case.
    """
    begin = to_datetime(0) + timedelta(days=first - 1)
    end = to_datetime(0) + timedelta(days=last + 2)
    found = queries.read_windows(connection, world.workspace, list(world.behaviors), begin, end, accounts)
    return activity_of(world, found, first, last, busy)


def activity_of(world: World, found: tuple[bytes, bytes], first: int, last: int, busy: Ints) -> Activity:
    """Rows as `read_windows` gives them, as activity of local days."""
    fixed, users = found
    rows = np.frombuffer(fixed, ">i4").reshape(-1, 5).astype(np.int64)
    if not len(rows):
        return nothing()
    accounts, behaviors, hours, events, sizes = rows.T
    owners, numbers = unpack(np.frombuffer(users, np.uint8), sizes)
    # Events that name nobody are somebody's: one unnamed person a day, unless people are named too.
    unnamed = np.flatnonzero((np.bincount(owners, minlength=len(rows)) == 0) & (events > 0))
    numbers = world.people.of(numbers)
    ours = ~np.isin(numbers, world.strangers)
    owners, numbers = owners[ours], numbers[ours]
    days, times = local_hours(world, accounts, hours, first, last)
    owners = np.concatenate([owners, unnamed])
    numbers = np.concatenate([numbers, np.zeros(len(unnamed), np.int64)])
    kept = (days >= first) & (days <= last)
    place = np.cumsum(kept) - 1
    mine = kept[owners]
    keys = pack(accounts, behaviors)
    return gather(days[kept], times[kept], keys[kept], events[kept], place[owners[mine]], numbers[mine], busy)


def unpack(data: NDArray[np.uint8], sizes: Ints) -> tuple[Ints, Ints]:
    """Encoded user sets side by side (schemas.windows), as (row, user number) pairs."""
    ends = np.cumsum(sizes)
    starts = ends - sizes
    filled = np.flatnonzero(sizes > 0)
    small = filled[data[starts[filled]] == _ARRAY]
    counts = (sizes[small] - 1) // 4
    owners = [np.repeat(small, counts)]
    inner = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    places = np.repeat(starts[small] + 1, counts) + 4 * inner
    numbers = [sum(data[places + i].astype(np.int64) << (8 * i) for i in range(4))]
    for row in np.setdiff1d(filled, small).tolist():
        members = np.array(decode_users(data[starts[row] : ends[row]].tobytes()), np.int64)
        owners.append(np.full(len(members), row))
        numbers.append(members)
    return np.concatenate(owners), np.concatenate([np.asarray(part, np.int64) for part in numbers])


def local_hours(world: World, accounts: Ints, hours: Ints, first: int, last: int) -> tuple[Ints, Ints]:
    """The local day of each UTC hour and its place in that day, by its account's time zone then.

    Days outside [first, last] are outside, and the place in them means nothing.
    """
    days, times = np.full(len(hours), first - 1), np.zeros(len(hours), np.int64)
    zones = {name: i for i, name in enumerate(world.zones)}
    edges = [np.array(day_starts(name, day_of(first), last - first + 2)) // HOUR_MS for name in zones]
    zone_of = np.full(int(accounts.max()) + 1, -1)
    for number, account in world.accounts.items():
        if number < len(zone_of):
            zone_of[number] = zones[account.time_zone]
    zone_at = zone_of[accounts]
    for number, begin, zone in _moves(world):
        zone_at[(accounts == number) & (hours >= begin)] = zones[zone]
    for i, starts in enumerate(edges):
        mine = zone_at == i
        place = np.searchsorted(starts, hours[mine], side="right") - 1
        days[mine], times[mine] = first + place, hours[mine] - starts[place]
    return days, times


def _moves(world: World) -> Iterator[tuple[int, int, str]]:
    """The accounts that were in more than one time zone: number, from which hour on, and where; in order of time."""
    for number, spells in world.spells.items():
        if len({account.time_zone for _, account in spells}) > 1:
            for i, (day, account) in enumerate(spells):
                yield number, day_start(account.time_zone, day_of(day)) // HOUR_MS if i else 0, account.time_zone


def last_closed(world: World, watermark: int) -> int:
    """The last day that is over in every time zone."""
    return min(day_number(local_date(name, watermark)) for name in world.zones) - 1


def last_begun(world: World, watermark: int) -> int:
    """The last day that has begun in some time zone."""
    return max(day_number(local_date(name, watermark - 1)) for name in world.zones)


def first_touched(world: World, ms: int) -> int:
    """The earliest local day, over all time zones, that holds a moment."""
    return min(day_number(local_date(name, ms)) for name in world.zones)


def first_day(connection: Connection, world: World, history: bool) -> int | None:
    """The local day of the earliest window."""
    hour = queries.first_hour(connection, world.workspace, history)
    return None if hour is None else first_touched(world, to_ms(hour))


def first_judged(connection: Connection, world: World) -> int | None:
    """The last local day of the first evaluation there was; None before it."""
    moment = queries.first_moment(connection, world.workspace)
    return None if moment is None else day_number(local_date(world.time_zone, to_ms(moment))) - 1


def unwatched(busy: Ints, stretches: Sequence[Sequence[int]], patience: int = 3) -> set[int]:
    """Days that nobody watched: within stretches evaluated at one go, more than `patience` days without any event.

    >>> sorted(unwatched(np.array([10, 11, 17]), [(10, 19)]))
    [12, 13, 14, 15, 16]
    """
    found: set[int] = set()
    for first, last in stretches:
        edges = [first - 1, *busy[(busy >= first) & (busy <= last)].tolist(), last + 1]
        for begin, end in pairwise(edges):
            if end - begin - 1 > patience:
                found.update(range(begin + 1, end))
    return found
