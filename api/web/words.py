"""How pages say numbers, money and moments.

>>> money(48_000, "EUR"), number(29.0), number(4.25), percent(1.04)
('48k EUR', '29', '4.2', '+4 %')
"""

from datetime import date, datetime
from typing import Any

from schemas.segments import short

NONE = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


def number(value: Any) -> str:
    """A number with at most one decimal; a dash for none."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return NONE
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.1f}"


def percent(value: Any) -> str:
    """A share, as a change in percent."""
    return f"{(value - 1) * 100:+.0f} %".replace("-", MINUS) if isinstance(value, int | float) else NONE


def money(amount: Any, currency: Any) -> str:
    """An amount as people say it."""
    if not isinstance(amount, int | float) or isinstance(amount, bool):
        return NONE
    return f"{short(amount)} {currency}" if isinstance(currency, str) else short(amount)


def day(value: Any) -> str:
    """A date in words: 9 March 2026."""
    if isinstance(value, str):
        try:
            return day(date.fromisoformat(value[:10]))
        except ValueError:
            return value
    return f"{value.day} {value:%b %Y}" if isinstance(value, date) else NONE


def moment(value: datetime | None) -> str:
    """A moment in words, in UTC."""
    return f"{day(value)}, {value:%H:%M} UTC" if value else NONE


FILTERS = {"number": number, "percent": percent, "money": money, "day": day, "moment": moment}
