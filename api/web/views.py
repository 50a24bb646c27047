"""What a page shows, made from what the database says."""

from datetime import date, datetime, timedelta
from typing import Any

from api.spans import edges
from api.web import charts
from schemas.clock import to_ms
from schemas.database import accounts as stored
from schemas.database import alerts_read, windows
from schemas.database.alerts_read import AlertFilter
from schemas.days import local_date
from schemas.errors import DefinitionError, NotFoundError
from schemas.windows import ALL

BEFORE, AFTER = 56, 14  # days of a chart around an alert
SHOWN = 180  # days of an account's chart


def listed(alert: dict[str, Any]) -> dict[str, Any]:
    """An alert with its tiny picture, and its sentence without the name that stands beside it."""
    sentence = alert["sentence"]
    said = sentence.removeprefix(f"{alert['account']['name']}: ") if alert["account"] else sentence
    if "@" not in said.partition(" ")[0]:  # an address stays as it is written
        said = said[:1].upper() + said[1:]
    return alert | {"meter": charts.meter(alert), "open": alert["state"] not in stored.CLOSED, "said": said}


def alert_chart(connection: Any, workspace: int, alert: dict[str, Any]) -> charts.Chart | None:
    """The account's people a day around the alert, with what was expected."""
    evidence, of = alert["evidence"], alert["account"]
    band = charts.span_of(evidence)
    if of is None or band is None:
        return None
    try:
        onset = date.fromisoformat(alert["since"])
        first, end = min(onset, band.first) - timedelta(BEFORE), band.end + timedelta(AFTER)
        days = people(connection, workspace, of["id"], alert["behavior"] or ALL, first, end)
    except (NotFoundError, DefinitionError, ValueError, TypeError):
        return None  # an account or behavior that is no more, or evidence of another kind: the numbers speak alone
    last = max((i for i, one in enumerate(days) if one.users or one.day < band.end), default=0)
    return charts.daily(days[: last + 1], band, onset)


def people(connection: Any, workspace: int, account: str, behavior: str, first: date, end: date) -> list[charts.Day]:
    """Distinct users of each local day from `first` up to `end`."""
    number, zone = stored.number_and_zone(connection, workspace, account)
    counted = windows.behavior_number(connection, workspace, behavior)
    starts = edges("day", zone, first.isoformat(), end.isoformat(), 0)
    spans = windows.spans(connection, workspace, number, counted, starts)
    return [charts.Day(local_date(zone, span.start), len(span.users)) for span in spans]


def account(connection: Any, workspace: int, account_id: str, now: datetime) -> dict[str, Any]:
    """One account with its people a day and its newest alerts."""
    found = stored.account(connection, workspace, account_id, now - timedelta(days=SHOWN))
    _, zone = stored.number_and_zone(connection, workspace, account_id)
    today = local_date(zone, to_ms(now))
    days = people(connection, workspace, account_id, ALL, today - timedelta(SHOWN - 1), today + timedelta(1))
    page = alerts_read.list_alerts(connection, workspace, AlertFilter(account=account_id), 20, None)
    return {
        "account": found,
        "chart": charts.daily(days),
        "alerts": [listed(alert) for alert in page.items],
        "zone": zone,
    }
