"""What a request's head says, read once."""

from urllib.parse import parse_qs

import msgspec
from starlette.types import Scope

from ingest.keys import secret_in


class Head(msgspec.Struct):
    """The few headers and the query that we look at. `length` in bytes, None when the body comes in chunks."""

    length: int | None = None
    encoding: bytes = b""
    secret: str | None = None
    expects: bool = False
    import_id: str = "import"
    query: dict[str, list[str]] = {}


def head_of(scope: Scope) -> Head:
    """Reads the head of an ASGI scope; header names are lower case there."""
    head = Head()
    for name, value in scope["headers"]:
        if name == b"content-length":
            head.length = int(value) if value.isdigit() and len(value) < 20 else None
        elif name == b"authorization":
            head.secret = secret_in(value)
        elif name == b"content-encoding":
            head.encoding = value
        elif name == b"expect":
            head.expects = value.lower() == b"100-continue"
        elif name == b"import-id":
            head.import_id = value.decode("utf-8", "replace")
    if scope["query_string"]:
        head.query = parse_qs(scope["query_string"].decode("latin-1"))
        head.import_id = head.query.get("import_id", [head.import_id])[0]
    head.import_id = head.import_id[:255] or "import"
    return head
