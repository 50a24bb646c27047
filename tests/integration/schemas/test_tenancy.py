"""A transaction that is bound to a workspace reaches no other's rows, whatever the query forgets."""

from collections.abc import Iterator

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from schemas.accounts import AccountRow
from schemas.clock import to_datetime
from schemas.database import engine as engines
from schemas.database import facts, tables, tenancy
from schemas.database.keys import create_key
from schemas.database.sessions import Database
from schemas.database.workspaces import create_workspace
from schemas.keys import Scope

NOW = to_datetime(1_700_000_000_000)
TABLES = tables.metadata.tables
OF_ONE = dict.fromkeys(("workspaces", "keys", "accounts", "account_facts", "behaviors", "progress"), 1)
OF_ONE["segment_marks"] = 2  # the account was made, and its traits were said


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(engines.create(database_url, pool=2))
    for number, name in enumerate(("alpha", "beta"), 1):
        assert create_workspace(made.engine, name) == number
        create_key(made.engine, number, [Scope.READ], name)
        with made.writing() as connection:
            facts.put_accounts(connection, number, [AccountRow(account=name, traits={"name": name})], NOW)
    yield made
    made.close()


def test_every_table_is_bound_shared_or_closed() -> None:
    bound = {name for name, table in TABLES.items() if "workspace" in table.c} | set(tenancy._OTHERWISE)
    assert bound | set(tenancy.SHARED) | set(tenancy.CLOSED) == TABLES.keys()
    assert not bound & {*tenancy.SHARED, *tenancy.CLOSED}


@pytest.mark.parametrize("name", TABLES)
def test_a_question_that_names_no_workspace_is_answered_for_one(database: Database, name: str) -> None:
    table = TABLES[name]
    if name in tenancy.CLOSED:
        with pytest.raises(DBAPIError, match="permission denied"), database.reading(1) as connection:
            connection.execute(select(table))
        return
    with database.reading(1) as connection:
        rows = connection.execute(select(table)).all()
    assert {row.workspace for row in rows if "workspace" in table.c} <= {1}
    assert len(rows) == OF_ONE.get(name, 0)


def test_what_is_another_s_can_t_be_changed_or_made(database: Database) -> None:
    accounts, keys = TABLES["accounts"], TABLES["keys"]
    with database.writing(1) as connection:
        assert connection.execute(update(accounts).values(traits={})).rowcount == 1
        assert connection.execute(delete(keys).where(keys.c.workspace == 2)).rowcount == 0
    for table, row in (
        (accounts, {"workspace": 2, "number": 99, "account": "x"}),
        (keys, {"workspace": 2, "name": "x", "prefix": "x", "hash": b"x", "scopes": ["admin"]}),
    ):
        with pytest.raises(DBAPIError, match=r"policy|check option"), database.writing(1) as connection:
            connection.execute(insert(table).values(row))
    with database.writing() as connection:  # the pipeline's own transactions see all
        assert connection.scalar(select(func.count()).select_from(accounts).where(accounts.c.traits != {})) == 1


def test_a_transaction_that_is_bound_to_none_is_refused_rows(database: Database) -> None:
    for name in ("accounts", "keys", "tenant.accounts"):
        count = f"SET LOCAL ROLE {tenancy.ROLE}; SELECT count(*) FROM {name}"  # noqa: S608
        with pytest.raises(DBAPIError), database.writing() as connection:
            connection.exec_driver_sql(count)


def test_words_and_traits_are_still_found_by_index(database: Database) -> None:
    accounts = TABLES["accounts"]
    with database.writing() as connection:
        rows = [{"workspace": 1, "number": i, "account": f"a{i}", "traits": {"n": i}} for i in range(10, 5_000)]
        connection.execute(insert(accounts), rows)
        connection.exec_driver_sql("ANALYZE accounts")
    word = tables.account_words.op("@@")(func.to_tsquery("simple", "a77"))
    with database.reading(1) as connection:
        trait = text("""accounts.traits @> '{"n": 77}'""")
        for where, index in ((word, "accounts_words"), (trait, "accounts_traits")):
            asked = select(accounts.c.number).where(where).compile(connection)
            plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {asked}", asked.params).scalars())
            assert f"Bitmap Index Scan on {index}" in plan


def test_it_is_made_anew_only_where_something_changed(database: Database) -> None:
    oid = text("SELECT to_regclass('tenant.accounts')::oid")
    with database.writing() as connection:
        before = connection.scalar(oid)
        tenancy.install(connection)
        assert connection.scalar(oid) == before
        connection.execute(text("COMMENT ON SCHEMA tenant IS 'of before'"))
        tenancy.install(connection)
        assert connection.scalar(oid) != before
