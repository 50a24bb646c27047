"""What an evaluation does: from which state, over which days, and what was known then."""

from datetime import datetime, timedelta
from typing import NamedTuple

from schemas.alerts import Origin
from schemas.clock import HOUR_MS, to_datetime, to_ms
from schemas.database import evaluation as queries
from schemas.database import tuning
from schemas.database.engine import Connection, Engine
from schemas.database.evaluation import Task
from schemas.rules import Rules
from streams.calendar import day_number
from streams.evaluating import checkpoints, folding, loading, remembering, stored
from streams.evaluating.folding import Detection, Progress
from streams.evaluating.world import World


class Plan(NamedTuple):
    """From the state `start` after day `after` on to day `last`, and into the days `going` on until `hour`.

    `hour` counts since the epoch. Days up to `lived` had been judged before; None: none had. The fold uses `start` up.
    """

    world: World
    detection: Detection
    task: Task
    start: Progress
    after: int
    last: int
    going: range
    hour: int
    lived: int | None

    def origin(self, opened_at: int) -> Origin:
        """An import's alerts are history up to where live evaluation had come; nobody is told of them."""
        if not self.task.history:
            return Origin.LIVE
        live_from = stamp(self.lived + 1) if self.lived is not None else stamp(self.last + 2)
        return Origin.HISTORY if to_datetime(opened_at) <= live_from + timedelta(hours=14) else Origin.LIVE


def make(engine: Engine, workspace: int, watermark: int, rules: Rules) -> Plan | None:
    """Takes over what has changed behind us and says what is to be done; None where that is nothing."""
    hour = watermark // HOUR_MS
    with engine.begin() as connection:
        task = queries.take(connection, workspace, to_datetime(hour * HOUR_MS))
    if task is None:
        return None
    with engine.begin() as connection:
        world, settings = loading.load_world(connection, workspace)
        detection = Detection(stored.budget_of(settings), rules, tuning=tuning.factors(connection, workspace))
        last, newest = loading.last_closed(world, watermark), queries.newest_checkpoint(connection, workspace)
        lived = day_number(newest.date()) if newest else None
        redo = None if task.redo is None else loading.first_touched(world, to_ms(task.redo))
        begin = redo if redo is not None and (lived is None or redo <= lived) else None
        start = _start(connection, world, detection, begin, task.history)
        if start is None or (start.day >= last and not len(start.busy(detection))):
            queries.let_go(connection, workspace, task)
            return None
        for gap in _unjudged(range(start.day + 1, last + 1), loading.first_judged(connection, world), lived):
            task = _with_gap(task, *gap)
        going = range(max(start.day, last) + 1, loading.last_begun(world, watermark) + 1)
        by = settings.get("segment_by")
        world = remembering.as_of(
            connection, world, range(start.day + 1, going.stop), _at_one_go(task), by if isinstance(by, str) else None
        )
    return Plan(world, detection, task, start, start.day, max(start.day, last), going, hour, lived)


def _start(
    connection: Connection, world: World, detection: Detection, redo: int | None, history: bool
) -> Progress | None:
    """The state to go on from: the newest, or the newest before the day `redo`; else the very beginning."""
    before = None if redo is None else stamp(redo)
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


def _at_one_go(task: Task) -> set[int]:
    return {day for first, until in task.gaps for day in range(first, until + 1)}


def stamp(day: int) -> datetime:
    """The UTC midnight that stands for a local day in keys."""
    return to_datetime(0) + timedelta(days=day)
