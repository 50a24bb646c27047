"""Silences by matchers, as Alertmanager has them: all of a silence's matchers must fit, a regex the whole of a value.

What an alert says of a name may be several things (an account is in several segments): `=` and `=~` fit where one of
them does, `!=` and `!~` where none does. What it does not say is empty.

>>> about = {"kind": ["account.silent"], "segment": ["plan:pro", "region:EU"]}
>>> matches([Matcher("kind", "=~", "account.*"), Matcher("segment", "=", "region:EU")], about)
True
>>> matches([Matcher("segment", "!=", "plan:pro")], about), matches([Matcher("csm", "=", "")], about)
(False, True)
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

import msgspec

from schemas.alerts import AlertKind
from schemas.errors import DefinitionError
from schemas.lives import AlertRecord
from schemas.segments import EVERYONE, segments_of

NAMES = ("kind", "account", "segment", "csm", "behavior")
Op = Literal["=", "!=", "=~", "!~"]
_UNBOUNDED = 3  # regexes come from people: with few repetitions and none of groups, none takes long
ABSORBS_DAYS = 14


class Matcher(msgspec.Struct, frozen=True):
    """One condition on what an alert says of a name."""

    name: str
    op: Op
    value: str

    def fits(self, said: Sequence[str]) -> bool:
        """Whether what an alert says of the name meets it."""
        values = [value[:256] for value in said] or [""]
        if self.op in ("=", "!="):
            return (self.value in values) == (self.op == "=")
        found = any(_compiled(self.value).fullmatch(value) for value in values)
        return found == (self.op == "=~")


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants quiet about what, from when to when, and why."""

    id: str
    matchers: list[Matcher]
    starts_at: datetime
    ends_at: datetime
    author: str
    comment: str


def matches(matchers: Sequence[Matcher], about: Mapping[str, Sequence[str]]) -> bool:
    """Whether all fit what an alert says."""
    return all(matcher.fits(about.get(matcher.name, ())) for matcher in matchers)


def check(matchers: Sequence[Matcher]) -> None:
    """Raises DefinitionError for matchers that would silence everything, or whose regex is wrong or could run away."""
    if not any(matcher.value and matcher.op in ("=", "=~") for matcher in matchers):
        raise DefinitionError("A silence needs a matcher with `=` or `=~` and a value, or it silences everything.")
    for matcher in matchers:
        if matcher.op not in ("=~", "!~"):
            continue
        if re.search(r"\)[*+?{]|\\\d", matcher.value) or len(re.findall(r"(?<!\\)[*+{]", matcher.value)) > _UNBOUNDED:
            raise DefinitionError(
                f"The regex {matcher.value!r} could run away: repeat no group, refer back to none, and use at most "
                f"{_UNBOUNDED} of `*`, `+` and `{{`. Nothing was kept."
            )
        _compiled(matcher.value)


@lru_cache(maxsize=1000)
def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise DefinitionError(f"The regex {pattern!r} is wrong: {error}. Nothing was kept.") from None


def about(alert: AlertRecord, account: str | None, traits: Mapping[str, Any]) -> dict[str, list[str]]:
    """What an alert says of each name that matchers know."""
    of_peers = alert.segment or alert.evidence.get("segment")
    segments = list(dict.fromkeys([*segments_of(dict(traits)), *([of_peers] if of_peers else [])]))
    csm = traits.get("csm")
    return {
        "kind": [alert.kind],
        "account": [account] if account else [],
        "segment": segments,
        "csm": [str(csm)] if csm else [],
        "behavior": [alert.behavior] if alert.behavior else [],
    }


def inhibits(source: AlertRecord, alert: AlertRecord, now: datetime) -> bool:
    """Whether an open alert says already what another one would.

    A segment's fall covers its members for two weeks, as it holds their new alerts back; a quiet source covers what it
    feeds; a silent account covers what its behaviors say.
    """
    if source.episode == alert.episode:
        return False
    if source.kind == AlertKind.INGEST_QUIET:
        return alert.kind != AlertKind.INGEST_QUIET and source.behavior in ("*", alert.behavior)
    if alert.account is None:
        return False
    if source.kind == AlertKind.SEGMENT_DROPPED:
        member = source.segment in (EVERYONE, alert.evidence.get("segment"))
        return member and (now - source.fired_at).days < ABSORBS_DAYS
    return source.kind == AlertKind.ACCOUNT_SILENT and source.account == alert.account


SOURCES = (AlertKind.INGEST_QUIET, AlertKind.SEGMENT_DROPPED, AlertKind.ACCOUNT_SILENT)

_MATCHER = re.compile(r'\s*([a-z]+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')


def parse(text: str) -> list[Matcher]:
    r"""Matchers as people write them; raises DefinitionError that says where they stop making sense.

    >>> parse('csm="ada", kind=~"account.*"')
    [Matcher(name='csm', op='=', value='ada'), Matcher(name='kind', op='=~', value='account.*')]
    """
    found, at = list[Matcher](), 0
    while at < len(text.rstrip()):
        one = _MATCHER.match(text, at)
        if one is None or one[1] not in NAMES:
            names = ", ".join(NAMES)
            raise DefinitionError(f'Write matchers as csm="ada", kind=~"account.*"; the names are {names}.')
        found.append(
            msgspec.convert({"name": one[1], "op": one[2], "value": re.sub(r'\\(["\\])', r"\1", one[3])}, Matcher)
        )
        at = one.end()
    return found


def written(matchers: Sequence[Matcher]) -> str:
    """Matchers as people write them; `parse` reads them back.

    >>> written(parse('csm="ada",kind!="x"'))
    'csm="ada", kind!="x"'
    """
    quoted = ((one, one.value.replace("\\", "\\\\").replace('"', '\\"')) for one in matchers)
    return ", ".join(f'{one.name}{one.op}"{value}"' for one, value in quoted)
