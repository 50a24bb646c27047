"""Facts about an account: contracts, outcomes, goals and their points, signals. Each is appended, never changed."""

from typing import Any

from fastapi import APIRouter

from api.dependencies import InPath, Writer
from api.models.accounts import (
    GoalPointShown,
    GoalShown,
    OutcomeShown,
    SignalShown,
    SubscriptionShown,
    UserShown,
)
from api.once import OnceRoute
from schemas.accounts import Fact, Goal, GoalPoint, Outcome, Signal, Subscription, UserPatch
from schemas.database import facts, tables
from schemas.database.accounts import number_of

router = APIRouter(prefix="/v1", tags=["facts"], route_class=OnceRoute)


def _append(tenant: Writer, account: InPath, table: Any, fact: Fact, **more: Any) -> dict[str, Any]:
    fields = fact.model_dump(mode="python", exclude={"valid_from"}) | {"valid_from": fact.at(tenant.now)} | more
    with tenant.writing() as (connection, workspace):
        number = number_of(connection, workspace, account)
        return facts.append(connection, table, workspace, number, fields)


@router.post("/accounts/{account:path}/subscriptions", response_model=SubscriptionShown, status_code=201)
def add_subscription(tenant: Writer, account: InPath, subscription: Subscription) -> Any:
    """Says what a contract is from `valid_from` on."""
    return _append(tenant, account, tables.subscriptions, subscription)


@router.post("/accounts/{account:path}/outcomes", response_model=OutcomeShown, status_code=201)
def add_outcome(tenant: Writer, account: InPath, outcome: Outcome) -> Any:
    """Says what the customer decided."""
    return _append(tenant, account, tables.outcomes, outcome)


@router.post("/accounts/{account:path}/goals", response_model=GoalShown, status_code=201)
def add_goal(tenant: Writer, account: InPath, goal: Goal) -> Any:
    """Sets an account's own measure of success."""
    milestones = [milestone.model_dump(mode="json") for milestone in goal.milestones]
    return _append(tenant, account, tables.goals, goal, milestones=milestones)


@router.post("/accounts/{account:path}/goals/{goal}/points", response_model=GoalPointShown, status_code=201)
def add_goal_point(tenant: Writer, account: InPath, goal: InPath, point: GoalPoint) -> Any:
    """Adds a level to a goal's series."""
    return _append(tenant, account, tables.goal_points, point, goal=goal)


@router.post("/accounts/{account:path}/signals", response_model=SignalShown, status_code=201)
def add_signal(tenant: Writer, account: InPath, signal: Signal) -> Any:
    """Keeps a call, meeting, e-mail, ticket, complaint or contract-change request; the same id twice is kept once."""
    fields = signal.model_dump(exclude={"valid_from", "id"}) | {"valid_from": signal.at(tenant.now)}
    with tenant.writing() as (connection, workspace):
        number = number_of(connection, workspace, account)
        return facts.append_signal(connection, workspace, number, signal.id, fields)


@router.put("/users/{user:path}", response_model=UserShown, summary="Change what is known of a user")
def put_user(tenant: Writer, user: InPath, patch: UserPatch) -> Any:
    """Sets role, side, traits or membership. Only people of side `customer` count in distinct users."""
    with tenant.writing() as (connection, workspace):
        return facts.put_user(connection, workspace, user, patch, tenant.now)
