"""Who is judged after a day: each account by each kind, from the detectors' verdicts and what they lack. Pure."""

from collections.abc import Iterable

import numpy as np

from schemas.coverage import NEVER, ROW, Rows, Status
from streams.evaluating.activity import account_of
from streams.evaluating.kinds.base import Kind, Scene


def cover(kinds: Iterable[Kind], scene: Scene) -> dict[str, Rows]:
    """By kind a row for each account that it has keys of, sorted by account; kinds that are about no account aside.

    Where two look for the same, the last one speaks for both: it judges days, the other only hours of busy keys.
    """
    return {kind.kind.value: _rows(kind, scene) for kind in kinds if kind.account(1 << 32) is not None}


def _rows(kind: Kind, scene: Scene) -> Rows:
    """Of an account's keys the one that is judged best speaks for it."""
    verdicts, lack = scene.verdicts[kind.detector.name], kind.lack(scene)
    rows = np.zeros(len(verdicts.keys), ROW)
    rows["account"] = account_of(verdicts.keys)
    rows["status"] = np.where(verdicts.judged, Status.JUDGED, Status.NO_DATA)
    if lack is not None:
        old = (lack.age >= lack.days_needed) & ~verdicts.judged
        rows["status"][old] = Status.TOO_THIN
        rows["begun"] = np.where(lack.age >= 0, scene.day.date - lack.age, NEVER)
        rows["days_needed"], rows["due_needed"] = lack.days_needed, lack.due_needed
        rows["due"][old] = np.floor(2 * np.minimum(lack.due, lack.due_needed - 0.5)[old]) / 2
    return _best(rows)


def _best(rows: Rows) -> Rows:
    order = np.lexsort((-rows["begun"].astype(np.int64), rows["due"], rows["status"], rows["account"]))
    rows, owners = rows[order], rows["account"][order].astype(np.int64)
    last = np.append(owners[1:] != owners[:-1], np.ones(min(len(rows), 1), np.bool_))
    found: Rows = rows[last]
    return found
