"""The audit: one moment of the database, the topics up to that moment, and the balance between them."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from deploy.local.auditing.arithmetic import Difference, Places, balance, places, repeats
from deploy.local.auditing.columns import Codes, Hashes, Ints, Sums, TopicEvents, joined_hashes
from deploy.local.auditing.ledger import read_ledger
from deploy.local.auditing.topics import Reading, read_topics
from schemas.database import engine as engines
from schemas.database.audit import CountedWindows, Snapshot, Waiting, take_snapshot
from schemas.database.sessions import Database
from schemas.events import Kind, id_hash
from schemas.topics import TOPIC_CODES

_SHOWN = 20
_NAMES = {code: name for name, code in TOPIC_CODES.items()}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Where every event on the topics is. `lost` and `doubled` are wrong; the rest adds up to `events`.

    `straying` are events on their way between partitions, as there are while a topic grows. `repeats_beyond_horizon`
    are repeats that count anew (they are among `distinct`). `horizon` says by topic and partition up to which offset
    all this holds. `ledger_places` says where the ledger's ids are, each in one place, `later` being behind that
    horizon; wrong are `missing_from_topics`, those that are nowhere, and those `in_several_places`.
    """

    events: int
    records: int
    distinct: int
    counted: int
    unassigned: int
    straying: int
    facts: int
    quarantined: int
    duplicates: int
    repeats_beyond_horizon: int
    expired: int
    lost: int
    doubled: int
    horizon: dict[str, int]
    ledger: int | None = None
    ledger_places: dict[str, int] | None = None
    in_several_places: int | None = None
    missing_from_topics: int | None = None
    differences: list[Difference]
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether every event is accounted for, once."""
        return not (self.lost or self.doubled or self.missing_from_topics or self.in_several_places)


def audit(
    kafka: str,
    database_url: str,
    ledger: Path | None = None,
    workspace: str = "default",
    seen: Callable[[int], None] = lambda _: None,
) -> Report:
    """Audits a running or idle instance; reads only.

    `ledger` is a file of ids that were acknowledged, of `workspace` where a line names none. Raises UnavailableError
    where Kafka or the database does not answer.
    """
    begun = time.monotonic()
    database = Database(engines.create(database_url, pool=1, application="ebbtide audit"))
    try:
        snapshot = take_snapshot(database)
    finally:
        database.close()
    acked = None if ledger is None else read_ledger(ledger, snapshot.workspaces, workspace)
    codes = Codes()
    refused = None if acked is None else snapshot.refused_to
    reading = read_topics(kafka, snapshot.offsets, snapshot.quarantined, snapshot.strays, codes, seen, refused=refused)
    return _report(snapshot, reading, codes, acked, begun)


def _report(snapshot: Snapshot, reading: Reading, codes: Codes, ledger: Hashes | None, begun: float) -> Report:
    events = reading.events
    repeated = repeats(events)
    distinct = events.take(repeated.counted)
    tracked = distinct.take(distinct.kind == Kind.TRACK)
    waiting = _waiting(snapshot.waiting, tracked, codes)
    balanced = balance(tracked, waiting, _windows(snapshot, codes), codes)
    where = None if ledger is None else _whereabouts(ledger, snapshot, reading, distinct, codes)
    unnoticed = len(set(reading.unreadable) - snapshot.quarantined)
    return Report(
        events=len(events) + reading.set_aside + len(reading.unreadable) + reading.straying,
        records=reading.records,
        distinct=len(distinct),
        counted=int(snapshot.windows.events.sum()),
        unassigned=len(snapshot.waiting.hour),
        straying=reading.straying,
        facts=len(distinct) - len(tracked) - snapshot.refused,
        quarantined=snapshot.refused + reading.set_aside + len(reading.unreadable),
        duplicates=repeated.within,
        repeats_beyond_horizon=repeated.beyond,
        expired=reading.expired,
        lost=balanced.lost + unnoticed,
        doubled=balanced.doubled + _never_sent(snapshot.waiting, reading),
        ledger=None if ledger is None else len(ledger),
        horizon={f"{_NAMES[topic]}/{partition}": end for (topic, partition), end in sorted(snapshot.offsets.items())},
        ledger_places=None if where is None else where.counts,
        in_several_places=None if where is None else where.several,
        missing_from_topics=None if where is None else where.counts["missing"],
        differences=balanced.differences[:_SHOWN],
        seconds=round(time.monotonic() - begun, 3),
    )


def _whereabouts(ledger: Hashes, snapshot: Snapshot, reading: Reading, distinct: TopicEvents, codes: Codes) -> Places:
    """Where each of the ledger's ids is. Whatever is counted, waits, or is a fact is so alone.

    What the collector refused may have been sent again in order, and a copy of what is counted may still be on its way.
    """
    waiting = snapshot.waiting.ids[:, 0]
    may_wait = np.isin(distinct.owner, codes.without_account()) & np.isin(distinct.kind, (Kind.TRACK, Kind.OUTBOUND))
    done = distinct.take(~(may_wait & np.isin(distinct.low, waiting)))
    refused = b"".join(id_hash(workspace, message_id)[:8] for workspace, message_id in snapshot.refused_ids)
    return places(
        ledger,
        {
            "unassigned": waiting,
            "counted": done.low[done.kind == Kind.TRACK],
            "facts": done.low[done.kind != Kind.TRACK],
        },
        {
            "quarantined": joined_hashes([reading.ids["quarantined"], np.frombuffer(refused, "<u8")]),
            "straying": reading.ids["straying"],
            "later": reading.ids["later"],
        },
    )


def _never_sent(waiting: Waiting, reading: Reading) -> int:
    """How many events wait that no topic has, and never had."""
    return 0 if reading.expired else int((~np.isin(waiting.ids[:, 0], reading.events.low)).sum())


def _waiting(waiting: Waiting, tracked: TopicEvents, codes: Codes) -> Sums:
    """The events of `unassigned` that would be counted; outbound signals wait there too, and never are."""
    low = waiting.ids[:, 0]
    countable = np.isin(low, tracked.low)
    owner = _codes(waiting.workspace.tolist(), [None] * len(low), codes)[countable]
    return Sums.of(owner, waiting.hour[countable], np.ones(len(owner), np.int64), low[countable])


def _windows(snapshot: Snapshot, codes: Codes) -> Sums:
    windows: CountedWindows = snapshot.windows
    pairs = np.unique(np.stack([windows.workspace, windows.account]), axis=1).T.tolist()
    owners = _codes([w for w, _ in pairs], [snapshot.accounts.get((w, n), f"#{n}") for w, n in pairs], codes)
    packed = {(w, n): code for (w, n), code in zip(pairs, owners.tolist(), strict=True)}
    keys = zip(windows.workspace.tolist(), windows.account.tolist(), strict=True)
    owner = np.array([packed[key] for key in keys], np.int64)
    return Sums.of(owner, windows.hour, windows.events, windows.ids)


def _codes(workspaces: Sequence[int], accounts: Sequence[str | None], codes: Codes) -> Ints:
    return np.array([codes.of(w, a) for w, a in zip(workspaces, accounts, strict=True)], np.int64)
