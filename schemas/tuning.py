"""How people's verdicts tune a rule: a kind that is often wrong spends less of the false-alarm budget. Pure.

It is the rule that is tuned, for every account alike: one click must not blind one account. The factor on the kind's
share of the budget raises its threshold; each change is kept with who made it and why, and any can be taken back.

>>> suggested(Record(true=2, false=1)), suggested(Record(true=9, false=1)), suggested(Record(true=4, false=8))
(None, 1.0, 0.45)
"""

from schemas.alerts import AlertKind
from schemas.priorities import Record

TUNABLE = (
    AlertKind.BEHAVIOR_DROPPED,
    AlertKind.SEGMENT_DROPPED,
    AlertKind.ACCOUNT_SILENT,
    AlertKind.USERS_INACTIVE,
    AlertKind.CHAMPION_SILENT,
)
ENOUGH = 8  # verdicts, before they say anything of a rule
GOOD = 0.8  # of a kind's alerts right: nothing to mend
LEAST = 0.25


def suggested(record: Record) -> float | None:
    """The factor on a kind's share of the budget that its verdicts speak for; None: too few were judged."""
    if record.true + record.false < ENOUGH:
        return None
    return round(min(max(record.precision / GOOD, LEAST), 1.0) * 20) / 20
