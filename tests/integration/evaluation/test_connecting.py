"""Connections are made to the addresses that were judged, with real receivers; what a name means may change."""

import asyncio
from ipaddress import ip_address

import httpx
import pytest

from streams.connecting import Client, ForbiddenError


def answering(*answers):
    """A resolver whose answer changes, and how often it was asked."""
    asked = []

    async def resolving(host, port):
        asked.append(host)
        return [ip_address(text) for text in answers[min(len(asked), len(answers)) - 1]]

    return resolving, asked


async def post(client, url):
    return (await client.post(url, {}, b"{}")).status


def test_a_name_is_resolved_once_for_an_attempt_and_judged_again_for_the_next(receiver):
    resolving, asked = answering(["127.0.0.1"], ["169.254.169.254"])
    url = receiver.url.replace("127.0.0.1", "rebinding.example")

    async def main():
        client = Client(True, resolving)
        assert await post(client, url) == 204
        assert len(asked) == 1
        with pytest.raises(ForbiddenError, match="metadata"):
            await post(client, url)

    asyncio.run(main())
    [(headers, _)] = receiver.got
    assert headers["host"].startswith("rebinding.example:")


def test_one_forbidden_address_among_public_ones_refuses_the_name(receiver):
    resolving, _ = answering(["93.184.215.14", "127.0.0.1"])

    async def main():
        client = Client(False, resolving)
        with pytest.raises(ForbiddenError):
            await post(client, receiver.url.replace("127.0.0.1", "mixed.example"))

    asyncio.run(main())
    assert receiver.got == []


def test_the_next_address_is_tried_where_one_does_not_listen(receiver):
    resolving, _ = answering(["127.0.0.2", "127.0.0.1"])

    async def main():
        client = Client(True, resolving)
        assert await post(client, receiver.url.replace("127.0.0.1", "two.example")) == 204

    asyncio.run(main())


FORMS = ["0x7f000001", "2130706433", "0177.0.0.1", "127.1", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "localhost", "0"]


@pytest.mark.parametrize("host", FORMS)
def test_no_odd_form_opens_a_connection(receiver, host):
    async def main():
        client = Client(False)
        with pytest.raises((ForbiddenError, httpx.InvalidURL)):
            await post(client, receiver.url.replace("127.0.0.1", host))

    asyncio.run(main())
    assert receiver.got == []
