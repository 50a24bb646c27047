"""Activity files as a table of distinct users by account and day."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import zstandard
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Row = tuple[str, str, str, str]  # time, account, user, the line itself


@dataclass(frozen=True)
class Activity:
    """Distinct users by account (rows) and UTC day (columns, from `first` on), and each account's segment."""

    accounts: list[str]
    first: date
    users: Ints
    segment: Ints

    @property
    def days(self) -> int:
        """How many days there are."""
        return self.users.shape[1]


def rows(path: Path) -> Iterator[Row]:
    """The rows of a .csv or .csv.zst file whose header names time, account and user; no field is quoted."""
    with path.open("rb") as raw:
        file = zstandard.ZstdDecompressor().stream_reader(raw) if path.suffix == ".zst" else raw
        lines = io.TextIOWrapper(io.BufferedReader(file, 1 << 20), encoding="utf-8")  # type: ignore[type-var]
        header = next(lines).rstrip("\n").split(",")
        time, account, user = (header.index(name) for name in ("time", "account", "user"))
        for line in lines:
            fields = line.rstrip("\n").split(",")
            yield fields[time], fields[account], fields[user], line


def read(events: Path, first: date, days: int, accounts: dict[str, str]) -> Activity:
    """Counts distinct users a day; accounts maps each one to its segment's name."""
    number = {account: index for index, account in enumerate(accounts)}
    midnights = {str(np.datetime64(first) + day): day for day in range(days)}
    seen: set[tuple[int, int, str]] = set()
    for time, account, user, _ in rows(events):
        day = midnights.get(time[:10])
        if day is not None and account in number:
            seen.add((number[account], day, user))
    users = np.zeros((len(number), days), dtype=np.int64)
    if seen:
        where = np.array([(account, day) for account, day, _ in seen])
        np.add.at(users, (where[:, 0], where[:, 1]), 1)
    names = sorted(set(accounts.values()))
    return Activity(list(number), first, users, np.array([names.index(segment) for segment in accounts.values()]))


def read_accounts(path: Path) -> dict[str, str]:
    """Each account's segment, from an accounts.csv."""
    with path.open(newline="") as file:
        return {row["account"]: row["segment"] for row in csv.DictReader(file)}
