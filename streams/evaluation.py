"""Evaluation of one workspace: what is closed and not yet judged, or has changed; one transaction writes it.

The order is: take over the marks (a short transaction), read, fold, write. A worker that dies in between leaves its
mark for the next one; one that was overtaken finds another revision and writes nothing.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import structlog

from schemas.alerts import Origin
from schemas.calibrations import Meaning
from schemas.clock import HOUR_MS, to_datetime, to_ms
from schemas.database import alerts as alert_queries
from schemas.database import calibrations, coverage
from schemas.database import evaluation as queries
from schemas.database.engine import Connection, Engine
from schemas.database.evaluation import Task
from schemas.days import day_start
from schemas.rules import BUILT_IN, Rules
from streams import metrics
from streams.calendar import day_number, day_of
from streams.evaluating import checkpoints, folding, injecting, loading, remembering, stored
from streams.evaluating.folding import Detection, Progress
from streams.evaluating.kinds.base import closing
from streams.evaluating.meaning import judged, meaning, sampled
from streams.evaluating.opening import Happening
from streams.evaluating.reconciling import Revision, Stretch, reconcile
from streams.evaluating.world import World

_log = structlog.get_logger()


class Plan(NamedTuple):
    """What one evaluation does: from the state `start` after day `after` on to day `last`.

    Days up to `lived` had been judged before; None: none had. The fold uses `start` up.
    """

    world: World
    detection: Detection
    task: Task
    start: Progress
    after: int
    last: int
    lived: int | None


class Folded(NamedTuple):
    """What the fold came to: changes of alerts, states worth keeping by day, the last, and what a new month means."""

    happenings: list[Happening]
    states: dict[int, bytes]
    end: Progress
    meaning: Meaning | None


def evaluate(engine: Engine, workspace: int, watermark: int, now: datetime, rules: Rules = BUILT_IN) -> int:
    """Evaluates all closed days of a workspace that are due, or due again. Runs in a thread of its own.

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
            plan = _plan(engine, workspace, watermark, rules)
            if plan is None:
                return 0
            folded = _fold(engine, plan)
            with engine.begin() as connection:
                revisions = _write(connection, plan, folded, now)
    return _note(workspace, plan, revisions)


def _plan(engine: Engine, workspace: int, watermark: int, rules: Rules) -> Plan | None:
    hour = to_datetime(watermark // HOUR_MS * HOUR_MS)
    with engine.begin() as connection:
        task = queries.take(connection, workspace, hour)
    if task is None:
        return None
    with engine.begin() as connection:
        world, settings = loading.load_world(connection, workspace)
        detection = Detection(stored.budget_of(settings), rules)
        last, newest = loading.last_closed(world, watermark), queries.newest_checkpoint(connection, workspace)
        lived = day_number(newest.date()) if newest else None
        redo = None if task.redo is None else loading.first_touched(world, to_ms(task.redo))
        begin = redo if redo is not None and (lived is None or redo <= lived) else None
        start = _start(connection, world, detection, begin, task.history)
        if start is None or start.day >= last:
            queries.let_go(connection, workspace, task)
            return None
        days = range(start.day + 1, last + 1)
        for gap in _unjudged(days, loading.first_judged(connection, world), lived):
            task = _with_gap(task, *gap)
        at_one_go = {day for first, until in task.gaps for day in range(first, until + 1)}
        by = settings.get("segment_by")
        world = remembering.as_of(connection, world, days, at_one_go, by if isinstance(by, str) else None)
    return Plan(world, detection, task, start, start.day, last, lived)


def _start(
    connection: Connection, world: World, detection: Detection, redo: int | None, history: bool
) -> Progress | None:
    """The state to go on from: the newest, or the newest before the day `redo`; else the very beginning."""
    before = None if redo is None else _stamp(redo)
    saved = queries.checkpoint_before(connection, world.workspace, before)
    start = None if saved is None else checkpoints.load(saved, detection)
    if start is not None:
        return start
    first = loading.first_day(connection, world, history or redo is not None)
    return None if first is None else folding.begin(detection, first)


def _unjudged(days: range, judged: int | None, lived: int | None) -> list[tuple[int, int]]:
    """The stretches of `days` (first, last) that were not judged before: what lies before and behind those that were.

    >>> _unjudged(range(3, 9), 5, 7), _unjudged(range(6, 9), 5, 7), _unjudged(range(3, 9), None, None)
    ([(3, 4), (8, 8)], [(8, 8)], [(3, 8)])
    """
    if judged is None or lived is None:
        return [(days.start, days.stop - 1)]
    return [gap for gap in ((days.start, judged - 1), (lived + 1, days.stop - 1)) if gap[0] <= gap[1]]


def _with_gap(task: Task, first: int, last: int) -> Task:
    """Days that are judged first at one go may be days nobody watched; from then on they are remembered as such."""
    if last - first < 3 or [first, last] in task.gaps:
        return task
    return task._replace(gaps=[*task.gaps, [first, last]])


def _fold(engine: Engine, plan: Plan) -> Folded:
    happenings: list[Happening] = []
    states: dict[int, bytes] = {}
    days = stored.Days(plan.world, plan.last, plan.task.gaps)
    for state, found in stored.fold(engine.begin, days, plan.start, plan.detection):
        happenings += found
        if checkpoints.worth_keeping(state.day, plan.last):
            states[state.day] = checkpoints.save(state, plan.detection)
    return Folded(happenings, states, plan.start, _meaning(engine, plan))


def _meaning(engine: Engine, plan: Plan) -> Meaning | None:
    """What the calibration of this month means, where that has not been said yet."""
    number, end = plan.world.workspace, plan.start
    with engine.begin() as connection:
        known = calibrations.newest(connection, number)
        if end.coverage is None or (known is not None and known >= _month(end.day)):
            return None
        sample = sampled(plan.world, judged(end.coverage))
        if not sample.accounts:
            return None
        first = end.day - injecting.DAYS + 1
        activity = loading.load_activity(connection, sample, first, end.day, sorted(sample.accounts))
    return meaning(sample, activity, end, plan.detection)


def _write(connection: Connection, plan: Plan, folded: Folded, now: datetime) -> list[Revision] | None:
    world, number = plan.world, plan.world.workspace
    moment = max(day_start(zone, day_of(plan.last + 1)) for zone in world.zones)
    counts = len(folded.end.keys), len(folded.happenings)
    if not queries.finish(connection, number, plan.task, to_datetime(moment), counts):
        return None
    started = plan.after
    boundary, origin = partial(closing, world, day=started), partial(_origin, plan)
    lives = [life for of_kind in folded.end.lives.values() for life in of_kind.values()]
    stretch = Stretch(folded.happenings, lives, moment, boundary, origin)
    open_now = {life.episode for life in lives} | {h.change.episode for h in folded.happenings}
    if folded.end.coverage is not None:
        coverage.keep(connection, number, folded.end.coverage)
    if folded.meaning is not None:
        calibrations.keep(connection, number, _month(folded.end.day), folded.meaning)
    known = alert_queries.stored_since(connection, number, _stamp(started), sorted(open_now))
    revisions = reconcile(world, stretch, *known)
    alert_queries.write_alerts(connection, number, revisions, now)
    kept = [day_number(day.date()) for day in queries.checkpoint_days(connection, number)]
    states = {_stamp(day): state for day, state in folded.states.items()}
    drop = [_stamp(day) for day in checkpoints.superseded(kept, plan.last)]
    queries.keep_checkpoints(connection, number, _stamp(started), states, drop)
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


def _origin(plan: Plan, opened_at: int) -> Origin:
    """An import's alerts are history up to where live evaluation had come; nobody is told of them."""
    if not plan.task.history:
        return Origin.LIVE
    live_from = _stamp(plan.lived + 1) if plan.lived is not None else _stamp(plan.last + 2)
    return Origin.HISTORY if to_datetime(opened_at) <= live_from + timedelta(hours=14) else Origin.LIVE


def _stamp(day: int) -> datetime:
    """The UTC midnight that stands for a local day in keys."""
    return to_datetime(0) + timedelta(days=day)


def _month(day: int) -> datetime:
    """The first of a day's month."""
    return _stamp(day).replace(day=1)
