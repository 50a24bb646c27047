"""What every list shares."""

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from schemas.database.paging import Page as Rows

T = TypeVar("T")
Word = Annotated[str, Field(max_length=256)]
MAX_LIMIT = 500


class Model(BaseModel):
    """A part of an answer."""


class Page(BaseModel, Generic[T]):
    """Rows in a stable order, and where the next page starts."""

    items: list[T]
    next_cursor: str | None = Field(None, description="give it as `cursor` to get the next page; null on the last")


class Paged(BaseModel):
    """What every list is asked with; a word it does not know is refused."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="rows of a page")
    cursor: Annotated[str, Field(max_length=2000)] | None = Field(None, description="`next_cursor` of the page before")


def shown(rows: Rows) -> dict[str, Any]:
    """A page of rows as the answer's content."""
    return {"items": rows.items, "next_cursor": rows.next_cursor}


def example(**fields: Any) -> ConfigDict:
    """A model's configuration with an example, which the tests hold against its schema."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


class ShownOnce(Model):
    """An answer with a secret that nothing can show again."""
