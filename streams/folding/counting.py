"""Which rows an event makes: one in `*`, one in its automatic behavior, one in each declared behavior that matches.

Of a declared path an event is a step at most; what that comes to is worked out later (streams.folding.completing).
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from schemas.behaviors import Definition
from schemas.clock import HOUR_MS
from schemas.database.rows import PathSteps
from schemas.windows import ALL_NUMBER
from streams.fold import Integers, Rows
from streams.folding.definitions import Declared, Names
from streams.folding.gathering import Gathered

Among = Callable[[Declared], bool]


def count(gathered: Gathered, counted: Integers, account: Integers, names: Names) -> Rows:
    """The rows of the events at the places `counted`; `account` is every event's account number."""
    automatic = names.automatic(gathered.code[counted])
    named = automatic >= 0
    low = gathered.ids[counted, 0]
    parts = [
        _rows(gathered, counted, account, np.full(len(counted), ALL_NUMBER), id_low=low),
        _rows(gathered, counted[named], account, automatic[named]),
    ]
    return Rows.join(parts + count_declared(gathered, counted, account, names))


def count_declared(
    gathered: Gathered, counted: Integers, account: Integers, names: Names, among: Among | None = None
) -> list[Rows]:
    """The rows of declared behaviors: those the live fold counts, or (with `among`) these and no others."""
    found = _matching(gathered, counted, names, among, paths=False)
    return [_declared(gathered, places, account, one) for one, places in found]


def path_steps(
    gathered: Gathered, counted: Integers, account: Integers, names: Names, among: Among | None = None
) -> list[PathSteps]:
    """The steps of declared paths, chosen likewise; an event without a user is nobody's step."""
    found = _matching(gathered, counted[gathered.user[counted] >= 0], names, among, paths=True)
    return [_steps(gathered, places, account, one) for one, places in found]


def _matching(
    gathered: Gathered, counted: Integers, names: Names, among: Among | None, *, paths: bool
) -> Iterator[tuple[Declared, Integers]]:
    """Each declared behavior, of those that are paths or of the others, and the places of one name that it counts."""
    if not any(names.matching):
        return
    codes = gathered.code[counted]
    for code in np.flatnonzero(np.bincount(codes[codes >= 0])).tolist():
        for declared in names.matching[code]:
            if bool(declared.definition.path) == paths and (among is None or among(declared)):
                places = counted[codes == code]
                yield declared, _since(gathered, places, declared) if among is None else places


def _since(gathered: Gathered, places: Integers, declared: Declared) -> Integers:
    starts = [declared.starts(stream.topic, stream.partition) for stream in gathered.streams]
    return places[gathered.offset[places] >= np.array(starts)[gathered.stream[places]]]


def _declared(gathered: Gathered, places: Integers, account: Integers, declared: Declared) -> Rows:
    value = np.zeros(len(places))
    if declared.definition.reads_properties:
        kept = np.zeros(len(places), bool)
        for k, i in enumerate(places.tolist()):
            reader, local = gathered.at(i)
            measured = declared.definition.measured(reader.properties(local))
            kept[k] = measured is not None
            value[k] = measured or 0.0
        places, value = places[kept], value[kept]
    return _rows(gathered, places, account, np.full(len(places), declared.number), value=value)


def _steps(gathered: Gathered, places: Integers, account: Integers, declared: Declared) -> PathSteps:
    steps = _bits(gathered, places, declared.definition)
    places, steps = places[steps > 0], steps[steps > 0]
    streams = np.array(gathered.streams, np.int64).reshape(-1, 3)[gathered.stream[places]]
    return PathSteps(
        workspace=streams[:, 0],
        behavior=np.full(len(places), declared.number),
        account=account[places],
        user=gathered.user[places],
        time=gathered.time[places],
        steps=steps,
        topic=streams[:, 1],
        ids=gathered.ids[places],
    )


def _bits(gathered: Gathered, places: Integers, path: Definition) -> Integers:
    """Which steps the events at these places are; all have the same name."""
    found = map(gathered.at, places.tolist())
    if path.reads_properties:
        return np.array([path.steps(of.name(i), of.properties(i)) for of, i in found], np.int64)
    return np.full(len(places), next((path.steps(of.name(i), {}) for of, i in found), 0))


def _rows(
    gathered: Gathered, places: Integers, account: Integers, behavior: Integers, **more: NDArray[np.generic]
) -> Rows:
    return Rows.of(
        stream=gathered.stream[places],
        account=account[places],
        behavior=behavior,
        hour=gathered.time[places] // HOUR_MS,
        user=np.maximum(gathered.user[places], 0),
        **more,
    )
