"""Plain Faust with a table: one event a record, one increment an event. plain_faust.py BOOTSTRAP TOPIC N."""

import json
import os
import sys
import tempfile
import time
import uuid

import faust
import msgspec

bootstrap, topic, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
app = faust.App(
    f"bench-{uuid.uuid4().hex[:8]}",
    broker=f"kafka://{bootstrap}",
    store="memory://",
    web_enabled=False,
    topic_partitions=8,
    datadir=tempfile.mkdtemp(),
    consumer_auto_offset_reset="earliest",
    cython_optimizations=True,
)
counts = app.Table("counts", default=int)
decode = msgspec.msgpack.Decoder().decode
started, done = 0.0, 0


@app.agent(app.topic(topic, key_serializer="raw", value_serializer="raw"))
async def count(stream):
    """Counts."""
    global started, done  # noqa: PLW0603
    async for value in stream:
        started = started or time.perf_counter()
        event = decode(value)
        counts[f"{event['account']} {event['name']} {event['time'] // 3_600_000}"] += 1
        done += 1
        if done == n:
            print(json.dumps({"events": done, "seconds": time.perf_counter() - started}), flush=True)
            os._exit(0)


faust.Worker(app, loglevel="ERROR", quiet=True, redirect_stdouts=False).execute_from_commandline()
