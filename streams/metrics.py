"""Every metric of the worker: its name, type, help and labels."""

from prometheus_client import Counter, Gauge, Histogram

from schemas.topics import EVENTS, HISTORY
from streams.folding.folder import Folded, Folder

FOLDED = Counter("ebbtide_fold_events", "Events read from the topics and folded", ["topic"])
DUPLICATES = Counter("ebbtide_fold_duplicates", "Events dropped since their id was counted already")
LATE = Counter("ebbtide_fold_late", "Events that came after their hour could have been evaluated")
UNASSIGNED = Counter("ebbtide_fold_unassigned", "Events put aside until their user belongs to an account")
STRAYS = Counter("ebbtide_fold_strays", "Events whose record lies in another partition than the one they count in")
RESOLVED = Counter("ebbtide_fold_resolved", "Unassigned events that found their account later")
UNNAMED = Counter("ebbtide_fold_unnamed", "Events counted in `*` only: the workspace has too many event names")
QUARANTINED = Counter("ebbtide_fold_quarantined", "Records and events that can't be counted, kept in `rejected`")
WINDOWS = Counter("ebbtide_fold_windows", "Rows appended to windows")
BATCH = Histogram("ebbtide_fold_batch_events", "Events in one transaction", buckets=[10**i for i in range(7)])
PREPARE = Histogram("ebbtide_fold_prepare_seconds", "Time to decode and fold one batch, the transaction aside")
TRANSACTION = Histogram("ebbtide_fold_transaction_seconds", "Time of one fold transaction")
FENCED = Counter("ebbtide_fold_fenced", "Transactions given up because another worker had moved the partition on")
LAG = Gauge("ebbtide_fold_lag_records", "Records not yet folded", ["topic", "partition"])
WATERMARK_DELAY = Gauge("ebbtide_watermark_delay_seconds", "How far the watermark is behind now")
DEDUPE_IDS = Gauge("ebbtide_dedupe_ids", "Ids held in memory")
DEDUPE_HORIZON = Gauge(
    "ebbtide_dedupe_exact_from_seconds", "Since when (Unix time) ids are held exactly; before that in filters"
)
COMPACTED = Counter("ebbtide_compacted_rows", "Rows of windows that were united with others")
TICKS = Counter("ebbtide_ticks", "Ticks sent to workspaces")
WALKS = Counter("ebbtide_path_walks", "Users whose completions of a path were worked out since they got on along it")
REBUILT = Counter("ebbtide_rebuilt_events", "Events read again for new or changed behaviors")


def observe(folded: Folded, folder: Folder) -> None:
    """Counts what one transaction came to."""
    FOLDED.labels(EVENTS).inc(folded.events - folded.history)
    FOLDED.labels(HISTORY).inc(folded.history)
    DUPLICATES.inc(folded.duplicates)
    LATE.inc(folded.late)
    UNASSIGNED.inc(folded.unassigned)
    UNNAMED.inc(folded.unnamed)
    QUARANTINED.inc(folded.refused)
    WINDOWS.inc(folded.windows)
    BATCH.observe(folded.events)
    held = [partition.dedupe for partition in folder.partitions.values()]
    DEDUPE_IDS.set(sum(map(len, held)))
    DEDUPE_HORIZON.set(max((dedupe.exact_from for dedupe in held), default=0) * 3600)


# Evaluation and delivery.
EVALUATION = Histogram("ebbtide_evaluation_seconds", "Time of one evaluation of a workspace")
EVALUATED_DAYS = Counter("ebbtide_evaluated_days", "Days evaluated, those evaluated again too")
ALERTS = Counter("ebbtide_alerts", "Steps that alerts have taken", ["kind", "transition", "origin"])
WEBHOOKS = Counter("ebbtide_webhook_attempts", "Attempts to deliver a message", ["outcome"])
WEBHOOK_SECONDS = Histogram("ebbtide_webhook_seconds", "Time of one attempt to deliver")
OUTBOX_WAITING = Gauge("ebbtide_outbox_waiting", "Messages in the outbox that are not finished")
