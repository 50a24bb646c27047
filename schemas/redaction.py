"""Takes secrets and personal data out of what is about to be logged. Pure.

What is logged names routes, workspaces' numbers and codes, never an id or a name. This is the second lock, for what
other people's exceptions say: a database's DETAIL, a value that could not be read, an address with its password.
"""

import re

_KEY = re.compile(r"\b(ebb_|whsec_|whsk_)[\w+/=-]{4,}")
_PASSWORD = re.compile(r"(\w+://[^\s:/@]*):[^\s/@]+@")
_ADDRESS = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_BEARER = re.compile(r"\b(bearer|basic)\s+\S{8,}", re.IGNORECASE)
_VALUES = re.compile(r"^\s*(?:DETAIL|CONTEXT|LINE \d+|HINT|STATEMENT|\[SQL|\[parameters)\b.*$", re.MULTILINE)
_INPUT = re.compile(r"(invalid (?:input|byte)[^:\n]*):[^\n]*")
_QUOTED = re.compile(r"'[^'\n]*'")


def redact(text: str) -> str:
    r"""The text without keys, passwords, e-mail addresses, and the values that PostgreSQL's errors quote.

    >>> redact("key ebb_4Jk2mPq8xyz of ada@example.com at postgresql://ebbtide:geheim@db/ebbtide")
    'key ebb_… of …@… at postgresql://ebbtide:…@db/ebbtide'
    >>> redact('duplicate key value violates unique constraint "u"\nDETAIL:  Key (account)=(acme) already exists.')
    'duplicate key value violates unique constraint "u"\n'
    """
    text = _PASSWORD.sub(r"\1:…@", _VALUES.sub("", text))
    text = _BEARER.sub(r"\1 …", _KEY.sub(r"\1…", text))
    return _INPUT.sub(r"\1: …", _ADDRESS.sub("…@…", text))


def redact_exception(trace: str) -> str:
    r"""A traceback, whose messages may quote what was being worked on; our own source lines stay as they are.

    >>> redact_exception("Traceback (most recent call last):\n  File 'a.py'\n    x['b']\nKeyError: 'ada'")
    "Traceback (most recent call last):\n  File 'a.py'\n    x['b']\nKeyError: '…'"
    """
    lines = redact(trace).split("\n")
    return "\n".join(line if line.startswith("  ") else _QUOTED.sub("'…'", line) for line in lines)
