"""Every type of message that leaves by webhook or on topic `alerts`: what it says, its version, and its JSON schema.

A type is added by one line of TYPES; one on a step in an alert's life by another in `schemas.webhooks.EVENT_TYPES`.
A version grows when a receiver that reads the one before could misread it; a new field alone does not count.
"""

from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from schemas.digests import Digest


class Account(msgspec.Struct, frozen=True):
    """The account that an alert is about."""

    id: str
    name: Any


class AlertData(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as it stands after a step; `id` names its episode, `sequence` counts the episode's steps from 1."""

    id: str
    sequence: int
    transition: str
    reason: str
    actor: str
    at: datetime
    kind: str
    state: str
    account: Account | None
    segment: str | None
    behavior: str | None
    onset: datetime
    fired_at: datetime
    resolved_at: datetime | None
    csm: str | None
    assignee: str | None
    priority: float
    sentence: str
    evidence: dict[str, Any]
    fingerprint: str


class EndpointData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A webhook endpoint; `url` and `reason` are given where it was disabled."""

    id: str
    url: str | None = None
    reason: str | None = None


class DigestData(Digest, frozen=True, kw_only=True):
    """A CSM's week: as lists, and ready to be sent on."""

    text: str
    html: str


class NudgeData(msgspec.Struct, frozen=True, kw_only=True):
    """Who of an account lacks a behavior that an alert (by its `id`) is about; 1,000 users at most."""

    alert: str
    account: str
    behavior: str
    users: list[str]
    at: datetime


class MessageType(msgspec.Struct, frozen=True):
    """A type of message, and what its `data` is."""

    name: str
    version: int
    says: str
    data: type[msgspec.Struct]


TYPES = {
    one.name: one
    for one in (
        MessageType("alert.firing", 1, "An alert fires.", AlertData),
        MessageType("alert.worsened", 1, "What a firing alert says has become clearly worse.", AlertData),
        MessageType("alert.relapsed", 1, "An alert that was recovering fires again.", AlertData),
        MessageType("alert.resolved", 1, "What an alert said is over.", AlertData),
        MessageType("alert.retracted", 1, "Data that came late undid an alert: it should not have fired.", AlertData),
        MessageType("alert.acknowledged", 1, "Somebody is at it.", AlertData),
        MessageType("alert.snoozed", 1, "Somebody wants to hear no more of it for now.", AlertData),
        MessageType("digest.weekly", 1, "A CSM's week: whom to call first, what changed, what is over.", DigestData),
        MessageType("nudge.due", 1, "People of an account have not taken up a behavior; for your product.", NudgeData),
        MessageType("endpoint.test", 1, "Somebody asked for a test of this endpoint.", EndpointData),
        MessageType("endpoint.disabled", 1, "An endpoint was disabled; nothing is sent to it any more.", EndpointData),
    )
}


def text_of(name: str, data: msgspec.Struct, now: datetime) -> str:
    """A message as it is sent and signed."""
    body = {"type": name, "version": TYPES[name].version, "timestamp": now, "data": data}
    return msgspec.json.encode(body).decode()


def schema_of(name: str) -> dict[str, Any]:
    """The JSON schema (2020-12) of a type's messages; fields may be added to it within a version.

    >>> schema_of("alert.firing")["properties"]["version"]
    {'const': 1}
    """
    one = TYPES[name]
    (data,), parts = msgspec.json.schema_components([one.data], ref_template="#/$defs/{name}")
    properties = {
        "type": {"const": name},
        "version": {"const": one.version},
        "timestamp": {"type": "string", "format": "date-time"},
        "data": data,
    }
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name, "description": one.says}
    return head | {"type": "object", "properties": properties, "required": list(properties), "$defs": parts}


def matching(pattern: str) -> list[str]:
    """The types that a pattern names; `*` stands for any letters.

    >>> matching("endpoint.*")
    ['endpoint.test', 'endpoint.disabled']
    """
    return [name for name in TYPES if fnmatchcase(name, pattern)]
