"""Who is judged after a day: each account by each kind, from the detectors' verdicts and what they lack. Pure."""

from collections.abc import Iterable

import numpy as np

from schemas.coverage import NEVER, ROW, Rows, Status
from streams.evaluating.activity import account_of
from streams.evaluating.kinds.base import Kind, Scene

_MOST = 32_767


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
    if lack is None:
        return _best(rows)
    rows["begun"], rows["due_needed"] = lack.begun, lack.needs
    rows["days_needed"] = np.where(lack.begun < NEVER, np.minimum(lack.judged_from - lack.begun + 1, _MOST), 0)
    thin = ~verdicts.judged & (scene.day.date >= lack.judged_from) & (lack.has < lack.needs)
    rows["status"][thin] = Status.TOO_THIN
    rows["due"][thin] = np.floor(2 * lack.has[thin]) / 2
    return _best(rows if lack.mine is None else rows[lack.mine])


def _best(rows: Rows) -> Rows:
    order = np.lexsort((-rows["begun"].astype(np.int64), rows["due"], rows["status"], rows["account"]))
    rows, owners = rows[order], rows["account"][order].astype(np.int64)
    last = np.append(owners[1:] != owners[:-1], np.ones(min(len(rows), 1), np.bool_))
    found: Rows = rows[last]
    return found
