"""The account of a run: what the ledger says must be, id by id, against what the database holds.

Worked out from the ledger alone, without the topics and without the audit, so that the two can't be wrong together.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from schemas.events import id_hash
from tests.faults.client import AHEAD

Window = tuple[str, str]  # account, hour
Rows = Callable[[str], list[tuple[Any, ...]]]

_WINDOWS = """
SELECT account, CASE WHEN starts_with(account, '{ahead}') THEN '' ELSE hour END, sum(events), sum(id_sum) FROM (
    SELECT a.account, to_char(w.hour AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24') AS hour, w.events, w.id_sum
    FROM windows w JOIN accounts a ON a.workspace = w.workspace AND a.number = w.account
    WHERE w.behavior = 0 AND w.topic = {topic}
) AS named GROUP BY 1, 2
"""
_BY_BEHAVIOR = "SELECT coalesce(sum(events), 0) FROM windows WHERE behavior > 0"
_IDS = "SELECT ids FROM counted_ids WHERE topic = 0"
_WAITING = "SELECT id_hash FROM unassigned"
_REFUSED = "SELECT DISTINCT message_id FROM rejected WHERE stage = 'ingest'"
_POISON = "SELECT count(*) FROM rejected WHERE stage = 'fold' AND code = 'record.unreadable'"


class Sums(NamedTuple):
    """Events, and the sum of the first 64 bits of their ids' hashes, which wraps."""

    events: int = 0
    ids: int = 0


class Ledger(NamedTuple):
    """What was answered 200: hashes of ids that count or wait, ids that were refused, and what windows must hold."""

    ids: set[bytes]
    waiting: set[bytes]
    refused: set[str]
    windows: dict[Window, Sums]


class Discrepancy(NamedTuple):
    """Ids that are missing and ids that are there too often (or that nobody sent), and where the first of them are."""

    lost: int
    doubled: int
    where: list[str]


def read(path: Path, workspace: int = 1) -> Ledger:
    """A ledger file; what it says twice it says once."""
    ledger, windows = Ledger(set(), set(), set(), {}), dict[Window, Sums]()
    for line in dict.fromkeys(path.read_text().splitlines()):
        entry = json.loads(line)
        if entry.get("refused"):
            ledger.refused.add(entry["id"])
            continue
        hashed = id_hash(workspace, entry["id"])
        ledger.ids.add(hashed)
        account = entry.get("account")
        if account is None:
            ledger.waiting.add(hashed)
            continue
        window = account, "" if account.startswith(AHEAD) else entry["hour"]
        before = windows.get(window, Sums())
        windows[window] = Sums(before.events + 1, (before.ids + _low(hashed)) % 2**64)
    return ledger._replace(windows=windows)


def compare(ledger: Ledger, imported: Counter[Window], rows: Rows) -> Iterator[tuple[str, Discrepancy]]:
    """Place by place: what each must hold against what it holds."""
    yield "windows", _windows(ledger.windows, _held(rows, 0))
    yield "imported windows", _imported(imported, _held(rows, 1))
    yield "ids", _each_once(ledger.ids, _ids(rows))
    yield "unassigned", _each_once(ledger.waiting, (bytes(row[0]) for row in rows(_WAITING)))
    yield "rejected", _each_once(ledger.refused, (row[0] for row in rows(_REFUSED)))
    counted = sum(of.events for of in ledger.windows.values()) + imported.total()
    yield "behaviors", _off(int(rows(_BY_BEHAVIOR)[0][0]) - counted, "events under their names")


def quarantined(rows: Rows) -> int:
    """How many records were put aside whole."""
    return int(rows(_POISON)[0][0])


def _held(rows: Rows, topic: int) -> dict[Window, Sums]:
    found = rows(_WINDOWS.format(topic=topic, ahead=AHEAD))
    return {(account, hour): Sums(int(events), int(ids) % 2**64) for account, hour, events, ids in found}


def _windows(due: Mapping[Window, Sums], held: Mapping[Window, Sums]) -> Discrepancy:
    lost = doubled = 0
    wrong = [window for window in due.keys() | held.keys() if due.get(window, Sums()) != held.get(window, Sums())]
    for window in wrong:
        off = held.get(window, Sums()).events - due.get(window, Sums()).events
        lost += max(-off, 0) or int(not off)  # the same number of other events: one lost, one doubled
        doubled += max(off, 0) or int(not off)
    return Discrepancy(lost, doubled, [f"{w}: {held.get(w)}, not {due.get(w)}" for w in sorted(wrong)[:3]])


def _imported(due: Mapping[Window, int], held: Mapping[Window, Sums]) -> Discrepancy:
    return _windows({window: Sums(n) for window, n in due.items()}, {w: Sums(of.events) for w, of in held.items()})


def _ids(rows: Rows) -> Iterator[bytes]:
    for (ids,) in rows(_IDS):
        held = bytes(ids)
        yield from (held[k : k + 16] for k in range(0, len(held), 16))


def _each_once(due: set[Any], held: Iterable[Any]) -> Discrepancy:
    times = Counter(held)
    lost, foreign = due - times.keys(), times.keys() - due
    again = sum(times.values()) - len(times)
    return Discrepancy(len(lost), len(foreign) + again, [repr(one) for one in [*lost, *foreign][:3]])


def _off(by: int, what: str) -> Discrepancy:
    return Discrepancy(max(-by, 0), max(by, 0), [f"{by:+} {what}"] if by else [])


def _low(hashed: bytes) -> int:
    return int.from_bytes(hashed[:8], "little")
