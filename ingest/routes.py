"""Every path that takes events, and its shape. Paths that are asked most stand first."""

from collections.abc import Iterator

from starlette.routing import Route

from ingest.formats import Format
from ingest.intake import Intake, Parts
from ingest.shapes import Form, Shape

_BATCH = Shape(Format.SEGMENT, Form.BATCH)
_CAPTURE = Shape(Format.POSTHOG, Form.ANY)
_CALLS = ("track", "page", "screen", "identify", "group", "alias")

SHAPES: dict[str, Shape] = {
    "/v1/batch": _BATCH,
    **{f"/v1/{call}": Shape(Format.SEGMENT, Form.SINGLE, call) for call in _CALLS},
    "/batch/": Shape(Format.POSTHOG, Form.BATCH),
    "/i/v0/e/": _CAPTURE,
    "/i/v1/analytics/events": Shape(Format.POSTHOG, Form.BATCH, results=True),
    "/v1/import": Shape(Format.IMPORT, Form.ROWS),
    "/v1/validate": Shape(None, Form.ANY, keep=False),
    "/batch": Shape(Format.POSTHOG, Form.BATCH),
    "/capture/": _CAPTURE,
    "/capture": _CAPTURE,
    "/e/": _CAPTURE,
    "/e": _CAPTURE,
    "/i/v0/e": _CAPTURE,
    "/track/": _CAPTURE,
    "/i/v1/analytics/events/": Shape(Format.POSTHOG, Form.BATCH, results=True),
    "/v1/b": _BATCH,
    **{f"/v1/{call[0]}": Shape(Format.SEGMENT, Form.SINGLE, call) for call in _CALLS if call != "screen"},
    "/v1/s": Shape(Format.SEGMENT, Form.SINGLE, "screen"),
}


def routes(parts: Parts) -> Iterator[Route]:
    """A route for each path; only POST."""
    for path, shape in SHAPES.items():
        yield Route(path, Intake(parts, shape, path), methods=["POST"], include_in_schema=False)
