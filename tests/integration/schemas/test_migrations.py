"""The migrations build what `tables.py` says: nothing more, nothing less."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from schemas.database import engine as engines
from schemas.database import migrate
from schemas.database.tables import metadata

IN_OTHER_WORDS = {"accounts_by_arr"}  # PostgreSQL tells the expression of this index in other words than ours


@pytest.mark.parametrize("kind", ["database_url", "plain_database_url"])
def test_migrations_are_the_tables(request: pytest.FixtureRequest, kind: str) -> None:
    url = request.getfixturevalue(kind)
    migrate.upgrade(url)
    engine = engines.create(url)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"target_metadata": metadata})
            changes = compare_metadata(context, metadata)
            assert [change for change in changes if change[1].name not in IN_OTHER_WORDS] == []
    finally:
        engine.dispose()
