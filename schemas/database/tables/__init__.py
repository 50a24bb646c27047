"""Every table, as SQLAlchemy Core. Alembic's migrations build what stands here.

Each key starts with the workspace, except where rows belong to the pipeline itself (offsets, counted ids). Facts about
customers are appended with `valid_from` (since when it is true) and `recorded_at` (since when we know it), so that a
replay reads what was known then. Times are timestamptz in UTC; hours are the start of the UTC hour.
"""

from schemas.database.tables.acting import nudges, tasks
from schemas.database.tables.base import metadata
from schemas.database.tables.customers import (
    account_arr,
    account_facts,
    account_name,
    account_words,
    accounts,
    erased,
    erasures,
    goal_points,
    goals,
    identities,
    memberships,
    outcomes,
    releases,
    signals,
    subscriptions,
    user_facts,
    users,
)
from schemas.database.tables.definitions import behaviors, rebuilds
from schemas.database.tables.delivery import attempts, endpoints, old_keys, outbox
from schemas.database.tables.detection import (
    alert_segment,
    alerts,
    calibrations,
    checkpoints,
    coverage,
    csms,
    digests,
    evaluations,
    progress,
    silences,
    transitions,
    tunings,
    verdicts,
)
from schemas.database.tables.owners import keys, requests, workspaces
from schemas.database.tables.pipeline import (
    counted_ids,
    imports,
    offsets,
    path_steps,
    rejected,
    strays,
    unassigned,
    windows,
)
from schemas.database.tables.segments import segment_figures, segment_marks

__all__ = [
    "account_arr",
    "account_facts",
    "account_name",
    "account_words",
    "accounts",
    "alert_segment",
    "alerts",
    "attempts",
    "behaviors",
    "calibrations",
    "checkpoints",
    "counted_ids",
    "coverage",
    "csms",
    "digests",
    "endpoints",
    "erased",
    "erasures",
    "evaluations",
    "goal_points",
    "goals",
    "identities",
    "imports",
    "keys",
    "memberships",
    "metadata",
    "nudges",
    "offsets",
    "old_keys",
    "outbox",
    "outcomes",
    "path_steps",
    "progress",
    "rebuilds",
    "rejected",
    "releases",
    "requests",
    "segment_figures",
    "segment_marks",
    "signals",
    "silences",
    "strays",
    "subscriptions",
    "tasks",
    "transitions",
    "tunings",
    "unassigned",
    "user_facts",
    "users",
    "verdicts",
    "windows",
    "workspaces",
]
