"""ETags: an alert's is its sequence, which every step of its life moves on.

>>> tag_of(3), sequence_of('"3"'), sequence_of("*"), sequence_of(None)
('"3"', 3, None, None)
"""

from schemas.errors import ChangedError


def tag_of(sequence: int) -> str:
    """The ETag of a sequence."""
    return f'"{sequence}"'


def sequence_of(if_match: str | None) -> int | None:
    """The sequence that `If-Match` asks for; None: any. Raises ChangedError for what was never a tag of ours."""
    if if_match is None or if_match.strip() == "*":
        return None
    digits = if_match.strip().removeprefix('"').removesuffix('"')
    if not digits.isdecimal():
        raise ChangedError("`If-Match` holds no ETag of an alert: its sequence, in quotes. Nothing was changed.")
    return int(digits)
