import asyncio

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message

from api import middleware


def test_a_body_that_does_not_come_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "SECONDS", 0.01)

    async def never() -> Message:
        return await asyncio.get_running_loop().create_future()

    async def run() -> None:
        await middleware._limited(never)()

    with pytest.raises(HTTPException) as refused:
        asyncio.run(run())
    assert (refused.value.status_code, refused.value.headers) == (408, {"Connection": "close"})
