"""Fills a topic with the first n events, one a record: fill.py BOOTSTRAP TOPIC N."""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import msgspec
from confluent_kafka import Producer
from load import events

bootstrap, topic, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 50, "acks": "all"})
encode = msgspec.msgpack.Encoder().encode
started = time.perf_counter()
for event_id, moment, name, account, user in events(n):
    value = encode({"id": event_id, "time": moment, "name": name, "account": account, "user": user})
    while True:
        try:
            producer.produce(topic, value, account.encode(), timestamp=moment)
            break
        except BufferError:
            producer.poll(0.1)
producer.flush()
print(json.dumps({"events": n, "seconds": time.perf_counter() - started}))
