"""What the collector refuses: a whole request, or one event of it.

EbbtideError
├── Refusal           the request, with its HTTP status
└── InvalidError      one event, while its neighbors are kept

A code is a stable word for programs, a message a sentence for people.
"""

from schemas.errors import EbbtideError


class Refusal(EbbtideError):  # noqa: N818 - it is an answer, not a fault
    """The whole request is refused. `retry_after` (seconds) where the same request may succeed later."""

    def __init__(self, status: int, code: str, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after


class InvalidError(EbbtideError):
    """One event can't be taken: why, and where in it."""

    def __init__(self, code: str, message: str, field: str = "", message_id: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.message_id = message_id
