"""Every path that takes events, and its shape."""

from collections.abc import Mapping

from fastapi import FastAPI
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

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


class Collector(FastAPI):
    """FastAPI, except that a POST to a path that takes events goes straight there: half of its cost is the way in."""

    intakes: Mapping[str, Intake] = {}

    def take(self, parts: Parts) -> None:
        """Opens every path that takes events."""
        self.intakes = {path: Intake(parts, shape, path) for path, shape in SHAPES.items()}
        for path, intake in self.intakes.items():  # for the other methods' 405
            self.router.routes.append(Route(path, intake, methods=["POST"], include_in_schema=False))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI request."""
        intake = self.intakes.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        await (intake or super().__call__)(scope, receive, send)
