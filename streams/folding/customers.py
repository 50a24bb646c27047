"""Whose events these are: facts about customers are applied, events find their account or wait for one."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.database.fold import Write
from schemas.database.rows import Refused, SignalFact, Unassigned
from schemas.events import SIGNAL_PREFIX, Kind, UsageEvent
from streams.fold import Integers
from streams.folding import facts
from streams.folding.gathering import Gathered
from streams.folding.memberships import NONE, Memberships
from streams.folding.numbers import Numbers

Mask = NDArray[np.bool_]
_FACTS = (Kind.IDENTIFY, Kind.GROUP, Kind.ALIAS)


def apply(
    gathered: Gathered,
    new: Mask,
    memberships: Memberships,
    accounts: Numbers,
    users: Numbers,
    write: Write,
    tick: float,
) -> None:
    """Adds what is said about customers to `write`, and memberships to memory; what says nothing is refused."""
    said = facts.Facts()
    _learn_previous(gathered, new, users)
    for i in np.flatnonzero(new & np.isin(gathered.kind, _FACTS)).tolist():
        reader, local = gathered.at(i)
        workspace, event = reader.batch.workspace, reader.event(local)
        try:
            facts.say(
                said,
                workspace,
                event,
                lambda account, of=workspace: accounts.of(of, account),  # type: ignore[misc]
                lambda user, of=workspace: users.of(of, user),  # type: ignore[misc]
            )
        except ValueError as error:
            write.refused.append(_refusal(gathered, i, local, event, error))
    for workspace in {one.workspace for one in said.joined}:
        memberships.learn(workspace, {one.user for one in said.joined if one.workspace == workspace}, tick)
    write.joined = [
        one for one in sorted(set(said.joined)) if memberships.join(one.workspace, one.user, (one.time, one.account))
    ]
    write.accounts, write.users, write.aliases = said.accounts, said.users, said.aliases


def _learn_previous(gathered: Gathered, new: Mask, users: Numbers) -> None:
    """Has the ids known that aliases name as earlier ones, beside those of their batches."""
    wanted: list[tuple[int, list[str]]] = []
    for i in np.flatnonzero(new & (gathered.kind == Kind.ALIAS)).tolist():
        reader, local = gathered.at(i)
        before = facts.previous(reader.properties(local))
        wanted += [(reader.batch.workspace, [before])] if before else []
    if wanted:
        users.learn([*wanted, *((record.batch.workspace, record.batch.users) for record in gathered.records)])


def resolve(gathered: Gathered, new: Mask, memberships: Memberships, tick: float) -> Integers:
    """Each event's account: the one it names, else its user's at its time, else NONE."""
    account = gathered.account.copy()
    asks = new & (account < 0) & (gathered.user >= 0) & ~np.isin(gathered.kind, _FACTS)
    for stream, (workspace, _, _) in enumerate(gathered.streams):
        places = np.flatnonzero(asks & (gathered.stream == stream))
        if len(places):
            users = gathered.user[places]
            memberships.learn(workspace, np.unique(users).tolist(), tick)
            account[places] = memberships.accounts(workspace, users, gathered.time[places])
    return account


def countable(gathered: Gathered, new: Mask, account: Integers) -> Integers:
    """The places of events that are counted."""
    return np.flatnonzero(new & (gathered.kind == Kind.TRACK) & (account >= 0))


def signals(gathered: Gathered, new: Mask, account: Integers) -> list[SignalFact]:
    """The signals among the events that have an account."""
    places = np.flatnonzero(new & _signals(gathered) & (account >= 0)).tolist()
    return [found for i in places if (found := _signal(gathered, i, int(account[i])))]


def unassigned(gathered: Gathered, new: Mask, account: Integers) -> list[Unassigned]:
    """The events that have to wait for an account."""
    waiting = new & (account < 0) & ~np.isin(gathered.kind, _FACTS)
    return [_unassigned(gathered, i) for i in np.flatnonzero(waiting).tolist()]


def _signals(gathered: Gathered) -> Mask:
    """Which events have a signal's name and may be one."""
    found = np.zeros(len(gathered), bool)
    for record, start in zip(gathered.records, gathered.start.tolist(), strict=True):
        names = [k for k, name in enumerate(record.batch.names) if name.startswith(SIGNAL_PREFIX)]
        if names:
            found[start : start + len(record.batch)] = np.isin(record.batch.name_index, names)
    return found & ~np.isin(gathered.kind, _FACTS)


def _signal(gathered: Gathered, i: int, account: int) -> SignalFact | None:
    reader, local = gathered.at(i)
    return facts.signal(reader.batch.workspace, account, reader.event(local), gathered.ids[i].tobytes())


def _unassigned(gathered: Gathered, i: int) -> Unassigned:
    reader, local = gathered.at(i)
    stream = gathered.streams[gathered.stream[i]]
    event, user = reader.event(local), int(gathered.user[i])
    return Unassigned(
        stream.topic,
        stream.partition,
        gathered.ids[i].tobytes(),
        stream.workspace,
        None if user == NONE else user,
        event.time,
        msgspec.msgpack.encode(event),
    )


def _refusal(gathered: Gathered, i: int, local: int, event: UsageEvent, error: ValueError) -> Refused:
    record = gathered.records[int(gathered.record[i])]
    return Refused(
        record.topic,
        record.partition,
        record.offset,
        local,
        record.batch.workspace,
        "fact.refused",
        str(error),
        msgspec.msgpack.encode(event),
        record.batch.received,
    )
