"""Rules as verdicts tune them: how right each kind is, and a factor on its share of the budget, to be taken back."""

from typing import Any

from fastapi import APIRouter

from api.dependencies import InPath, Reader, Writer
from api.models.rules import RuleShown, RulesShown, Tuning
from api.once import OnceRoute
from api.routes.handling import actor_of
from schemas.database import tuning

router = APIRouter(prefix="/v1/rules", tags=["rules"], route_class=OnceRoute)


@router.get("", response_model=RulesShown)
def list_rules(tenant: Reader) -> Any:
    """Each kind's precision by people's verdicts, how it is tuned, and what its verdicts suggest."""
    with tenant.reading() as (connection, workspace):
        return {"items": tuning.list_rules(connection, workspace)}


@router.post("/{kind}/tuning", response_model=RuleShown)
def tune_rule(tenant: Writer, kind: InPath, wanted: Tuning) -> Any:
    """Makes the rule stricter or laxer from the next evaluation on, for every account alike."""
    who = actor_of(tenant, wanted.actor)
    with tenant.writing() as (connection, workspace):
        return tuning.tune(connection, workspace, kind, wanted.factor, who, wanted.reason)


@router.delete("/{kind}/tuning", response_model=RuleShown)
def untune_rule(tenant: Writer, kind: InPath) -> Any:
    """Puts the rule back to what its file, or the product, says."""
    with tenant.writing() as (connection, workspace):
        return tuning.tune(connection, workspace, kind, 1.0, tenant.key.name, "taken back")
