"""Replay: what a running workspace would have been told under other rules, from its own windows. Reads only."""

from schemas.database import evaluation as queries
from schemas.errors import NotFoundError
from schemas.rules import Rules
from streams.backtest import Replayed, Told, alerts_of
from streams.calendar import day_number
from streams.evaluating import folding, loading, remembering, stored
from streams.evaluating.folding import Detection
from streams.evaluating.opening import Happening


def replay(reading: stored.Reading, workspace: int, rules: Rules, told: Told = lambda *_: None) -> Replayed:
    """Folds all days that a workspace has been evaluated on; `reading` opens transactions, `told(done, days)` hears.

    Raises NotFoundError where there is no such day yet.
    """
    with reading() as connection:
        world, settings = loading.load_world(connection, workspace)
        first, newest = loading.first_day(connection, world, True), queries.newest_checkpoint(connection, workspace)
        if first is None or newest is None:
            raise NotFoundError("Nothing of this workspace is evaluated yet; its first day has to close.")
        last, gaps = day_number(newest.date()), queries.gaps_of(connection, workspace)
        by = settings.get("segment_by")
        world = remembering.as_of(connection, world, range(first, last + 1), (), by if isinstance(by, str) else None)
    detection = Detection(stored.budget_of(settings), rules)
    progress = folding.begin(detection, first)
    happenings: list[Happening] = []
    for state, found in stored.fold(reading, stored.Days(world, last, gaps), progress, detection):
        happenings += found
        told(state.day - first + 1, last - first + 1)
    return Replayed(world, alerts_of(world, happenings), progress)
