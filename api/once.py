"""Idempotency-Key: a write that is sent twice is carried out once, and its second sender gets the first one's answer.

The key is noted in the transaction of the write itself, so a crash leaves both or neither. Within 48 hours the same key
with another request is refused. An answer with a secret is not kept: who asks again hears that it was carried out.
"""

import hashlib
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from api.models.common import ShownOnce
from schemas.database import requests
from schemas.database.sessions import Database
from schemas.errors import ConflictError, DefinitionError, EbbtideError

HEADER = "idempotency-key"
_LONGEST = 200


class Wish(NamedTuple):
    """A request that is to be carried out once."""

    key: str
    digest: bytes


class AnsweredError(EbbtideError):
    """It was carried out before; this is what was answered."""

    def __init__(self, status: int, answer: str) -> None:
        super().__init__("This was carried out before.")
        self.status, self.answer = status, answer


def begin(connection: Any, workspace: int, wish: Wish) -> None:
    """Notes the wish; raises AnsweredError where it was carried out before."""
    known = requests.begin(connection, workspace, wish.key, wish.digest)
    if known is None:
        return
    if known.digest != wish.digest:
        raise DefinitionError(
            "This Idempotency-Key came with another request before; take a new one. Nothing was done."
        )
    if known.status is None:
        raise ConflictError("This was carried out before, but its answer was not kept; read what became of it.")
    raise AnsweredError(known.status, known.answer or "")


class OnceRoute(APIRoute):
    """A route whose writes heed Idempotency-Key."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wraps the route's own handler."""
        handler, keeps = super().get_route_handler(), not _is_secret(self.response_model)

        async def handle(request: Request) -> Response:
            key = request.headers.get(HEADER)
            if key is None or request.method == "GET":
                return await handler(request)
            if not 0 < len(key) <= _LONGEST:
                raise DefinitionError(f"An Idempotency-Key has 1 to {_LONGEST} characters. Nothing was done.")
            request.state.wish = Wish(key, await _digest(request))
            try:
                response = await handler(request)
            except AnsweredError as error:
                headers = {"Idempotent-Replayed": "true"}
                return Response(error.answer, error.status, headers=headers, media_type="application/json")
            if response.status_code < 300 and keeps:
                await run_in_threadpool(_keep, request, key, response)
            return response

        return handle


def _is_secret(answer: Any) -> bool:
    return isinstance(answer, type) and issubclass(answer, ShownOnce)


async def _digest(request: Request) -> bytes:
    whole = "\0".join((request.method, request.url.path, request.url.query)).encode() + b"\0" + await request.body()
    return hashlib.blake2b(whole, digest_size=16).digest()


def _keep(request: Request, key: str, response: Response) -> None:
    database: Database = request.app.state.services.database
    with database.writing() as connection:
        answer = bytes(response.body).decode()
        requests.keep_answer(connection, request.state.workspace, key, response.status_code, answer)
