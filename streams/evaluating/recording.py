"""Recorded events, row by row, as the fold takes them: for backtests, which need no server."""

from array import array
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
import numpy as np

from schemas.behaviors import Definition
from schemas.clock import HOUR_MS
from schemas.windows import ALL, ALL_NUMBER
from streams.calendar import day_number
from streams.detectors.base import Ints
from streams.evaluating.activity import Activity, gather, nothing, pack
from streams.evaluating.loading import local_hours
from streams.evaluating.world import Account, World, account_of_traits

_HERE = 1  # the workspace's number


class Recording:
    """Events in columns. Accounts and users have numbers from 1 on, in the order in which they first appear.

    Judged are `*` and the declared key behaviors, as in live evaluation.
    """

    def __init__(self, declared: Sequence[Definition] = ()) -> None:
        self._keys = [one for one in declared if one.key]
        self._hours, self._accounts, self._users, self._names = (array("q") for _ in range(4))
        self._account, self._user, self._name = _Numbers(), _Numbers(), _Numbers()
        self._matched: list[array[int]] = [array("q") for _ in self._keys]
        self._matching: list[list[int]] = [[]]
        self.homeless = 0

    def __len__(self) -> int:
        return len(self._hours)

    def add(self, time: int, account: str | None, user: str | None, name: str, properties: Mapping[str, Any]) -> None:
        """One event; `time` in ms. One that names no account is only counted in `homeless`."""
        if not account:
            self.homeless += 1
            return
        code = self._name[name]
        if code == len(self._matching):
            self._matching.append([i for i, one in enumerate(self._keys) if one.counts(name)])
        for i in self._matching[code]:
            if self._keys[i].measured(properties) is not None:
                self._matched[i].append(len(self._hours))
        self._hours.append(time // HOUR_MS)
        self._accounts.append(self._account[account])
        self._users.append(self._user[user] if user else 0)

    def world(self, traits: Mapping[str, Mapping[str, Any]]) -> World:
        """The recorded accounts with their traits; a `created` day is one of them."""
        accounts = {
            number: _began(account_of_traits(number, account, dict(traits.get(account, {}))), traits.get(account, {}))
            for account, number in self._account.items()
        }
        behaviors = {ALL_NUMBER: ALL} | {i: one.name for i, one in enumerate(self._keys, ALL_NUMBER + 1)}
        users = {number: user for user, number in self._user.items()}
        return World(_HERE, accounts, behaviors, users, np.empty(0, np.int64))

    @property
    def span(self) -> tuple[int, int]:
        """The moments (ms) between which everything happened: the first hour's start and the last hour's end."""
        hours = np.frombuffer(self._hours, np.int64)
        return int(hours.min()) * HOUR_MS, (int(hours.max()) + 1) * HOUR_MS

    def activity(self, world: World, first: int, last: int) -> Activity:
        """What the judged behaviors did on the local days from `first` to `last`."""
        if not len(self):
            return nothing()
        hours, accounts, users = (
            np.frombuffer(column, np.int64) for column in (self._hours, self._accounts, self._users)
        )
        days, times = local_hours(world, accounts, hours, first, last)
        rows = [np.arange(len(hours)), *(np.frombuffer(found, np.int64) for found in self._matched)]
        numbers = np.repeat(np.arange(ALL_NUMBER, ALL_NUMBER + len(rows)), [len(found) for found in rows])
        row = np.concatenate(rows)
        kept = (days[row] >= first) & (days[row] <= last)
        row, keys = row[kept], pack(accounts[row[kept]], numbers[kept])
        present = _present(keys, hours[row], users[row])
        return gather(days[row], times[row], keys, np.ones(len(row), np.int64), present, users[row][present])


class _Numbers(dict[str, int]):
    """Numbers from 1 on, given as names are asked for."""

    def __missing__(self, name: str) -> int:
        self[name] = len(self) + 1
        return self[name]


def _began(account: Account, traits: Mapping[str, Any]) -> Account:
    """An account with the day of its `created` trait."""
    try:
        began = day_number(date.fromisoformat(str(traits.get("created", ""))[:10]))
    except ValueError:
        return account
    return msgspec.structs.replace(account, began=began)


def _present(keys: Ints, hours: Ints, users: Ints) -> Ints:
    """The events that show somebody: those without a user only where nobody is named in the same hour."""
    unnamed = np.flatnonzero(users == 0)
    if not len(unnamed):
        return np.arange(len(users))
    order = np.unique(keys, return_inverse=True)[1] * (1 << 24) + hours
    alone = unnamed[~np.isin(order[unnamed], order[users != 0])]
    found: Ints = np.union1d(np.flatnonzero(users != 0), alone)
    return found
