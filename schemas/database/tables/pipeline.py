"""The pipeline: what was counted, up to which offset."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)

from schemas.database.tables.base import metadata, moment, recorded, workspace_key

offsets = Table(
    "offsets",
    metadata,
    Column("topic", SmallInteger, primary_key=True),  # schemas.topics.TOPIC_CODES
    Column("partition", SmallInteger, primary_key=True),
    Column("next_offset", BigInteger, nullable=False, server_default="0"),
    # The layout: over how many partitions the topic's slots are dealt; the same in all of a topic's rows.
    Column("partitions", SmallInteger, nullable=False, server_default="1"),
    # The fence: moves with everything that a worker's memory of the partition rests on.
    Column("version", BigInteger, nullable=False, server_default="0"),
    moment("heartbeat_at"),
    moment("updated_at", nullable=False, server_default=func.now()),
)

# Records with events that lie in another partition than their slot's: they are counted where the slot is at home.
strays = Table(
    "strays",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("topic", SmallInteger, nullable=False),
    Column("home", SmallInteger, nullable=False),
    Column("partition", SmallInteger, nullable=False),  # where the record lies
    Column("record_offset", BigInteger, nullable=False),
    Column("positions", LargeBinary, nullable=False),  # which of its events these are: uint32
    Column("value", LargeBinary, nullable=False),  # the whole record, as it came
    Index("strays_of_home", "topic", "home", "id"),
)

# A hypertable by `hour`. Fold appends deltas, readers sum events and value and unite users, a fenced job compacts.
windows = Table(
    "windows",
    metadata,
    Column("workspace", Integer, nullable=False),
    Column("account", Integer, nullable=False),
    Column("behavior", Integer, nullable=False),  # 0 is `*`
    moment("hour", nullable=False),
    Column("topic", SmallInteger, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("events", Integer, nullable=False),
    Column("value", Float, nullable=False),
    Column("users", LargeBinary, nullable=False),  # schemas.windows: user numbers
    Column("id_sum", BigInteger, nullable=False),  # 64-bit sum of id hashes, for the audit; in `*` only
    Index("windows_of_account", "workspace", "account", "behavior", "hour"),
)

# What users did of a declared path, one row an event; windows of the path are worked out from them and written anew
# whenever a user has fresh ones. Kept as long as windows, so that an event of any age finds its place.
path_steps = Table(
    "path_steps",
    metadata,
    Column("workspace", Integer, nullable=False),
    Column("behavior", Integer, nullable=False),
    Column("account", Integer, nullable=False),
    Column("user", BigInteger, nullable=False),
    moment("time", nullable=False),
    Column("steps", Integer, nullable=False),  # bit k: it can be step k
    Column("topic", SmallInteger, nullable=False),
    Column("id_hash", LargeBinary, nullable=False),
    Column("fresh", Boolean, nullable=False, server_default=text("true")),  # not worked out yet
    Index("path_steps_of_user", "workspace", "behavior", "account", "user", "time"),
    Index("path_steps_fresh", "workspace", "behavior", "account", "user", postgresql_where=text("fresh")),
)

# One row a transaction, partition and received hour: the 128-bit hashes of the ids it counted, 16 bytes each. No unique
# key: the fence on offsets keeps them single, and a worker that was stopped in its COPY can't hold one against another.
counted_ids = Table(
    "counted_ids",
    metadata,
    Column("topic", SmallInteger, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("partitions", SmallInteger, nullable=False),  # how many the topic had: slots move when that changes
    moment("hour", nullable=False),
    Column("first_offset", BigInteger, nullable=False),
    Column("ids", LargeBinary, nullable=False),
    Index("counted_ids_of_partition", "topic", "partition", "hour"),
)

# Events whose user belongs to no account yet, as they came; folded with the membership that resolves them.
unassigned = Table(
    "unassigned",
    metadata,
    Column("topic", SmallInteger, primary_key=True),
    Column("partition", SmallInteger, primary_key=True),
    Column("id_hash", LargeBinary, primary_key=True),
    Column("workspace", Integer, nullable=False),
    Column("user", BigInteger),  # NULL: an event with neither account nor user; it waits for good
    moment("time", nullable=False),
    Column("event", LargeBinary, nullable=False),  # the UsageEvent as MessagePack
    recorded(),
    Index("unassigned_of_user", "workspace", "user"),
)

# What could not be counted, with its reason: refused by the collector (stage ingest) or unreadable on the topic (fold).
rejected = Table(
    "rejected",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("workspace", Integer),
    Column("stage", Text, nullable=False),
    Column("topic", SmallInteger, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("record_offset", BigInteger, nullable=False),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("code", Text, nullable=False),
    Column("field", Text),
    Column("message", Text, nullable=False),
    Column("message_id", Text),
    Column("raw", LargeBinary, nullable=False),
    moment("received_at", nullable=False),
    recorded(),
    UniqueConstraint("topic", "partition", "record_offset", "position"),
    Index("rejected_of_workspace", "workspace", "id"),
)

imports = Table(
    "imports",
    metadata,
    workspace_key(),
    Column("import_id", Text, primary_key=True),
    Column("partition", SmallInteger, primary_key=True),  # a row when that partition's closing batch is folded
    recorded(),
)
