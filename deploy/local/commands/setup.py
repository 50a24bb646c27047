"""`ebbtide setup`: everything that has to be fetched or built once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

from typer import Option

from deploy.local import jars, packages, timescaledb
from deploy.local.console import say
from deploy.local.errors import MissingError
from deploy.local.rehearsal import rehearse


def command(
    plain: Annotated[bool, Option("--plain", help="Use plain PostgreSQL tables; install no system packages.")] = False,
) -> None:
    """Fetch Kafka and install TimescaleDB, once; `make setup` runs it.

    Example: ebbtide setup

    Exit codes: 0 all is here, 1 something could not be fetched. TimescaleDB is built or installed only as root on
    Debian-like machines; elsewhere plain PostgreSQL tables stand in, and that is no error.
    """
    with ThreadPoolExecutor(2) as pool:
        kafka = pool.submit(_kafka)
        database = pool.submit(_database, plain)
        database.result()
        kafka.result()


def _kafka() -> None:
    jars.folder(say)
    rehearse(say)


def _database(plain: bool) -> None:
    server = timescaledb.choose(plain=plain)
    if not server.timescaledb and not plain and packages.can_install():
        try:
            packages.install(say)
        except MissingError as error:
            say(f"TimescaleDB could not be installed. {error}")
        server = timescaledb.choose()
    say(f"Database: TimescaleDB on the PostgreSQL in {server.programs}." if server.timescaledb else timescaledb.PLAIN)
