"""Ours, the fold alone: the worker's transport and folder, without the transaction. folding.py BOOTSTRAP PREFIX N."""

import asyncio
import cProfile
import io
import itertools
import json
import os
import pstats
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Collection
from typing import Any

import faust

from schemas.database.partitions import Position
from streams.dedupe import Dedupe, no_database
from streams.folding.definitions import Names
from streams.folding.folder import Folder
from streams.folding.memberships import Memberships
from streams.folding.numbers import Numbers
from streams.folding.partitions import Partition
from streams.folding.records import Chunk
from streams.folding.seen import Seen
from streams.transport import App

bootstrap, prefix, total = sys.argv[1], sys.argv[2], int(sys.argv[3])
PARTITIONS, BYTES = 8, 16 << 20


class Everything:
    """Every workspace there could be."""

    def __contains__(self, workspace: object) -> bool:
        return True


def counter() -> Callable[[int, Collection[str]], dict[str, int]]:
    """Hands out numbers, in memory."""
    numbers = itertools.count(1)
    return lambda _, strings: {string: next(numbers) for string in strings}


folder = Folder(
    database=None,  # type: ignore[arg-type]
    workspaces=Everything(),
    accounts=Numbers(counter()),
    users=Numbers(counter()),
    names=Names(counter()),
    memberships=Memberships(lambda *_: {}),
    seen=Seen(lambda *_: None),
    dedupe_limit=10_000_000,
)
folder.partitions = {
    (0, p): Partition(0, p, Position(0, None, PARTITIONS, 0), Dedupe(10_000_000, no_database))
    for p in range(PARTITIONS)
}
app = App(
    f"bench-{uuid.uuid4().hex[:8]}",
    broker_consumer=f"ebbtide://{bootstrap}",
    broker_producer=f"kafka://{bootstrap}",
    broker_max_poll_records=2000,
    stream_buffer_maxsize=8,
    topic_allow_declare=False,
    topic_disable_leader=True,
    web_enabled=False,
    datadir=tempfile.mkdtemp(),
    value_serializer="raw",
    key_serializer="raw",
    consumer_auto_offset_reset="earliest",
)
started, done = 0.0, 0
profile = cProfile.Profile() if os.environ.get("EBBTIDE_PROFILE") else None


def work(chunks: list[Chunk]) -> int:
    """One micro-batch."""
    if profile:
        profile.enable()
    write, folded = folder.prepare(chunks, 1_760_010_000_000, 0.0)
    for moved in write.moved:
        folder.partitions[moved.topic, moved.partition].at = Position(moved.next, None, PARTITIONS, 0)
    if profile:
        profile.disable()
    return folded.counted


@app.agent(app.topic(f"{prefix}events", value_serializer="raw", key_serializer="raw"))
async def fold(stream: Any) -> None:
    """Gathers fetches up to the size of a transaction, and folds them."""
    global started, done  # noqa: PLW0603
    records: dict[int, list[tuple[int, bytes]]] = {}
    size = 0
    async for event in stream.noack().events():
        started = started or time.perf_counter()
        records.setdefault(event.message.tp.partition, []).extend(event.value)
        size += sum(len(value) for _, value in event.value)
        event.ack()
        pending = done + sum(map(len, records.values())) * 200
        if size >= BYTES or pending >= total:
            chunks = [Chunk(0, partition, of) for partition, of in sorted(records.items())]
            records, size = {}, 0
            done += await asyncio.to_thread(work, chunks)
        if done >= total:
            finish()


def finish() -> None:
    """Prints what came of it, and ends."""
    seconds, text = time.perf_counter() - started, io.StringIO()
    if profile:
        pstats.Stats(profile, stream=text).sort_stats("tottime").print_stats(15)
    print(json.dumps({"events": done, "seconds": seconds, "profile": text.getvalue()}), flush=True)
    os._exit(0)


faust.Worker(app, loglevel="ERROR", quiet=True, redirect_stdouts=False).execute_from_commandline()
