"""Taking a person out of what was written about others too. Pure."""

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple


class Person(NamedTuple):
    """Who is erased: every word that names them (ids, e-mail addresses), and the word that takes its place."""

    terms: frozenset[str]
    instead: str

    def plain(self) -> list[str]:
        """The terms as they stand in text, and within JSON."""
        return sorted({*self.terms, *(term[1:-1] for term in self.quoted())})

    def quoted(self) -> list[str]:
        """The terms as they stand in JSON, however it was written."""
        return sorted({json.dumps(term, ensure_ascii=plain) for term in self.terms for plain in (True, False)})


def id_hash(workspace: int, user: str) -> bytes:
    """What is kept of an erased id, so that it is known again where it comes once more."""
    return hashlib.sha256(f"{workspace}\0{user}".encode("utf-8", "surrogatepass")).digest()


def names(traits: Mapping[str, Any], ids: Collection[str]) -> frozenset[str]:
    """The words that name a person for certain. Names of people are no such words: others have them too.

    >>> sorted(names({"email": "ada@example.com", "name": "Ada"}, ["u-7"]))
    ['ada@example.com', 'u-7']
    """
    mails = (value for name, value in traits.items() if name.lower() in ("email", "mail", "e-mail"))
    return frozenset(ids) | {value for value in mails if isinstance(value, str) and "@" in value}


def scrub(value: Any, person: Person) -> Any:
    """The value, in which the person is nobody: strings that are a term, and terms within longer ones.

    >>> ada = Person(frozenset({"ada"}), "erased-1")
    >>> scrub({"gone": [{"user": "ada"}], "next": "Call ada. Or adam, ada@x."}, ada)
    {'gone': [{'user': 'erased-1'}], 'next': 'Call erased-1. Or adam, ada@x.'}
    """
    if isinstance(value, str):
        return _pattern(person.terms).sub(person.instead, value)
    if isinstance(value, list):
        return [scrub(one, person) for one in value]
    if isinstance(value, dict):
        return {scrub(name, person): scrub(one, person) for name, one in value.items()}
    return value


def _pattern(terms: Collection[str]) -> re.Pattern[str]:
    one_of = "|".join(map(re.escape, sorted(terms, key=len, reverse=True)))
    return re.compile(rf"(?<![\w@+.-])(?:{one_of})(?![\w@+]|[.-]\w)")
