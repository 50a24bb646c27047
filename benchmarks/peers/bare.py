"""The bare loop: librdkafka consumes, msgspec decodes, a dict counts. bare.py BOOTSTRAP TOPIC N."""

import json
import sys
import time
import uuid
from collections import Counter

import msgspec
from confluent_kafka import Consumer


class Event(msgspec.Struct):
    """One event."""

    id: str
    time: int
    name: str
    account: str
    user: str


bootstrap, topic, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
settings = {"bootstrap.servers": bootstrap, "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"}
consumer = Consumer({**settings, "enable.auto.commit": False})
consumer.subscribe([topic])
decode = msgspec.msgpack.Decoder(Event).decode
counts: Counter[tuple[str, str, int]] = Counter()
started, done = 0.0, 0
while done < n:
    messages = consumer.consume(10_000, 1.0)
    if messages and not started:
        started = time.perf_counter()
    for message in messages:
        event = decode(message.value())
        counts[event.account, event.name, event.time // 3_600_000] += 1
    done += len(messages)
print(json.dumps({"events": done, "seconds": time.perf_counter() - started}))
