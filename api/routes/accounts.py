"""Accounts: lists, one with what is known of it, and bulk import."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from api.bulk import MEDIA_TYPES, read_rows
from api.dependencies import InPath, Reader, Writer
from api.models.accounts import AccountDetail, AccountShown, Imported
from api.models.common import Page, Paged, Word, shown
from api.once import OnceRoute
from schemas.accounts import AccountPatch, AccountRow
from schemas.database import accounts, facts
from schemas.database.accounts import AccountFilter, Sort

router = APIRouter(prefix="/v1", tags=["accounts"], route_class=OnceRoute)

SEEN = timedelta(days=90)


class AccountQuery(Paged):
    """Which accounts; all that is asked must be met. Sorted by id, by name, or by ARR, the highest first."""

    q: Word = Field("", description="words of the id or name; the last may be a beginning")
    plan: Word | None = None
    region: Word | None = None
    stage: Word | None = None
    industry: Word | None = None
    csm: Word | None = None
    parent: Word | None = None
    sort: Sort = "account"

    def filter(self) -> AccountFilter:
        """The same as the database reads it."""
        traits = self.model_dump(include={"plan", "region", "stage", "industry", "csm", "parent"}, exclude_none=True)
        return AccountFilter(traits, self.q)


@router.get("/accounts", response_model=Page[AccountShown], summary="List accounts")
def list_accounts(tenant: Reader, query: Annotated[AccountQuery, Query()]) -> Any:
    """Every account that meets all of what is asked."""
    with tenant.reading() as (connection, workspace):
        found = accounts.list_accounts(connection, workspace, query.filter(), query.sort, query.limit, query.cursor)
        return shown(found)


@router.post(
    "/accounts:import",
    response_model=Imported,
    summary="Set the traits of many accounts at once",
    openapi_extra={"requestBody": {"required": True, "content": MEDIA_TYPES}},
)
async def import_accounts(tenant: Writer, request: Request) -> Any:
    """All rows in one transaction, or none. Each has `account`; other columns are traits.

    Sending the same again changes nothing.
    """
    rows = read_rows(await request.body(), request.headers.get("content-type", "application/json"))
    return await run_in_threadpool(_import, tenant, rows)


def _import(tenant: Writer, rows: list[AccountRow]) -> dict[str, int]:
    with tenant.writing() as (connection, workspace):
        return facts.put_accounts(connection, workspace, rows, tenant.now)


@router.get("/accounts/{account:path}", response_model=AccountDetail, summary="One account")
def get_account(tenant: Reader, account: InPath) -> Any:
    """Its traits and their history, contracts, outcomes, goals, signals, and the behaviors of the last 90 days."""
    with tenant.reading() as (connection, workspace):
        return accounts.account(connection, workspace, account, tenant.now - SEEN)


@router.put("/accounts/{account:path}", response_model=AccountDetail, summary="Change what is known of an account")
def put_account(tenant: Writer, account: InPath, patch: AccountPatch) -> Any:
    """Appends a patch of traits, true from `valid_from` on; makes the account where there is none."""
    row = AccountRow(account=account, **patch.model_dump())
    with tenant.writing() as (connection, workspace):
        facts.put_accounts(connection, workspace, [row], tenant.now)
        return accounts.account(connection, workspace, account, tenant.now - SEEN)
