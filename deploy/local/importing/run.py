"""An import from its first line to its close."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import msgspec

from deploy.local.importing.collector import Collector, Refused, Reply
from deploy.local.importing.journal import Journal
from deploy.local.importing.payloads import Payload, Request, to_payloads, to_requests
from deploy.local.importing.rows import Row


class Summary(msgspec.Struct):
    """What an import did. Times are milliseconds since the epoch; `resumed_at` is the line an earlier run got to."""

    rows: int = 0
    accepted: int = 0
    refused: int = 0
    rejected: list[Refused] = []
    first: int | None = None
    last: int | None = None
    accounts: int = 0
    users: int = 0
    resumed_at: int = 0


class Tally:
    """Looks at each row as it passes."""

    def __init__(self) -> None:
        self.rows = 0
        self.first: int | None = None
        self.last: int | None = None
        self.accounts: set[str] = set()
        self.users: set[str] = set()

    def watch(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows."""
        for row in rows:
            self.rows += 1
            if not row.problem:
                self._note(row)
            yield row

    def _note(self, row: Row) -> None:
        self.first = row.time if self.first is None else min(self.first, row.time)
        self.last = row.time if self.last is None else max(self.last, row.time)
        if row.account:
            self.accounts.add(row.account)
        if row.user:
            self.users.add(row.user)


def run(
    rows: Iterable[Row], collector: Collector, journal: Journal, seen: Callable[[int], None] = lambda _: None
) -> Summary:
    """Sends what the journal does not know yet, then closes the import. `seen` is told how many rows each body had.

    Every row is read even when resuming, since a row's id counts its equals before it.
    """
    tally, resumed_at = Tally(), journal.progress.line
    send_all(to_requests(_fresh(to_payloads(tally.watch(rows)), resumed_at, seen)), collector, journal, seen)
    progress = journal.progress
    if progress.accepted:
        collector.close_import()
    journal.finish()
    return Summary(
        rows=tally.rows,
        accepted=progress.accepted,
        refused=progress.refused,
        rejected=progress.rejected,
        first=tally.first,
        last=tally.last,
        accounts=len(tally.accounts),
        users=len(tally.users),
        resumed_at=resumed_at,
    )


def _fresh(payloads: Iterable[Payload], resumed_at: int, seen: Callable[[int], None]) -> Iterator[Payload]:
    for payload in payloads:
        if payload.row.line > resumed_at:
            yield payload
        else:
            seen(1)


def send_all(requests: Iterable[Request], collector: Collector, journal: Journal, seen: Callable[[int], None]) -> None:
    """One body is on its way while the next is made; each is answered before the next goes, which keeps the order."""
    with ThreadPoolExecutor(1, "import") as sender:
        on_its_way: tuple[Request, Future[Reply]] | None = None
        try:
            for request in requests:
                following = (request, sender.submit(collector.send, request))
                _settle(on_its_way, journal, seen)
                on_its_way = following
            _settle(on_its_way, journal, seen)
        except BaseException:
            sender.shutdown(wait=False, cancel_futures=True)
            collector.give_up()
            raise


def _settle(sent: tuple[Request, Future[Reply]] | None, journal: Journal, seen: Callable[[int], None]) -> None:
    if sent is not None:
        request, future = sent
        reply = future.result()
        journal.advance(request.last_line, reply.accepted, reply.rejected)
        seen(len(request.payloads))
