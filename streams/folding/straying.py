"""Strays are counted in the partitions where their slots are at home."""

from collections.abc import Sequence

from schemas.database.strays import pending
from schemas.errors import UnavailableError
from streams.folding.folder import Folded, Folder

_STEP, _SIZE = 200, 16 << 20  # records, and about as many bytes


def take_in(folder: Folder, homes: Sequence[tuple[int, int]], now: int, tick: float) -> Folded | None:
    """Counts up to 200 records' strays that are at home in these partitions; None without any.

    Calls for the folder's one thread. Raises FencedError where another worker was faster.
    """
    if not homes:
        return None
    with folder.database.reading() as connection:
        rows = pending(connection, homes, _STEP, _SIZE)
    if not rows:
        return None
    # A behavior may have begun in the partition that they come from, and not in ours yet.
    folder.names.declare(folder.declared())
    write, folded = folder.prepare_strays(rows, now, tick)
    try:
        folder.commit(write, now)
    except UnavailableError:
        folder.forget({(row.topic, row.partition) for row in write.moved})
        raise
    return folded
