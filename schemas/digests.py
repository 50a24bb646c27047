"""A CSM's week in one message: whom to call first, what changed, what is over, what was left for the digest. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape

import msgspec

from schemas.lives import OVER

FIRST, MOST = 5, 50


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """An alert in a digest. `told`: it was notified one by one."""

    id: str
    kind: str
    state: str
    account: str | None
    name: str | None
    arr: float | None
    currency: str | None
    sentence: str
    next_step: str
    priority: float
    fired_at: datetime
    resolved_at: datetime | None
    worsened: bool
    deferred: bool


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """A week of a CSM; lists hold the most urgent first, at most MOST of each; `counts` says how many there are.

    `judged_arr`: the share of their accounts' ARR that some kind of alert judges; None where none is known.
    """

    csm: str
    since: datetime
    until: datetime
    accounts: int
    judged_arr: float | None
    counts: dict[str, int]
    call_first: list[Line]
    new: list[Line]
    worsened: list[Line]
    resolved: list[Line]
    left_for_digest: list[Line]


def digest(
    csm: str, week: tuple[datetime, datetime], lines: Iterable[Line], accounts: int, judged_arr: float | None
) -> Digest:
    """What a week of alerts (all that were open in it) comes to."""
    since, until = week
    ranked = sorted(lines, key=lambda line: (-line.priority, line.id))
    still = [line for line in ranked if line.state not in OVER and line.state != "snoozed"]
    new = [line for line in ranked if since <= line.fired_at < until]
    parts = {
        "call_first": still[:FIRST],
        "new": new,
        "worsened": [line for line in still if line.worsened],
        "resolved": [line for line in ranked if line.resolved_at and since <= line.resolved_at < until],
        "left_for_digest": [line for line in new if line.deferred],
    }
    counts = {name: len(found) for name, found in parts.items()} | {"open": len(still)}
    shown = {name: found[:MOST] for name, found in parts.items()}
    return Digest(csm=csm, since=since, until=until, accounts=accounts, judged_arr=judged_arr, counts=counts, **shown)


_TITLES = {
    "call_first": "Call first",
    "new": "New this week",
    "worsened": "Worse than before",
    "resolved": "Resolved",
    "left_for_digest": "Beyond the week's budget, told only here",
}


def as_text(found: Digest) -> str:
    """The digest in plain text."""
    parts = [f"{_title(found)}\n{_summary(found)}"]
    for name, lines in _parts(found):
        said = [f"- {_named(line)}{line.sentence}{_step(line)}" for line in lines]
        parts.append("\n".join([_TITLES[name], *said, *_rest(found, name, lines)]))
    return "\n\n".join(parts) + "\n"


def as_html(found: Digest) -> str:
    """The digest as a page of its own, for mail: no script, nothing from elsewhere; what customers say is escaped."""
    parts = [f"<h1>{escape(_title(found))}</h1><p>{escape(_summary(found))}</p>"]
    for name, lines in _parts(found):
        said = "".join(
            f"<li><b>{escape(_named(line))}</b>{escape(line.sentence)}<br><i>{escape(_step(line).strip())}</i></li>"
            for line in lines
        )
        rest = "".join(f"<p>{escape(one)}</p>" for one in _rest(found, name, lines))
        parts.append(f"<h2>{_TITLES[name]}</h2><ol>{said}</ol>{rest}")
    head = f'<meta charset="utf-8"><title>{escape(_title(found))}</title>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>'


def _title(found: Digest) -> str:
    return f"{found.csm}: the week to {found.until.day} {found.until:%B %Y}"


def _summary(found: Digest) -> str:
    counts = found.counts
    judged = "unknown" if found.judged_arr is None else f"{found.judged_arr:.0%}"
    if not counts["open"] and not counts["new"] and not counts["resolved"]:
        return f"A quiet week for {found.accounts} accounts. Share of their ARR that is judged: {judged}."
    return (
        f"{counts['open']} open, {counts['new']} new, {counts['worsened']} worse, {counts['resolved']} resolved, among "
        f"{found.accounts} accounts. Share of their ARR that is judged: {judged}."
    )


def _parts(found: Digest) -> Iterable[tuple[str, Sequence[Line]]]:
    return ((name, lines) for name in _TITLES if (lines := getattr(found, name)))


def _named(line: Line) -> str:
    """The account's name where the sentence does not begin with it."""
    return "" if line.name is None or line.sentence.startswith(line.name) else f"{line.name}: "


def _step(line: Line) -> str:
    return f" {line.next_step}" if line.next_step and line.state not in OVER else ""


def _rest(found: Digest, name: str, lines: Sequence[Line]) -> list[str]:
    more = 0 if name == "call_first" else found.counts[name] - len(lines)
    return [f"and {more} more"] if more > 0 else []
