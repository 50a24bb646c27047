"""Declared behaviors, kept current: the file is watched, changes are registered, the past is read again."""

import asyncio
import time
from collections.abc import Callable

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.behaviors import parse
from schemas.database.declaring import register
from schemas.database.definitions import Key, Registered, activate, begin, is_whole, registered
from schemas.database.partitions import Position, positions
from schemas.errors import DefinitionError, FencedError, UnavailableError
from streams import metrics
from streams.folding.completing import complete
from streams.folding.definitions import by_workspace
from streams.folding.rebuilding import Rebuild
from streams.worker import Worker

_log = structlog.get_logger()
_EVERY = 2.0
_ANYWAY = 15


async def define(worker: Worker, owns: Callable[[], bool]) -> None:
    """Every two seconds: takes over what is declared, and builds what has no past yet. Never ends."""
    stamp, turn = 0, 0
    while True:
        try:
            turn += 1
            if owns():
                # Now and then even without a change: there may be a new workspace.
                stamp = await asyncio.to_thread(_read_file, worker, 0 if turn % _ANYWAY == 0 else stamp)
            for one in await take_over(worker):
                if not one.active:
                    await _build(worker, one)
        except (FencedError, UnavailableError, KafkaError) as error:
            _log.warning("define.later", reason=str(error))
        await asyncio.sleep(_EVERY)


async def take_over(worker: Worker) -> list[Registered]:
    """Has the fold count every declared behavior; a new one from where each of our partitions stands now."""
    runner = worker.runner
    async with runner.lock:
        found = await asyncio.to_thread(_registered, worker)
        begun = False
        held = await asyncio.to_thread(_positions, worker)
        for one in found:
            fresh = {key: at for key, at in held.items() if key not in one.since}
            if not one.active and fresh:
                moved = await asyncio.to_thread(begin, worker.database, one, fresh)
                runner.folder.moved_on(moved)
                held |= moved
                begun = True
        found = await asyncio.to_thread(_registered, worker) if begun else found
        if found != runner.declared:
            runner.declared = found
            runner.folder.names.declare(by_workspace(found))
    return found


def _read_file(worker: Worker, stamp: int) -> int:
    """Registers what the file declares, if it has changed; a wrong file changes nothing and is told."""
    path = worker.settings.behaviors
    changed = path.stat().st_mtime_ns if path.is_file() else 0
    if changed != stamp and changed:
        try:
            definitions = parse(path.read_text(), str(path))
        except DefinitionError as error:
            _log.error("behaviors.wrong", reason=str(error), kept="the definitions before it")
        else:
            register(worker.database, definitions)
    return changed


async def _build(worker: Worker, one: Registered) -> None:
    """Builds the past of a behavior in our partitions, and switches to it when every worker's are whole."""
    for key in sorted(worker.runner.partitions):
        if one.rebuilt.get(key, 0) < one.since.get(key, 0):
            await _build_partition(worker, one, key)
    if not await asyncio.to_thread(_is_whole, worker, one):
        return
    while await asyncio.to_thread(complete, worker.database, one):
        pass  # what its past completes is there before anybody reads it
    if await asyncio.to_thread(activate, worker.database, one):
        _log.info("behavior.active", workspace=one.workspace, behavior=one.definition.name)


async def _build_partition(worker: Worker, one: Registered, key: Key) -> None:
    names = {number: name for name, number in worker.folded_topics.items()}
    tp = TopicPartition(names[key[0]], key[1])
    rebuild = await asyncio.to_thread(Rebuild, worker.runner.folder, one, key)
    consumer = AIOKafkaConsumer(**worker.settings.kafka_access.options(), enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([tp])
        await consumer.seek_to_beginning(tp)
        while await consumer.position(tp) < rebuild.until:
            fetched = (await consumer.getmany(timeout_ms=1000, max_records=500)).get(tp, [])
            if fetched:
                await _step(worker, rebuild, [(record.offset, record.value or b"") for record in fetched])
    finally:
        await consumer.stop()
    await asyncio.to_thread(rebuild.finish)


async def _step(worker: Worker, rebuild: Rebuild, records: list[tuple[int, bytes]]) -> None:
    """One step, between two live batches: the folder serves one at a time."""
    async with worker.runner.lock:
        read = await asyncio.to_thread(rebuild.step, records, worker.clock.now(), time.monotonic())
    metrics.REBUILT.inc(read)


def _registered(worker: Worker) -> list[Registered]:
    with worker.database.reading() as connection:
        return registered(connection)


def _is_whole(worker: Worker, one: Registered) -> bool:
    with worker.database.reading() as connection:
        return is_whole(connection, one)


def _positions(worker: Worker) -> dict[Key, Position]:
    """Where each of our partitions stands; we don't move them while the runner's lock is held."""
    with worker.database.reading() as connection:
        return positions(connection, sorted(worker.runner.partitions))
