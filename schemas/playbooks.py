r"""Playbooks: what to check, what to ask and where to look for each kind of alert, declared in `playbooks.yaml`.

>>> book = parse("{account.silent: {title: $account is quiet, check: ['Since $since?']}}")
>>> book["account.silent"].filled({"account": "Acme", "since": "2 March"}).check
['Since 2 March?']
"""

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from string import Template
from typing import Any

import msgspec
import yaml

from schemas.alerts import AlertKind
from schemas.errors import DefinitionError

PLACES = ("account", "behavior", "since", "csm", "segment")


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to look."""

    title: str
    url: str


class Playbook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do about one kind of alert."""

    title: str
    check: list[str] = []
    ask: list[str] = []
    links: list[Link] = []

    def filled(self, places: Mapping[str, str]) -> "Playbook":
        """The playbook for one alert; a place that it says nothing of stays as it is written."""

        def fill(said: str) -> str:
            return Template(said).safe_substitute(places)

        links = [Link(fill(link.title), link.url) for link in self.links]
        return Playbook(title=fill(self.title), check=[*map(fill, self.check)], ask=[*map(fill, self.ask)], links=links)


@lru_cache(maxsize=1)
def built_in() -> dict[str, Playbook]:
    """What holds where no file says otherwise."""
    return parse((files("schemas") / "playbooks.yaml").read_text(encoding="utf-8"))


def parse(text: str, source: str = "playbooks.yaml") -> dict[str, Playbook]:
    """The playbooks in a YAML text by kind, or a DefinitionError that says what is wrong and where."""
    try:
        content = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise DefinitionError(f"{source} is not YAML: {error}. Mend it; the playbooks before it stay.") from None
    if not isinstance(content, dict) or not content.keys() <= set(AlertKind):
        raise DefinitionError(f"{source} holds a playbook under each kind's name; kinds are {', '.join(AlertKind)}.")
    try:
        return {kind: _playbook(said) for kind, said in content.items()}
    except (msgspec.ValidationError, ValueError) as error:
        raise DefinitionError(f"{source}: {error}. Each has `title`, `check`, `ask` and `links`.") from None


def of_alert(books: Mapping[str, Playbook], alert: Mapping[str, Any]) -> Playbook | None:
    """The playbook of an alert as it is shown; None where its kind has none."""
    book = books.get(alert["kind"])
    if book is None:
        return None
    account = alert.get("account") or {}
    behavior = alert.get("behavior")
    places = {
        "account": account.get("name"),
        "csm": alert.get("csm"),
        "behavior": "anything" if behavior == "*" else behavior,
        "since": alert.get("since"),
        "segment": alert.get("segment"),
    }
    return book.filled({name: str(said) for name, said in places.items() if said})


def _playbook(said: Any) -> Playbook:
    book = msgspec.convert(said, Playbook)
    for text in (book.title, *book.check, *book.ask, *(link.title for link in book.links)):
        if unknown := set(Template(text).get_identifiers()) - set(PLACES):
            raise ValueError(f"there is no place ${unknown.pop()}; say {', '.join(f'${name}' for name in PLACES)}")
    for link in book.links:
        if not link.url.startswith(("https://", "http://")):
            raise ValueError(f"{link.url!r} is no http or https address")
    return book
