"""Sends what a description of an API allows, and what it forbids, and notes every answer that is our fault."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from unittest import SkipTest

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

_MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
_SHARE = 25  # cases of an operation and mode in a round
_QUIET = settings(
    max_examples=_SHARE, database=None, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
_OURS = 500


@schemathesis.serializer("application/x-ndjson", "text/csv")
def _lines(_: Any, value: Any) -> bytes:
    """Rows as lines; what is no list of rows is one line."""
    rows = value if isinstance(value, list) else [value]
    said = (row if isinstance(row, str) else json.dumps(row, default=str) for row in rows)
    return "\n".join(said).encode("utf-8", "surrogatepass")


@dataclass
class Report:
    """How many were sent, how they were answered, and those that were our fault, ready to be sent again."""

    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def fuzz(url: str, headers: dict[str, str], cases: int, seed: int = 1) -> Report:
    """Sends so many cases to the API at `url`, over all that its OpenAPI names; of them half break its rules."""
    report = Report()
    with requests.Session() as session:
        schema = schemathesis.openapi.from_dict(session.get(f"{url}/openapi.json", timeout=30).json())
        for operation, mode, number in _turns(schema, seed):
            if report.sent >= cases:
                break
            with suppress(Unsatisfiable, SkipTest):
                _send(session, url, headers, operation.as_strategy(generation_mode=mode), number, report)
    return report


def _turns(schema: Any, seed: int) -> Iterator[tuple[Any, GenerationMode, int]]:
    """Round after round each operation, in both modes, with a seed of its own."""
    operations = [found.ok() for found in schema.get_all_operations()]
    number = seed * 1_000_000
    while True:
        for operation in operations:
            for mode in _MODES:
                number += 1
                yield operation, mode, number


def _status(session: requests.Session, request: dict[str, Any]) -> int:
    """How a request was answered; of a stream that goes on, its beginning is enough."""
    with session.request(**request, timeout=30, allow_redirects=False, stream=True) as answer:
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            _ = answer.content
        return answer.status_code


def _send(
    session: requests.Session, url: str, headers: dict[str, str], strategy: Any, number: int, report: Report
) -> None:
    @seeded(number)
    @_QUIET
    @given(strategy)
    def each(case: Any) -> None:
        request = case.as_transport_kwargs(base_url=url)
        request["headers"] = {**request["headers"], **headers}
        report.sent += 1
        try:
            status = _status(session, request)
        except (requests.exceptions.InvalidHeader, UnicodeError, ValueError):
            return  # no client can send that
        except requests.RequestException as error:
            report.faults.append(f"{type(error).__name__} {case.as_curl_command()}")
            return
        report.statuses[status] += 1
        if status >= _OURS:
            report.faults.append(f"{status} {case.as_curl_command()}")

    each()
