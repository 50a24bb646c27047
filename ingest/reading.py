"""One event's bytes into a typed call, or the reason why not.

Cheap looks decide for nearly every event; only a suspicious one is looked at closely.
"""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from ingest.errors import InvalidError
from ingest.limits import DEPTH, EVENT_BYTES

Call = TypeVar("Call")

_AT = re.compile(r" - at `(?:key in )?\$?\.?([^`]*)`$")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NOT_FINITE = re.compile(rb"\b(?:NaN|Infinity)\b")
_SURROGATE = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|\\u[dD][c-fC-F]")
_MESSAGES = {
    "too_deep": f"The event is nested deeper than {DEPTH} levels.",
    "invalid_utf8": "The event is not valid UTF-8.",
    "lone_surrogate": "A text holds half of a surrogate pair, which is no character.",
    "number_out_of_range": "A number is too large to be kept; send it as a string.",
    "not_finite": "NaN and Infinity are no JSON; leave the value out or send null.",
    "nul_character": "A text holds the character NUL (U+0000), which no database keeps.",
}
_decode_any = msgspec.json.Decoder().decode


def suspicious(body: bytes) -> bool:
    """Whether a body could hide NUL, lone surrogates or broken UTF-8 in fields that no decoder looks at."""
    if b"\\" in body and b"\\u" in body and (b"\\u0000" in body or b"\\ud" in body or b"\\uD" in body):
        return True
    if body.isascii():
        return False
    try:
        body.decode()
    except UnicodeDecodeError:
        return True
    return False


def read(raw: bytes, decode: Callable[[bytes], Call], careful: bool) -> Call:
    """One event as the type of its wire format. Raises InvalidError; never anything else, whatever the bytes are."""
    if len(raw) > EVENT_BYTES:
        raise InvalidError("event_too_large", f"The event has {len(raw):,} bytes, more than {EVENT_BYTES:,}.")
    try:
        if careful:
            _look_closely(raw)
        return decode(raw)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise _reason(raw, error) from error


def check_depth(value: dict[str, Any], level: int) -> None:
    """Raises InvalidError where what stands on this level of an event holds too many further ones."""
    if is_deeper(value, DEPTH - level):
        raise InvalidError("too_deep", _MESSAGES["too_deep"])


def is_deeper(value: dict[str, Any] | list[Any], levels: int) -> bool:
    """Whether objects and lists stand in it, one in another, on more than so many levels.

    >>> is_deeper({"a": [{}]}, 2), is_deeper({"a": [{}]}, 1)
    (False, True)
    """
    for one in value.values() if type(value) is dict else value:
        if (type(one) is dict or type(one) is list) and (levels == 0 or is_deeper(one, levels - 1)):
            return True
    return False


def _look_closely(raw: bytes) -> None:
    if _NUL.search(raw):
        raise InvalidError("nul_character", _MESSAGES["nul_character"])
    _decode_any(raw)


def _reason(raw: bytes, error: Exception) -> InvalidError:
    said = str(error)
    if isinstance(error, msgspec.ValidationError) and "out of range" not in said:
        at = _AT.search(said)
        return InvalidError("wrong_type", f"{said}.", at.group(1) if at else "")
    code = _code(raw, error, said)
    return InvalidError(code, _MESSAGES.get(code, f"{said}."))


def _code(raw: bytes, error: Exception, said: str) -> str:
    """What a decoder's error means, looking at the bytes where it does not say."""
    looks: dict[str, bool] = {
        "too_deep": isinstance(error, RecursionError),
        "invalid_utf8": isinstance(error, UnicodeDecodeError),
        "number_out_of_range": "out of range" in said,
        "lone_surrogate": _SURROGATE.search(raw) is not None,
        "not_finite": _NOT_FINITE.search(_STRINGS.sub(b'""', raw)) is not None,
        "nul_character": b"\0" in raw,
    }
    return next((code for code, true in looks.items() if true), "invalid_json")
