"""The past of a behavior that is new or has changed: its partitions are read again, as the live fold read them."""

from collections.abc import Sequence

import numpy as np

from schemas.clock import HOUR_MS
from schemas.database.copying import steps_data, windows_data
from schemas.database.definitions import Key, Registered, advance
from schemas.database.rows import Added
from schemas.database.unassigned import waiting_ids
from schemas.events import Kind
from streams.dedupe import IdTable, contains
from streams.fold import Integers, Rows, fold
from streams.folding import customers, lateness
from streams.folding.counting import Among, count_declared, path_steps
from streams.folding.folder import Folder
from streams.folding.gathering import Gathered, learn_and_gather
from streams.folding.partitions import horizon
from streams.folding.records import Chunk, read


class Rebuild:
    """One behavior in one partition. Ids are met from the beginning, so that what counts first counted first then."""

    def __init__(self, folder: Folder, one: Registered, key: Key) -> None:
        self.one, self.key = one, key
        self.until, self.reached = one.since[key], one.rebuilt[key]
        self._folder = folder
        self._ids = IdTable()
        self._hour = 0
        with folder.database.reading() as connection:
            waiting = waiting_ids(connection, *key)
        self._waiting = np.frombuffer(b"".join(waiting), "<u8").reshape(-1, 2)

    def step(self, records: Sequence[tuple[int, bytes]], now: int, tick: float) -> int:
        """Adds the records' share; what was added before only fills the memory of ids. How many events it read."""
        folder = self._folder
        chunk = Chunk(*self.key, records)
        good, _ = read(chunk, [record for record in records if record[0] < self.until], folder.workspaces, now)
        good = [record for record in good if len(record.batch)]
        gathered = learn_and_gather(good, folder.accounts, folder.users, folder.names)
        new = self._new([record.batch.received // HOUR_MS for record in good], gathered.record, gathered.ids)
        new &= np.array([stream.workspace == self.one.workspace for stream in gathered.streams], bool)[gathered.stream]
        new &= (gathered.offset >= self.reached) & ~contains(self._waiting, gathered.ids)
        account = customers.resolve(gathered, new & (gathered.kind == Kind.TRACK), folder.memberships, tick)
        counted = customers.countable(gathered, new, account)
        reached = min(self.until, records[-1][0] + 1)
        if reached > self.reached:
            added = self._added(gathered, counted, account)
            advance(folder.database, self.one, self.key, self.reached, reached, added)
            self.reached = reached
        return len(gathered)

    def finish(self) -> None:
        """Says that there is nothing more before the offset from which the live fold counts."""
        if self.reached < self.until:
            advance(self._folder.database, self.one, self.key, self.reached, self.until, Added())
            self.reached = self.until

    def _added(self, gathered: Gathered, counted: Integers, account: Integers) -> Added:
        among: Among = lambda declared: declared.number == self.one.number  # noqa: E731
        of = gathered, counted, account, self._folder.names, among
        steps = steps_data(path_steps(*of))
        rows = count_declared(*of)
        if not rows:
            return Added(steps=steps)
        deltas = fold(Rows.join(rows), gathered.streams)
        return Added(windows_data(deltas), steps, lateness.always(deltas))

    def _new(self, hours: list[int], record: np.ndarray, ids: np.ndarray) -> np.ndarray:
        of = np.array(hours, np.int32)[record] if len(ids) else np.empty(0, np.int32)
        if len(of) and int(of.max()) > self._hour:
            self._hour = int(of.max())
            self._ids.keep_from(horizon(self.key[0], self._hour))
        return self._ids.add(ids, of)
