"""The documentation of the routes that bypass FastAPI, with examples."""

from typing import Any

from fastapi import FastAPI

from ingest.formats import Format
from ingest.limits import BATCH_EVENTS, BODY_BYTES, EVENT_BYTES
from ingest.routes import SHAPES
from ingest.shapes import Form, Shape

_DESCRIPTION = f"""Takes events as Segment's, RudderStack's and PostHog's clients send them, and imports of history.

**200 means stored**: Kafka has acknowledged every accepted event. One bad event never rejects another; each refused
one is listed with its reason, and kept. At most {BATCH_EVENTS:,} events and {BODY_BYTES // 1_000_000} MB a request
(decompressed; gzip, deflate or zstd), {EVENT_BYTES // 1024} KiB an event.

PostHog's `historical_migration: true` makes a batch history, as an import is: it fires no live alert, and is evaluated
once nothing more of it came for a minute. To say so sooner, close the import `historical_migration`."""
ABOUT: dict[str, Any] = {"title": "Ebbtide collector", "version": "1", "description": _DESCRIPTION}

_ERROR = {"success": False, "code": "key_unknown", "message": "The write key is unknown or revoked."}
_ACCEPTED = {"success": True, "accepted": 1, "rejected": []}
_PARTLY = {
    "success": True,
    "accepted": 1,
    "rejected": [
        {"index": 1, "messageId": "m2", "code": "name_missing", "field": "event", "message": "The event has no name."}
    ],
}
_ANSWERS = {"all": {"value": _ACCEPTED}, "some": {"value": _PARTLY}}
_CALLS: dict[str, dict[str, Any]] = {
    "track": {"event": "Report Exported", "properties": {"rows": 120}},
    "page": {"name": "Pricing"},
    "screen": {"name": "Home"},
    "identify": {"traits": {"role": "admin"}},
    "group": {"groupId": "acme", "traits": {"name": "Acme", "arr": 24000, "plan": "pro"}},
    "alias": {"previousId": "anonymous-1"},
}
_COMMON = {"userId": "ada", "messageId": "m1", "timestamp": "2026-11-22T10:00:00Z"}
_CAPTURE = {
    "event": "report exported",
    "distinct_id": "ada",
    "uuid": "0198c1b2-7a00-7000-8000-000000000001",
    "properties": {"$groups": {"company": "acme"}},
}
_ROW = '{"time": "2025-03-01T09:00:00Z", "account": "acme", "user": "ada", "behavior": "report.exported", "rows": 7}'
_STATUSES = {
    "400": "Nothing in it was valid, or it can't be read.",
    "401": "The key is missing, unknown or revoked.",
    "403": "The key may not send events.",
    "413": "More than a request may hold.",
    "415": "An unknown Content-Encoding.",
    "429": "Not stored: the key sends more than it may. Retry-After says when to send the same again.",
    "503": "Not stored: Kafka is slow or away. Retry-After says when to send the same again.",
}


def install(app: FastAPI) -> None:
    """Adds our paths to what FastAPI documents."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = generate()
            paths = {path: {"post": _operation(path, shape)} for path, shape in SHAPES.items() if _public(path)}
            schema["paths"] = paths | schema["paths"]
            schema.setdefault("components", {})["securitySchemes"] = {
                "writeKey": {"type": "http", "scheme": "basic", "description": "The write key as user, no password."},
                "bearer": {"type": "http", "scheme": "bearer"},
            }
        return dict(app.openapi_schema or {})

    app.openapi = openapi  # type: ignore[method-assign]


def _public(path: str) -> bool:
    """Spellings that only old clients use are not shown."""
    return (path.startswith("/v1/") and len(path) > 5) or path in ("/batch/", "/i/v0/e/", "/i/v1/analytics/events")


def _operation(path: str, shape: Shape) -> dict[str, Any]:
    media = "application/x-ndjson" if shape.form is Form.ROWS else "application/json"
    return {
        "tags": [shape.format or "segment"],
        "summary": _summary(shape),
        "operationId": path.strip("/").replace("/", "_"),
        "security": [{"writeKey": []}, {"bearer": []}],
        "parameters": _parameters(shape),
        "requestBody": {"required": True, "content": {media: {"schema": {}, "example": _example(shape)}}},
        "responses": {
            "200": {
                "description": "Stored. Refused events are listed, and kept with their reason.",
                "content": {"application/json": {"examples": _ANSWERS}},
            },
            **{
                code: {"description": text, "content": {"application/json": {"example": _ERROR}}}
                for code, text in _STATUSES.items()
            },
        },
    }


def _summary(shape: Shape) -> str:
    if not shape.keep:
        return "Says what would be answered, and keeps nothing"
    if shape.form is Form.ROWS:
        return "History, as NDJSON or a JSON list; it never fires live alerts"
    sender = "PostHog" if shape.format is Format.POSTHOG else "Segment or RudderStack"
    return f"One {shape.call} call of {sender}" if shape.call else f"Events as {sender} clients send them"


def _parameters(shape: Shape) -> list[dict[str, Any]]:
    text = {"type": "string"}
    if shape.form is Form.ROWS:
        return [{"name": "import_id", "in": "query", "schema": text, "description": "groups requests into one import"}]
    if shape.format is None:
        return [{"name": "format", "in": "query", "schema": {**text, "enum": list(Format), "default": "segment"}}]
    return []


def _example(shape: Shape) -> Any:
    if shape.form is Form.ROWS:
        return _ROW
    if shape.format is Format.POSTHOG:
        held = {"batch": [_CAPTURE]} if shape.form is Form.BATCH else _CAPTURE
        return {"api_key": "ebb_…", **held}
    if shape.call:
        return _COMMON | _CALLS[shape.call]
    return {"batch": [{"type": "track", **_COMMON, **_CALLS["track"], "context": {"groupId": "acme"}}]}
