"""Evaluation of one workspace: what is closed and not yet judged, or has changed; one transaction writes it.

The order is: take over the marks (a short transaction), read, fold, write. A worker that dies in between leaves its
mark for the next one; one that was overtaken finds another revision and writes nothing.
"""

from datetime import datetime
from functools import partial
from typing import NamedTuple

import structlog

from schemas.calibrations import Meaning
from schemas.clock import HOUR_MS, to_datetime
from schemas.database import alerts as alert_queries
from schemas.database import attention, calibrations, coverage, muting
from schemas.database import evaluation as queries
from schemas.database.engine import Connection, Engine
from schemas.days import day_start
from schemas.rules import BUILT_IN, Rules
from streams import metrics
from streams.alerting import Life
from streams.calendar import day_number, day_of
from streams.evaluating import checkpoints, folding, injecting, loading, planning, stored
from streams.evaluating.folding import Progress
from streams.evaluating.kinds.base import closing
from streams.evaluating.meaning import judged, meaning, sampled
from streams.evaluating.opening import Happening
from streams.evaluating.planning import Plan
from streams.evaluating.reconciling import Revision, Stretch, reconcile
from streams.evidence import CONTEXT

_log = structlog.get_logger()


class Folded(NamedTuple):
    """What the fold came to.

    Changes of alerts, open episodes, states worth keeping by day, the last one, and what a new month means.
    """

    happenings: list[Happening]
    lives: list[Life]
    states: dict[int, bytes]
    end: Progress
    meaning: Meaning | None


def evaluate(engine: Engine, workspace: int, watermark: int, now: datetime, rules: Rules = BUILT_IN) -> int:
    """Evaluates all closed days of a workspace that are due, or due again, and the hours of those that still go on.

    Runs in a thread of its own.

    Args:
        engine: The database.
        workspace: Its number.
        watermark: Milliseconds since the epoch; everything before it has been folded.
        now: What the clock says; it only dates messages.
        rules: What is looked for.

    Returns:
        How many steps alerts have taken. 0 also where another evaluator is at work.
    """
    with queries.only_one(engine, workspace) as free:
        if not free:
            return 0
        with metrics.EVALUATION.time():
            plan = planning.make(engine, workspace, watermark, rules)
            if plan is None:
                return 0
            folded = _fold(engine, plan)
            with engine.begin() as connection:
                revisions = _write(connection, plan, folded, now)
    return _note(workspace, plan, revisions)


def _fold(engine: Engine, plan: Plan) -> Folded:
    happenings: list[Happening] = []
    states: dict[int, bytes] = {}
    days = stored.Days(plan.world, plan.last, plan.task.gaps)
    for state, found in stored.fold(engine.begin, days, plan.start, plan.detection):
        happenings += found
        if checkpoints.worth_keeping(state.day, plan.last):
            states[state.day] = checkpoints.save(state, plan.detection)
    opened, lives = _peek(engine, plan, plan.start)
    lives += [life for of_kind in plan.start.lives.values() for life in of_kind.values()]
    return Folded(happenings + opened, lives, states, plan.start, _meaning(engine, plan))


def _meaning(engine: Engine, plan: Plan) -> Meaning | None:
    """What the calibration of this month means, where that has not been said yet."""
    end = plan.start
    sample = sampled(plan.world, judged(end.coverage or {}))
    if not sample.accounts:
        return None
    with engine.begin() as connection:
        known = calibrations.newest(connection, plan.world.workspace)
        if known is not None and known >= _month(end.day):
            return None
        first, busy = end.day - injecting.DAYS + 1, end.busy(plan.detection)
        activity = loading.load_activity(connection, sample, first, end.day, busy, sorted(sample.accounts))
    return meaning(sample, activity, end, plan.detection)


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
    hushed = partial(muting.hushed, connection, number, muting.load(connection, number, now), now=now)
    stretch = Stretch(folded.happenings, folded.lives, moment, boundary, plan.origin, hushed)
    open_now = {life.episode for life in folded.lives} | {h.change.episode for h in folded.happenings}
    known = alert_queries.stored_since(connection, number, planning.stamp(started), sorted(open_now))
    revisions = reconcile(world, stretch, *known)
    revisions = attention.attend(connection, number, revisions, now)
    alert_queries.write_alerts(connection, number, revisions, now)
    muting.refresh(connection, number, now)
    attention.refresh(connection, number, now)
    if folded.end.coverage is not None:
        coverage.keep(connection, number, folded.end.coverage)
    if folded.meaning is not None:
        calibrations.keep(connection, number, _month(folded.end.day), folded.meaning)
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
            metrics.ALERTS.labels(alert.kind, step.transition, alert.origin).inc()
    metrics.EVALUATED_DAYS.inc(plan.last - plan.after)
    return sum(len(steps) for _, steps in revisions)


def _month(day: int) -> datetime:
    """The first of a day's month."""
    return planning.stamp(day).replace(day=1)
