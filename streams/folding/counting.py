"""Which rows an event makes: one in `*`, one in its automatic behavior, one in each declared behavior that matches."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from schemas.clock import HOUR_MS
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
    if not any(names.matching):
        return []
    codes, parts = gathered.code[counted], []
    for code in np.flatnonzero(np.bincount(codes[codes >= 0])).tolist():
        for declared in names.matching[code]:
            if among is None or among(declared):
                places = counted[codes == code]
                places = _since(gathered, places, declared) if among is None else places
                parts.append(_declared(gathered, places, account, declared))
    return parts


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
