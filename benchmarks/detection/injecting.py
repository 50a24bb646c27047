"""Drops put into real histories: which companies may be dropped when, and what is left of their activity."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import zstandard
from numpy.typing import NDArray

from benchmarks.detection.activity import Activity, rows
from benchmarks.detection.peers.rule import trailing

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
TRAILING, LEAST = 120, 5.0  # days, user-days a week
LENGTH = 150
APART = LENGTH + 365  # until a company, whole again, may drop another time in the same run
LEFT = {"silent": 0.0, "thinned": 0.3}
CROWD = 0.1  # of the companies that are busy enough, so many may drop at once


@dataclass(frozen=True)
class Injection:
    """One company's drop, from a day on."""

    account: int
    day: int
    kind: str


@dataclass(frozen=True)
class History:
    """A file's rows in columns, and each one as it stood in the file."""

    header: str
    accounts: list[str]
    first: date
    day: Ints
    account: Ints
    user: Ints
    lines: list[str]

    def activity(self, kept: Mask | None = None) -> Activity:
        """Distinct users by company and day, of the rows that are kept."""
        part = slice(None) if kept is None else kept
        days = int(self.day.max()) + 1
        key = (self.account[part] * days + self.day[part]) * (int(self.user.max()) + 1) + self.user[part]
        cell = np.unique(key) // (int(self.user.max()) + 1)
        users = np.bincount(cell, minlength=len(self.accounts) * days).reshape(len(self.accounts), days)
        return Activity(self.accounts, self.first, users, np.zeros(len(self.accounts), dtype=np.int64))

    def write(self, path: Path, kept: Mask) -> None:
        """The kept rows as a .csv.zst."""
        text = "".join([self.header, *(self.lines[row] for row in np.flatnonzero(kept))])
        path.write_bytes(zstandard.ZstdCompressor(level=3).compress(text.encode()))


def read_history(path: Path) -> History:
    """Reads an activity file (time, account, user, behavior, ...), in the order of time."""
    found = sorted(rows(path))
    accounts, users = ({name: i for i, name in enumerate(sorted({row[c] for row in found}))} for c in (1, 2))
    days = np.array([row[0][:10] for row in found], dtype="datetime64[D]")
    return History(
        header=header(path),
        accounts=list(accounts),
        first=days[0].item(),
        day=(days - days[0]).astype(np.int64),
        account=np.array([accounts[row[1]] for row in found]),
        user=np.array([users[row[2]] for row in found]),
        lines=[row[3].rstrip("\n") + "\n" for row in found],  # the last one may lack its end
    )


def header(path: Path) -> str:
    """The file's first line."""
    with path.open("rb") as raw:
        file = zstandard.ZstdDecompressor().stream_reader(raw) if path.suffix == ".zst" else raw
        return file.read(4096).decode().split("\n", 1)[0] + "\n"


def eligible(activity: Activity) -> Mask:
    """By company and day: the 120 days before it average at least 5 user-days a week."""
    before = np.pad(trailing(activity.users, TRAILING), ((0, 0), (1, 0)))[:, :-1]
    return before >= LEAST * TRAILING / 7


def draw(may: Mask, each: int, rng: np.random.Generator) -> list[Injection]:
    """So many injections of each kind, on days that are followed by 150 more: a company, then one of its days."""
    ending = may.copy()
    ending[:, -LENGTH:] = False
    companies = np.flatnonzero(ending.any(axis=1))
    picked = [(kind, int(company)) for kind in LEFT for company in rng.choice(companies, each)]
    return [Injection(company, int(rng.choice(np.flatnonzero(ending[company]))), kind) for kind, company in picked]


def batches(injections: Sequence[Injection], may: Mask) -> Iterator[list[Injection]]:
    """Injections that may share a run: a company seldom, a tenth of the busy ones at a time."""
    waiting = list(injections)
    busy = np.maximum(np.floor(CROWD * may.sum(axis=0)), 1)
    while waiting:
        batch: list[Injection] = []
        dropped, left = np.zeros(may.shape[1], dtype=np.int64), []
        for one in waiting:
            span = slice(one.day, one.day + LENGTH)
            free = all(one.account != b.account or abs(one.day - b.day) >= APART for b in batch)
            if free and (dropped[span] < busy[span]).all():
                batch.append(one)
                dropped[span] += 1
            else:
                left.append(one)
        yield batch
        waiting = left


def keep(history: History, batch: Sequence[Injection], rng: np.random.Generator) -> Mask:
    """Which rows the drops leave: each person's day as a whole stays or goes."""
    kept = np.ones(len(history.day), dtype=bool)
    luck = rng.random(1 << 20)
    person_day = (history.user * 7_919 + history.day * 104_729) % len(luck)
    for one in batch:
        hit = (history.account == one.account) & (history.day >= one.day) & (history.day < one.day + LENGTH)
        kept[hit] = luck[person_day[hit]] < LEFT[one.kind]
    return kept
