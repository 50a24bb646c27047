"""Sentences with one thing in them changed, so that they are no longer true: what a check of sentences must catch."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from tests.e2e.truth.patterns import parse

_SAYS_NOTHING = {"alone", "everyone", "how"}


def falsehoods(kind: str, sentence: str) -> Iterator[tuple[str, str]]:
    """Every part of a sentence by its name, and the sentence with another in its place."""
    match = parse(kind, sentence)
    assert match is not None
    for part, said in match.groupdict().items():
        if said is not None and part not in _SAYS_NOTHING:
            yield part, sentence[: match.start(part)] + _other(said) + sentence[match.end(part) :]


def _other(said: str) -> str:
    """Another date, number, change or name.

    >>> _other("30 June 2026"), _other("1,200"), _other("4.5"), _other("+3 %"), _other("ada")
    ('9 August 2026', '3607', '20.5', '+23 %', 'nobody')
    """
    try:
        day: date = datetime.strptime(said, "%d %B %Y").date() + timedelta(days=40)  # noqa: DTZ007 - a date has no zone
    except ValueError:
        pass
    else:
        return f"{day.day} {day:%B %Y}"
    if re.fullmatch(r"[\d,]+", said):
        return str(3 * int(said.replace(",", "")) + 7)
    if re.fullmatch(r"[\d.]+", said):
        return str(3 * float(said) + 7)
    if said.endswith("%"):
        return f"+{int(re.sub(r'[^0-9]', '', said)) + 20} %"
    return "nobody"
