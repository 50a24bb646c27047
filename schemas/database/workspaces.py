"""Workspaces: one product in one environment each; they own everything else."""

from sqlalchemy import Connection, Engine, insert, select

from schemas.database.tables import behaviors, progress, workspaces
from schemas.errors import NotFoundError
from schemas.windows import ALL, ALL_NUMBER


def create_workspace(engine: Engine, name: str) -> int:
    """The number of the workspace of that name, made when it is missing."""
    with engine.begin() as connection:
        found = connection.scalar(select(workspaces.c.id).where(workspaces.c.name == name).with_for_update())
        if found is not None:
            return int(found)
        number = int(connection.execute(insert(workspaces).values(name=name).returning(workspaces.c.id)).scalar_one())
        connection.execute(insert(progress).values(workspace=number))
        connection.execute(
            insert(behaviors).values(
                workspace=number, number=ALL_NUMBER, behavior=ALL, automatic=True, state="active", definition={}
            )
        )
        return number


def number_of(connection: Connection, name: str) -> int:
    """The number of the workspace of that name; raises NotFoundError where there is none."""
    found = connection.scalar(select(workspaces.c.id).where(workspaces.c.name == name))
    if found is None:
        raise NotFoundError(f"There is no workspace {name!r}.")
    return int(found)
