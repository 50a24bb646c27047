"""Erasing a person. What was counted stays counted, under a number that nobody can tie to them any more.

The person's rows of `users` take a made-up id, and a hash of each id leads to the same number: whatever of them comes
once more, from a rebuild or because it is still sent, is counted as nobody's, and nothing is kept of what it says.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, func, insert, literal, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.types import BigInteger, Text

from schemas.database import evaluation, identities
from schemas.database.facts import user_number
from schemas.database.tables import (
    alerts,
    attempts,
    digests,
    erased,
    erasures,
    nudges,
    offsets,
    outbox,
    rejected,
    requests,
    signals,
    silences,
    tasks,
    transitions,
    unassigned,
    user_facts,
    users,
    verdicts,
    workspaces,
)
from schemas.erasing import Person, id_hash, names, scrub
from schemas.events import UsageEvent
from schemas.topics import KEPT_MS

_EMPTIED = "The person it was about was erased."
_decode = msgspec.msgpack.Decoder(UsageEvent).decode
_encode = msgspec.msgpack.Encoder().encode


def erase(connection: Connection, workspace: int, user: str, actor: str, receipt: str, now: datetime) -> dict[str, Any]:
    """Erases the person behind an id, every id of theirs; the receipt, which names nobody. Erasing again is fine.

    `actor` says who asked for it. Waits for an evaluation that is under way, and has every worker read anew what it
    prepared: neither may write the name again.
    """
    evaluation.wait_for(connection, workspace)
    connection.execute(select(workspaces.c.id).where(workspaces.c.id == workspace).with_for_update())
    numbers = identities.numbers_of(connection, workspace, _number(connection, workspace, user))
    person = _forget(connection, workspace, numbers, user, receipt)
    connection.execute(update(offsets).values(version=offsets.c.version + 1))
    told = _told(connection, workspace, numbers, person)
    _told_apart(connection, workspace, person)
    _said(connection, workspace, person)
    counts = {
        "ids": len(numbers),
        "facts": _count(
            connection, delete(user_facts).where(_of(user_facts, workspace), _in(user_facts.c.user, numbers))
        ),
        "waiting": _waiting(connection, workspace, numbers, person),
        "rejected": _refused(connection, workspace, person),
        "signals": _signals(connection, workspace, person),
        "alerts": told,
    }
    row = {"workspace": workspace, "receipt": receipt, "actor": actor, "counts": counts, "recorded_at": now}
    connection.execute(insert(erasures).values(row))
    return shown(row)


def list_erasures(connection: Connection, workspace: int) -> list[dict[str, Any]]:
    """Every receipt, the newest first."""
    query = select(erasures).where(_of(erasures, workspace)).order_by(erasures.c.recorded_at.desc()).limit(1000)
    return [shown(dict(row)) for row in connection.execute(query).mappings()]


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """A receipt as it is given: until when Kafka's topics still hold what was sent."""
    kept: dict[str, Any] = {name: row[name] for name in ("receipt", "actor", "recorded_at")}
    return kept | dict(row["counts"]) | {"topics_until": row["recorded_at"] + timedelta(milliseconds=KEPT_MS)}


def _number(connection: Connection, workspace: int, user: str) -> int:
    known = select(erased.c.number).where(_of(erased, workspace), erased.c.hash == id_hash(workspace, user))
    found = connection.scalar(known)
    return int(found) if found is not None else user_number(connection, workspace, user)


def _forget(connection: Connection, workspace: int, numbers: Sequence[int], user: str, receipt: str) -> Person:
    """Gives the person's rows made-up ids, and keeps hashes of the real ones."""
    mine = (_of(users, workspace), _in(users.c.number, numbers))
    rows = connection.execute(select(users).where(*mine).order_by(users.c.number).with_for_update()).all()
    hashes = [{"workspace": workspace, "hash": id_hash(workspace, row.user), "number": row.number} for row in rows]
    connection.execute(upsert(erased).on_conflict_do_nothing(), hashes)
    terms = frozenset({user}).union(*(names(row.traits, [row.user]) for row in rows))
    person = Person(terms, f"erased-{receipt}")
    made_up = literal(f"{person.instead}-") + users.c.number.cast(Text)
    connection.execute(update(users).where(*mine).values(user=made_up, traits={}, role=None))
    return person


def _told(connection: Connection, workspace: int, numbers: Sequence[int], person: Person) -> int:
    """Alerts that name the person, with their steps, messages and what was noted on them."""
    told = or_(_names(alerts.c.evidence.cast(Text), person), _in(alerts.c.user, numbers))
    episodes = set(connection.scalars(select(alerts.c.episode).where(_of(alerts, workspace), told)))
    for table, column in ((transitions, transitions.c.evidence.cast(Text)), (outbox, outbox.c.payload)):
        episodes |= set(
            connection.scalars(select(table.c.episode).where(_of(table, workspace), _names(column, person)))
        )
    for table, columns in (
        (alerts, ("sentence", "evidence")),
        (transitions, ("reason", "evidence")),
        (outbox, ("payload",)),
        (verdicts, ("note",)),
    ):
        _rewrite(connection, table, [_of(table, workspace), table.c.episode.in_(episodes)], columns, person)
    messages = select(outbox.c.id).where(_of(outbox, workspace), outbox.c.episode.in_(episodes))
    connection.execute(update(attempts).where(attempts.c.outbox.in_(messages)).values(response=None))
    return len(episodes)


def _told_apart(connection: Connection, workspace: int, person: Person) -> None:
    """What digests and nudges told: few rows, and a name may stand anywhere in their sentences."""
    for table, columns in ((digests, ("content",)), (nudges, ("users",))):
        _rewrite(connection, table, [_of(table, workspace)], columns, person)
    of_digests = [_of(outbox, workspace), outbox.c.event_type == "digest.weekly"]
    _rewrite(connection, outbox, of_digests, ("payload",), person)


def _said(connection: Connection, workspace: int, person: Person) -> None:
    """What people wrote beside alerts, and answers kept for who asks twice. Numbers there stay."""
    words = Person(frozenset(term for term in person.terms if not term.isdecimal()), person.instead)
    if not words.terms:
        return
    for table, columns in (
        (tasks, ("title", "note")),
        (silences, ("comment", "matchers")),
        (requests, ("answer",)),
    ):
        held = [func.strpos(table.c[name].cast(Text), term) > 0 for name in columns for term in words.plain()]
        _rewrite(connection, table, [_of(table, workspace), or_(*held)], columns, words)


def _waiting(connection: Connection, workspace: int, numbers: Sequence[int], person: Person) -> int:
    """Events that wait for an account keep their place and moment, and lose everything else."""
    mine = (_of(unassigned, workspace), _in(unassigned.c.user, numbers))
    key = (unassigned.c.topic, unassigned.c.partition, unassigned.c.id_hash)
    rows = connection.execute(select(*key, unassigned.c.event, unassigned.c.user).where(*mine)).all()
    for row in rows:
        event = msgspec.structs.replace(_decode(row.event), user=f"{person.instead}-{row.user}", properties={})
        this = zip(key, row[:3], strict=True)
        connection.execute(update(unassigned).where(*(c == v for c, v in this)).values(event=_encode(event)))
    return len(rows)


def _refused(connection: Connection, workspace: int, person: Person) -> int:
    """What was refused keeps its place and reason; a record that is read again would bring a deleted one back."""
    numbers = (
        f"{before}{term}{after}"
        for term in person.terms
        if term.isdecimal()
        for before in (":", ": ")
        for after in ",}"
    )
    said = [term.encode("utf-8", "surrogatepass") for term in (*person.quoted(), *numbers)]
    named = or_(*(func.position(literal(term).op("IN")(rejected.c.raw)) > 0 for term in said))
    emptied = {"raw": b"", "message": _EMPTIED, "message_id": None}
    return _count(connection, update(rejected).where(_of(rejected, workspace), named).values(emptied))


def _signals(connection: Connection, workspace: int, person: Person) -> int:
    named = or_(
        signals.c.participants.overlap(literal(sorted(person.terms), ARRAY(Text))),
        _names(signals.c.properties.cast(Text), person),
    )
    return _rewrite(connection, signals, [_of(signals, workspace), named], ("participants", "properties"), person)


def _scrubbed(column: str, value: Any, person: Person) -> Any:
    if column not in ("payload", "answer") or value is None:
        return scrub(value, person)
    return msgspec.json.encode(scrub(msgspec.json.decode(value), person)).decode()


def _rewrite(
    connection: Connection, table: Any, where: Sequence[ColumnElement[bool]], columns: Sequence[str], person: Person
) -> int:
    """Rows without the person; how many changed."""
    key = list(table.primary_key.columns)
    rows = connection.execute(select(*key, *(table.c[name] for name in columns)).where(*where)).all()
    changed = 0
    for row in rows:
        new = {name: _scrubbed(name, value, person) for name, value in zip(columns, row[len(key) :], strict=True)}
        if list(new.values()) != list(row[len(key) :]):
            changed += 1
            this = (column == value for column, value in zip(key, row, strict=False))
            connection.execute(update(table).where(*this).values(new))
    return changed


def _names(text: ColumnElement[str], person: Person) -> ColumnElement[bool]:
    return or_(*(func.strpos(text, term) > 0 for term in person.quoted()))


def _in(column: Any, numbers: Sequence[int]) -> ColumnElement[bool]:
    return column == func.any(literal(list(numbers), ARRAY(BigInteger)))  # type: ignore[no-any-return]


def _of(table: Any, workspace: int) -> ColumnElement[bool]:
    return table.c.workspace == workspace  # type: ignore[no-any-return]


def _count(connection: Connection, statement: Any) -> int:
    return max(0, connection.execute(statement).rowcount)
