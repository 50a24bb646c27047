"""Quix Streams' tumbling-window count by account. quix.py BOOTSTRAP TOPIC N."""

import json
import logging
import sys
import tempfile
import time
import uuid

import msgspec
from quixstreams import Application

bootstrap, topic, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
logging.disable(logging.WARNING)
app = Application(
    broker_address=bootstrap,
    consumer_group=uuid.uuid4().hex,
    auto_offset_reset="earliest",
    state_dir=tempfile.mkdtemp(),
    loglevel=None,
)
decode = msgspec.msgpack.Decoder().decode
started = 0.0


def first(value: bytes) -> dict[str, object]:
    """Decodes; the clock starts with the first event."""
    global started  # noqa: PLW0603
    started = started or time.perf_counter()
    return decode(value)


frame = app.dataframe(app.topic(topic, value_deserializer="bytes", key_deserializer="str"))
frame = frame.apply(first).tumbling_window(3_600_000).count().current()
app.run(count=n, timeout=120)
print(json.dumps({"events": n, "seconds": time.perf_counter() - started}))
