"""What was known of accounts and users, and when: their facts in order, and when days were evaluated first."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Text, false, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, array

from schemas.database.tables import account_facts, evaluations, user_facts


def facts_of_changed(
    connection: Connection, workspace: int, traits: Sequence[str], since: datetime, known: datetime | None
) -> Iterator[tuple[int, dict[str, Any], datetime, datetime]]:
    """The facts (account, traits, valid_from, recorded_at) of accounts that are not today what they were then.

    Those are the accounts of which something holds only after `since`, or was recorded only after `known` (None: that
    does not matter). Only facts that name one of `traits` are read; by account, in the order in which they hold.
    """
    facts = account_facts.c
    says = (facts.workspace == workspace, facts.traits.op("?|")(array(traits, type_=ARRAY(Text))))
    later = false() if known is None else facts.recorded_at > known
    changed = select(facts.account).where(*says, or_(facts.valid_from > since, later))
    query = (
        select(facts.account, facts.traits, facts.valid_from, facts.recorded_at)
        .where(*says, facts.account.in_(changed))
        .order_by(facts.account, facts.valid_from, facts.id)
    )
    for row in connection.execute(query):
        yield row.account, row.traits, row.valid_from, row.recorded_at


def roles_of_changed(
    connection: Connection, workspace: int, since: datetime, known: datetime | None
) -> Iterator[tuple[int, dict[str, Any], datetime, datetime]]:
    """The same of users whose role is not today's: what was said of their roles, by user."""
    facts = user_facts.c
    says = (facts.workspace == workspace, facts.traits.op("?")("role"))
    later = false() if known is None else facts.recorded_at > known
    changed = select(facts.user).where(*says, or_(facts.valid_from > since, later))
    query = (
        select(facts.user, facts.traits["role"].astext.label("role"), facts.valid_from, facts.recorded_at)
        .where(*says, facts.user.in_(changed))
        .order_by(facts.user, facts.valid_from, facts.id)
    )
    for row in connection.execute(query):
        yield row.user, {"role": row.role}, row.valid_from, row.recorded_at


def first_evaluations(connection: Connection, workspace: int, since: datetime) -> list[tuple[datetime, datetime]]:
    """The moments evaluated after `since`, each with when that was done first."""
    moments = evaluations.c
    query = (
        select(moments.moment, func.min(moments.recorded_at))
        .where(moments.workspace == workspace, moments.moment > since)
        .group_by(moments.moment)
    )
    return [(row[0], row[1]) for row in connection.execute(query)]
