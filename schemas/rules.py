"""Rules: what is looked for and how often that may be wrong, declared in `rules.yaml` (rules as code).

What the file says goes before a workspace's settings, and those before what is built in.

>>> rules = parse("{budget: 0.25, kinds: {segment.dropped: {mode: shadow, confirm: 2}}}")
>>> rules.budget, rules.of("segment.dropped").mode, rules.of("behavior.dropped").mode
(0.25, <Mode.SHADOW: 'shadow'>, <Mode.ENABLED: 'enabled'>)
>>> rules.name == parse(" {kinds: {segment.dropped: {confirm: 2, mode: shadow}}, budget: 0.25}").name
True
"""

import hashlib
from enum import StrEnum
from typing import Any

import msgspec
import yaml

from schemas.alerts import DETECTED, ON_ACCOUNTS
from schemas.errors import DefinitionError

_EXAMPLE = "See schemas/rules.example.yaml for every field."


class Mode(StrEnum):
    """What becomes of a kind's alerts: told; stored and told to nobody; not looked for."""

    ENABLED = "enabled"
    SHADOW = "shadow"
    OFF = "off"


class Times(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The pace of an alert's life, in days.

    It fires after `confirm` days over the threshold, is resolved after `quiet` days below, not sooner than `spaced`
    days after it opened, and is told again after `told_again` days when `worse` more of the expected use is gone.
    """

    confirm: int = 1
    quiet: int = 7
    spaced: int = 14
    worse: float = 0.25
    told_again: int = 7


class Rule(Times, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is said of one kind of alert. `share`: of the budget; unsaid, the product divides it."""

    mode: Mode = Mode.ENABLED
    share: float | None = None


class Rules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One version of the rules. `budget`: false alerts a year and account, over all kinds on accounts together."""

    version: str = ""
    budget: float | None = None
    kinds: dict[str, Rule] = {}

    @property
    def name(self) -> str:
        """How alerts name these rules: their version, else a hash of what they say; `built in` where they say nothing.

        >>> Rules().name, Rules(version="2026-03").name
        ('built in', '2026-03')
        """
        if self.version or self == Rules():
            return self.version or "built in"
        return hashlib.blake2b(msgspec.json.encode(self, order="sorted"), digest_size=6).hexdigest()

    def of(self, kind: str) -> Rule:
        """What holds for a kind."""
        return self.kinds.get(kind, _UNSAID)


_UNSAID = Rule()
BUILT_IN = Rules()


def parse(text: str, source: str = "rules.yaml") -> Rules:
    """The rules in a YAML text, or a DefinitionError that says what is wrong, where, and what to do."""
    rules, wrong = read(text, source)
    if rules is None:
        raise DefinitionError(wrong[0])
    return rules


def read(text: str, source: str = "rules.yaml") -> tuple[Rules | None, list[str]]:
    """The rules in a YAML text; or None, and every fault in a sentence of its own."""
    try:
        content = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        return None, [f"{source} is not YAML: {error}. Mend it; the rules before it stay."]
    if not isinstance(content, dict):
        return None, [f"{source} holds `budget:`, `version:` and `kinds:`, each once. {_EXAMPLE}"]
    said = content.get("kinds") or {}
    if not isinstance(said, dict):
        return None, [f"{source}: `kinds` holds what is said of each kind, by its name. {_EXAMPLE}"]
    kinds, wrong = _kinds(said, source)
    try:
        rules = msgspec.convert(content | {"kinds": {}}, Rules, strict=True)
    except msgspec.ValidationError as error:
        return None, [f"{source}: {error}. {_EXAMPLE}", *wrong]
    rules = msgspec.structs.replace(rules, kinds=kinds)
    wrong += _faults(rules, source)
    return (None, wrong) if wrong else (rules, [])


def _kinds(said: dict[Any, Any], source: str) -> tuple[dict[str, Rule], list[str]]:
    found: dict[str, Rule] = {}
    wrong = []
    for name, rule in said.items():
        if name not in DETECTED:
            wrong.append(f"{source}: there is no kind {name!r} that is looked for; say {', '.join(DETECTED)}.")
            continue
        try:
            found[name] = msgspec.convert(_unswitched(rule), Rule, strict=True)
        except msgspec.ValidationError as error:
            wrong.append(f"{source}: kind {name}: {error}. {_EXAMPLE}")
    return found, wrong


def _unswitched(rule: Any) -> Any:
    """YAML reads a bare `off` as false."""
    if isinstance(rule, dict) and isinstance(rule.get("mode"), bool):
        return rule | {"mode": Mode.ENABLED if rule["mode"] else Mode.OFF}
    return rule


def _faults(rules: Rules, source: str) -> list[str]:
    wrong = []
    if rules.budget is not None and not 0.001 <= rules.budget <= 1000:
        wrong.append(f"{source}: `budget` is {rules.budget:g}; say from 0.001 to 1000 false alerts a year and account.")
    for name, rule in rules.kinds.items():
        where = f"{source}: kind {name}"
        if rule.share is not None and not 0 < rule.share <= 1:
            wrong.append(f"{where}: `share` is {rule.share:g}; say more than 0 and at most 1.")
        days = {field: getattr(rule, field) for field in ("confirm", "quiet", "spaced", "told_again")}
        wrong += [
            f"{where}: `{field}` is {said}; say from 1 to 365 days."
            for field, said in days.items()
            if not 1 <= said <= 365
        ]
        if not 0 < rule.worse <= 1:
            wrong.append(f"{where}: `worse` is {rule.worse:g}; say more than 0 and at most 1.")
    shared = sum(rule.share or 0 for name, rule in rules.kinds.items() if name in ON_ACCOUNTS)
    if shared > 1 + 1e-9:
        wrong.append(f"{source}: the shares add up to {shared:g} of the budget; say at most 1 together.")
    return wrong
