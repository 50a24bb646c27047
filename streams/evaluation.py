"""Evaluation of one workspace: what is closed and not yet judged, or has changed; one transaction writes it.

The order is: take over the marks (a short transaction), read, fold, write. A worker that dies in between leaves its
mark for the next one; one that was overtaken finds another revision and writes nothing.
"""

from datetime import datetime
from functools import partial
from typing import NamedTuple

import numpy as np
import structlog

from schemas.clock import HOUR_MS, to_datetime
from schemas.database import alerts as alert_queries
from schemas.database import evaluation as queries
from schemas.database.engine import Connection, Engine
from schemas.days import day_start
from streams import metrics
from streams.alerting import Life
from streams.calendar import day_number, day_of
from streams.evaluating import checkpoints, folding, loading, planning
from streams.evaluating.folding import Progress
from streams.evaluating.kinds.base import closing
from streams.evaluating.opening import Happening
from streams.evaluating.planning import Plan
from streams.evaluating.reconciling import Revision, Stretch, reconcile
from streams.evidence import CONTEXT

_CHUNK = 365
_log = structlog.get_logger()


class Folded(NamedTuple):
    """What the fold came to: changes of alerts, open episodes, states worth keeping by day, and the last one."""

    happenings: list[Happening]
    lives: list[Life]
    states: dict[int, bytes]
    end: Progress


def evaluate(engine: Engine, workspace: int, watermark: int, now: datetime) -> int:
    """Evaluates all closed days of a workspace that are due, or due again, and the hours of those that still go on.

    Runs in a thread of its own.

    Args:
        engine: The database.
        workspace: Its number.
        watermark: Milliseconds since the epoch; everything before it has been folded.
        now: What the clock says; it only dates messages.

    Returns:
        How many steps alerts have taken. 0 also where another evaluator is at work.
    """
    with queries.only_one(engine, workspace) as free:
        if not free:
            return 0
        with metrics.EVALUATION.time():
            plan = planning.make(engine, workspace, watermark)
            if plan is None:
                return 0
            folded = _fold(engine, plan)
            with engine.begin() as connection:
                revisions = _write(connection, plan, folded, now)
    return _note(workspace, plan, revisions)


def _fold(engine: Engine, plan: Plan) -> Folded:
    progress, happenings, states = plan.start, [], {}
    while progress.day < plan.last:
        until = min(progress.day + _CHUNK, plan.last)
        with engine.begin() as connection:
            ahead = min(until + 4, plan.last)
            begin, busy = progress.day + 1 - CONTEXT, progress.busy(plan.detection)
            activity = loading.load_activity(connection, plan.world, begin, ahead, busy)
        dark = loading.unwatched(np.unique(activity.day), [(first, min(last, ahead)) for first, last in plan.task.gaps])
        for state, found in folding.fold(plan.world, activity, progress, until, plan.detection, dark):
            happenings += found
            if checkpoints.worth_keeping(state.day, plan.last):
                states[state.day] = checkpoints.save(state, plan.detection)
    opened, lives = _peek(engine, plan, progress)
    lives += [life for of_kind in progress.lives.values() for life in of_kind.values()]
    return Folded(happenings + opened, lives, states, progress)


def _peek(engine: Engine, plan: Plan, progress: Progress) -> tuple[list[Happening], list[Life]]:
    """What the hours of days that still go on say; the months before are read only where they say something."""
    busy, days = progress.busy(plan.detection), plan.going
    opened, lives = list[Happening](), list[Life]()
    for context in (0, CONTEXT) if len(busy) and days else ():
        with engine.begin() as connection:
            activity = loading.load_activity(connection, plan.world, days.start - context, days.stop - 1, busy)
        opened, lives = folding.peek(plan.world, activity, progress, days, plan.hour, plan.detection)
        if not opened:
            break
    return opened, lives


def _write(connection: Connection, plan: Plan, folded: Folded, now: datetime) -> list[Revision] | None:
    world, number = plan.world, plan.world.workspace
    closed = max(day_start(zone, day_of(plan.last + 1)) for zone in world.zones)
    moment = closed if plan.last > plan.after else plan.hour * HOUR_MS
    counts = len(folded.end.keys), len(folded.happenings)
    if not queries.finish(connection, number, plan.task, to_datetime(moment), counts):
        return None
    started = plan.after
    boundary = partial(closing, world, day=started)
    stretch = Stretch(folded.happenings, folded.lives, moment, boundary, plan.origin)
    open_now = {life.episode for life in folded.lives} | {h.change.episode for h in folded.happenings}
    stored = alert_queries.stored_since(connection, number, planning.stamp(started), sorted(open_now))
    revisions = reconcile(world, stretch, *stored)
    alert_queries.write_alerts(connection, number, revisions, now)
    kept = [day_number(day.date()) for day in queries.checkpoint_days(connection, number)]
    states = {planning.stamp(day): state for day, state in folded.states.items()}
    drop = [planning.stamp(day) for day in checkpoints.superseded(kept, plan.last)]
    queries.keep_checkpoints(connection, number, planning.stamp(started), states, drop)
    return revisions


def _note(workspace: int, plan: Plan, revisions: list[Revision] | None) -> int:
    if revisions is None:
        _log.info("evaluate.overtaken", workspace=workspace, kept="nothing; another evaluator did this")
        return 0
    for alert, steps in revisions:
        for step in steps:
            metrics.ALERTS.labels(alert.kind, step.transition).inc()
    metrics.EVALUATED_DAYS.inc(plan.last - plan.after)
    return sum(len(steps) for _, steps in revisions)
