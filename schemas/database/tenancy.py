"""What a transaction of the API may see and change: one workspace, and the database itself sees to that.

Such a transaction takes the role `ebbtide_api`, which reaches nothing but its workspace's rows, whatever a query
forgets. Most tables have row-level security for it. Accounts, alerts and windows are reached through views in schema
`tenant`: a policy, or a security barrier, keeps conditions that are not leakproof (words, JSON) from using their
indexes, and compression refuses policies. `install` follows from the tables: a new one is covered, or fails a test.
"""

import hashlib
from collections.abc import Iterator

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from schemas.database.tables import metadata

ROLE = "ebbtide_api"
VIEWED = ("accounts", "alerts", "windows")
SHARED = ("offsets",)  # how far the pipeline is says nothing of anybody; it may be read
CLOSED = ("counted_ids", "strays")  # ids and events of all workspaces; no question of the API needs them
_OURS = "current_setting('ebbtide.workspace')::int"
_OTHERWISE = {
    "workspaces": f"id = {_OURS}",
    "attempts": "EXISTS (SELECT FROM outbox WHERE outbox.id = attempts.outbox)",
}
_log = structlog.get_logger()

_ROLE = f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN CREATE ROLE {ROLE} NOLOGIN; END IF;
    IF NOT pg_has_role(current_user, '{ROLE}', 'member') THEN GRANT {ROLE} TO current_user; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""
_ENTER = text(
    f"SELECT set_config('role', '{ROLE}', true), set_config('search_path', 'tenant, public', true), "
    "set_config('ebbtide.workspace', :workspace, true)"
)
_USABLE = text(
    f"SELECT (SELECT pg_has_role(current_user, oid, 'member') FROM pg_roles WHERE rolname = '{ROLE}') "  # noqa: S608
    "AND to_regnamespace('tenant') IS NOT NULL"
)


def install(connection: Connection) -> None:
    """Makes role, policies and views what the tables ask for; touches nothing where they are.

    Where the database's user may not create roles, isolation rests on the queries alone, and the log says so.
    """
    statements = list(_statements())
    wanted = hashlib.sha256(";".join(statements).encode()).hexdigest()
    found = text("SELECT obj_description(to_regnamespace('tenant'), 'pg_namespace')")
    if connection.scalar(found) == wanted:
        return
    try:
        with connection.begin_nested():
            for statement in (_ROLE, *statements, f"COMMENT ON SCHEMA tenant IS '{wanted}'"):
                connection.exec_driver_sql(statement)
    except DBAPIError as error:
        said = str(error.orig).strip()
        _log.warning(
            f"the database can't keep workspaces apart itself: let a superuser run CREATE ROLE {ROLE}", why=said
        )


def usable(connection: Connection) -> bool:
    """Whether transactions can be bound."""
    return bool(connection.scalar(_USABLE))


def bind(connection: Connection, workspace: int) -> None:
    """Binds the transaction that is open to one workspace, until it ends."""
    connection.execute(_ENTER, {"workspace": str(workspace)})


def _statements() -> Iterator[str]:
    yield "DROP SCHEMA IF EXISTS tenant CASCADE"
    yield "CREATE SCHEMA tenant"
    yield f"GRANT USAGE ON SCHEMA public, tenant TO {ROLE}"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {ROLE}"
    for name in sorted(metadata.tables.keys() - set(CLOSED)):
        if name in SHARED:
            yield f"GRANT SELECT ON public.{name} TO {ROLE}"
        elif name in VIEWED:
            yield from _view(name)
        else:
            yield from _policy(name, _OTHERWISE.get(name, f"workspace = {_OURS}"))


def _view(name: str) -> Iterator[str]:
    columns = ", ".join(f'"{column.name}"' for column in metadata.tables[name].c)  # so that a new column makes it anew
    rows = f"SELECT {columns} FROM public.{name} WHERE workspace = {_OURS}"  # noqa: S608 - names of our own
    yield f"CREATE VIEW tenant.{name} AS {rows} WITH CHECK OPTION"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON tenant.{name} TO {ROLE}"


def _policy(name: str, rows: str) -> Iterator[str]:
    yield f"ALTER TABLE public.{name} ENABLE ROW LEVEL SECURITY"
    yield f"DROP POLICY IF EXISTS of_workspace ON public.{name}"
    yield f"CREATE POLICY of_workspace ON public.{name} TO {ROLE} USING ({rows})"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON public.{name} TO {ROLE}"
