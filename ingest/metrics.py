"""Every metric of the collector: name, type, help and labels."""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("ebbtide_ingest_requests_total", "Requests answered.", ["route", "status"])
ACCEPTED = Counter("ebbtide_ingest_events_accepted_total", "Events that Kafka acknowledged.", ["topic"])
REJECTED = Counter("ebbtide_ingest_events_rejected_total", "Events refused, by reason.", ["code"])
BOTS = Counter("ebbtide_ingest_events_bot_total", "Accepted events whose user agent is a bot's.")
IN_FLIGHT = Gauge("ebbtide_ingest_in_flight_bytes", "Received, not yet acknowledged by Kafka.")
OLDEST = Gauge("ebbtide_ingest_oldest_unacknowledged_seconds", "Age of the oldest of these.")
COMMIT_EVENTS = Histogram(
    "ebbtide_ingest_commit_events",
    "Events that shared a group commit.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000),
)
COMMIT_RECORDS = Histogram(
    "ebbtide_ingest_commit_records", "Kafka records of a group commit.", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256)
)
PRODUCE_SECONDS = Histogram(
    "ebbtide_ingest_produce_seconds",
    "From produced to acknowledged.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
FAILED = Counter("ebbtide_ingest_commits_failed_total", "Group commits that Kafka did not acknowledge.")
HEARTBEATS = Counter("ebbtide_ingest_heartbeats_total", "Heartbeats acknowledged on every partition.")
LIMITED = Counter(
    "ebbtide_ingest_limited_total", "Requests of keys that sent more than they may, by the key's id.", ["key"]
)
KEYS = Gauge("ebbtide_ingest_keys", "Valid keys in memory.")
KEYS_READ = Gauge("ebbtide_ingest_keys_read_timestamp_seconds", "When the keys were last read from the database.")
