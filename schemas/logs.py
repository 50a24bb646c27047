"""One way to log, for every process: structured lines on standard error, without personal data and secrets."""

import logging
import sys
from typing import Any

import structlog

from schemas.redaction import redact, redact_exception


class _Redacted(logging.Formatter):
    """The standard library's lines, for what libraries say."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the library's name
        return redact_exception(super().formatException(ei))


def configure(level: str) -> None:
    """Sends structlog's and the standard library's lines to standard error as `time level event key=value`."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Redacted("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _redact,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )


def _redact(_: Any, __: str, said: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if "exception" in said:
        said["exception"] = redact_exception(said["exception"])
    return {name: redact(value) if isinstance(value, str) else value for name, value in said.items()}
