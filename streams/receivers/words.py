"""What a message says to a person: a title, a text, and facts, the same for every receiver that people read."""

from typing import Any, NamedTuple

from schemas.messages import TYPES

_STATES = {
    "alert.firing": "New",
    "alert.worsened": "Worse",
    "alert.relapsed": "Again",
    "alert.resolved": "Resolved",
    "alert.retracted": "Retracted",
    "alert.acknowledged": "Acknowledged",
    "alert.snoozed": "Snoozed",
}
OVER = ("alert.resolved", "alert.retracted")


class Words(NamedTuple):
    """`facts` are names and values, in the order to show them; `over`: nothing is left to do."""

    title: str
    text: str
    facts: list[tuple[str, str]]
    over: bool


def words_of(body: dict[str, Any]) -> Words:
    """The words of a message (as it was signed)."""
    kind, data = body["type"], body["data"]
    if kind == "digest.weekly":
        return Words(f"{data['csm']}: the week to {data['until'][:10]}", data["text"], [], over=False)
    if "sentence" not in data:
        title = TYPES[kind].says if kind in TYPES else kind
        return Words(title, str(data.get("reason") or title), _facts({"Endpoint": data.get("id")}), over=False)
    subject = (data.get("account") or {}).get("name") or data.get("segment") or "Ebbtide"
    state = _STATES.get(kind, kind)
    return Words(f"{state}: {subject}, {data['kind']}", data["sentence"], _of_alert(data), kind in OVER)


def _of_alert(data: dict[str, Any]) -> list[tuple[str, str]]:
    evidence = data.get("evidence") or {}
    gone = [one["user"] for one in evidence.get("users_gone") or [] if isinstance(one, dict) and "user" in one]
    low, high = evidence.get("low"), evidence.get("high")
    expected = None if evidence.get("expected") is None else f"{evidence['expected']:g} ({low} to {high})"
    return _facts(
        {
            "Account": (data.get("account") or {}).get("id"),
            "Segment": data.get("segment"),
            "Behavior": data.get("behavior"),
            "Since": evidence.get("since"),
            "Observed": evidence.get("observed"),
            "Expected": expected,
            "Who stopped": ", ".join(gone[:10]),
            "Next step": evidence.get("next_step"),
            "Why now": data.get("reason"),
        }
    )


def _facts(named: dict[str, Any]) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in named.items() if value not in (None, "")]


def cut(text: str, most: int) -> str:
    """At most so many characters, the last an ellipsis where some are missing.

    >>> cut("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= most else text[: most - 1] + "…"
