"""Transactions: timed, with errors in our own words, and refused at once while the database is taken for gone."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from schemas.database import tenancy
from schemas.database.pulse import Pulse
from schemas.errors import UnavailableError


class Database:
    """Hands out transactions on `engine`; `observe(seconds)` is told how long each one took."""

    def __init__(self, engine: Engine, observe: Callable[[float], None] = lambda _: None) -> None:
        self.engine = engine
        self.pulse = Pulse(engine)
        self._observe = observe
        self._bindable = False

    @contextmanager
    def reading(self, workspace: int | None = None) -> Iterator[Connection]:
        """A transaction that sees one moment and writes nothing; of a workspace's rows only, where one is given."""
        with self._transaction() as connection:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            self._bind(connection, workspace)
            yield connection

    @contextmanager
    def writing(self, workspace: int | None = None) -> Iterator[Connection]:
        """A transaction that commits when the block ends well; of a workspace's rows only, where one is given."""
        with self._transaction() as connection:
            self._bind(connection, workspace)
            yield connection

    def close(self) -> None:
        """Gives every connection back."""
        self.pulse.stop()
        self.engine.dispose()

    def _bind(self, connection: Connection, workspace: int | None) -> None:
        if workspace is None:
            return
        self._bindable = self._bindable or tenancy.usable(connection)
        if self._bindable:
            tenancy.bind(connection, workspace)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        if self.pulse.silent:
            raise UnavailableError(f"The database has not answered for {self.pulse.silence:.0f} s; nothing was kept.")
        started = time.perf_counter()
        try:
            with self.engine.begin() as connection:
                yield connection
        except (OperationalError, InterfaceError, PoolTimeoutError) as error:
            raise UnavailableError(f"The database did not answer ({_first_line(error)}); nothing was kept.") from error
        finally:
            self._observe(time.perf_counter() - started)


def _first_line(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return next(iter(str(cause).strip().splitlines()), type(cause).__name__)
