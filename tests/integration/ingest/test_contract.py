"""The contract of the routes, against the running collector and its Kafka."""

import gzip
import itertools
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest
import zstandard

from deploy.local.stack import Stack
from schemas.database import engine as engines
from schemas.database.fold import write_refused
from schemas.database.refused import list_rejected
from schemas.database.rows import Refused
from schemas.events import Kind
from schemas.topics import HISTORY

Refuse = Callable[[bytes], int]
REFUSED_AT = 1_750_000_000_000
TRACK = {"type": "track", "event": "Report Exported", "userId": "ada", "context": {"groupId": "acme"}}


@pytest.fixture
def refuse(collector: Stack, sender: Any) -> Refuse:
    """Puts an event of the sender's among the refused ones, as the worker does; gives its number."""

    def write(raw: bytes) -> int:
        engine = engines.create(collector.database, pool=1)
        row = Refused(2, 0, next(_OFFSETS), 0, sender.workspace, "x", "…", raw, REFUSED_AT, stage="ingest")
        with engine.begin() as connection:
            write_refused(connection, [row])
            (newest, *_) = list_rejected(connection, sender.workspace, None, 1, None).items
        engine.dispose()
        return int(newest["id"])

    return write


_OFFSETS = itertools.count(1_000_000)


def closings(sender: Any, topics: Any) -> set[int]:
    """On which partitions the sender's history was closed."""
    return {number for number, batch in topics.batches(HISTORY) if batch.closes and batch.workspace == sender.workspace}


def test_a_batch_with_one_bad_event_keeps_the_others(sender: Any) -> None:
    batch = [TRACK | {"messageId": "m0"}, {"type": "track", "messageId": "m1"}, TRACK | {"messageId": "m2"}]
    answer = sender.post("/v1/batch", {"batch": batch})
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "success": True,
            "accepted": 2,
            "rejected": [
                {
                    "index": 1,
                    "messageId": "m1",
                    "code": "name_missing",
                    "field": "event",
                    "message": "The event has no name.",
                }
            ],
        },
    )
    assert [event.id for event in sender.events()] == ["m0", "m2"]
    (rejection,) = sender.rejections()
    assert (rejection.code, rejection.index, rejection.message_id) == ("name_missing", 1, "m1")
    assert msgspec.json.decode(rejection.raw) == batch[1]
    assert (rejection.source, rejection.route) == ("test", "/v1/batch")


def test_nothing_valid_is_400_and_kept(sender: Any) -> None:
    answer = sender.post("/v1/batch", {"batch": [1, {}]})
    assert answer.status_code == 400
    assert {"code", "message"} <= answer.json().keys()
    assert [refused["index"] for refused in answer.json()["rejected"]] == [0, 1]
    assert [rejection.raw for rejection in sender.rejections()] == [b"1", b"{}"]


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize(
    ("call", "body", "kind"),
    [
        ("track", {"event": "a"}, Kind.TRACK),
        ("page", {}, Kind.TRACK),
        ("screen", {}, Kind.TRACK),
        ("identify", {"traits": {"role": "admin"}}, Kind.IDENTIFY),
        ("group", {"groupId": "acme"}, Kind.GROUP),
        ("alias", {"previousId": "b"}, Kind.ALIAS),
    ],
)
def test_single_calls(sender: Any, call: str, body: dict[str, object], kind: Kind, short: bool) -> None:
    path = f"/v1/{call[0] if short else call}"
    assert sender.post(path, {"userId": "ada", **body}).json()["accepted"] == 1
    assert [event.kind for event in sender.events()] == [kind]


@pytest.mark.parametrize("path", ["/batch/", "/batch", "/e/", "/i/v0/e/", "/capture/"])
def test_posthog_with_the_key_in_the_body(sender: Any, path: str) -> None:
    capture = {"event": "report", "distinct_id": "ada", "uuid": "m", "properties": {"$groups": {"company": "acme"}}}
    body = {"api_key": sender.key, "batch": [capture]}
    answer = httpx.post(sender.url + path, json=body)
    assert (answer.status_code, answer.json()["status"]) == (200, 1)
    (event,) = sender.events()
    assert (event.id, event.account, event.user, event.name) == ("m", "acme", "ada", "report")


@pytest.mark.parametrize("path", ["/capture/", "/e/", "/i/v0/e/"])
def test_single_and_listed_captures(sender: Any, path: str) -> None:
    single = {"token": sender.key, "event": "a", "distinct_id": "ada"}
    listed = [{"event": "b", "distinct_id": "ada", "properties": {"token": sender.key}}]
    assert [httpx.post(sender.url + path, json=body).status_code for body in (single, listed)] == [200, 200]
    assert sorted(event.name for event in sender.events()) == ["a", "b"]


def test_posthog_s_results_by_event(sender: Any) -> None:
    batch = [{"event": "a", "distinct_id": "ada", "uuid": "m1"}, {"event": "", "distinct_id": "ada", "uuid": "m2"}]
    headers = {"Authorization": f"Bearer {sender.key}"}
    answer = httpx.post(f"{sender.url}/i/v1/analytics/events", json={"batch": batch}, headers=headers)
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert (results["m1"]["result"], results["m2"]["result"]) == ("ok", "drop")


@pytest.mark.parametrize("path", ["/batch/", "/i/v1/analytics/events"])
def test_a_migration_from_posthog_is_history_and_closed_when_it_is_quiet(
    sender: Any, topics: Any, eventually: Callable[..., Any], path: str
) -> None:
    capture = {"event": "a", "distinct_id": "ada", "uuid": "m", "timestamp": "2024-01-01T00:00:00Z"}
    assert sender.post(path, {"historical_migration": False, "batch": [capture | {"uuid": "live"}]}).status_code == 200
    assert sender.post(path, {"historical_migration": True, "batch": [capture]}).status_code == 200
    assert [event.id for event in sender.history()] == ["m"]
    assert [event.id for event in sender.events()] == ["live"]
    eventually(lambda: len(closings(sender, topics)) == 8)


def test_posthog_s_identify_joins_the_anonymous_id(sender: Any) -> None:
    identify = {"event": "$identify", "distinct_id": "ada", "uuid": "m", "properties": {"$anon_distinct_id": "anon"}}
    answers = [sender.post("/batch/", {"batch": [identify]}).json()["accepted"] for _ in range(2)]
    assert answers == [1, 1]
    assert sorted({(event.id, event.kind) for event in sender.events()}) == [
        ("m", Kind.IDENTIFY),
        ("m/alias", Kind.ALIAS),
    ]


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b'{"event": "a", "userId": "ada", "timestamp": "2025-01-01T00:00:00Z"}', "a"),
        (b'{"batch": [{"type": "page", "userId": "ada"}, {"type": "page", "userId": "ada"}]}', "Page Viewed"),
        (b'{"event": "b", "distinct_id": "ada"}', "b"),
    ],
)
def test_a_refused_event_is_replayed_and_counts_once(refuse: Refuse, sender: Any, raw: bytes, name: str) -> None:
    path = f"/v1/rejected/{refuse(raw)}/replay"
    answers = [sender.post(path, b"") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    events = sender.events()
    assert {event.name for event in events} == {name}
    assert len({event.id for event in events}) == answers[0].json()["accepted"]
    assert {event.time for event in events} <= {1735689600000, REFUSED_AT}


def test_a_corrected_event_takes_the_refused_one_s_place(refuse: Refuse, sender: Any) -> None:
    number = refuse(b'{"userId": NaN}')
    path = f"/v1/rejected/{number}/replay"
    again = sender.post(path, b"")
    assert (again.status_code, again.json()["code"]) == (400, "not_finite")
    assert sender.post(path, {"event": "mended", "userId": "ada", "messageId": "m"}).json()["accepted"] == 1
    assert [(event.id, event.name) for event in sender.events()] == [("m", "mended")]


def test_a_replayed_row_is_history_and_closed(
    refuse: Refuse, sender: Any, topics: Any, eventually: Callable[..., Any]
) -> None:
    number = refuse(b'{"time": "2024-01-01", "account": "acme", "behavior": "b"}')
    assert sender.post(f"/v1/rejected/{number}/replay", b"").status_code == 200
    assert (len(sender.history()), sender.events()) == (1, [])
    eventually(lambda: len(closings(sender, topics)) == 8)


def test_nobody_replays_what_others_sent(refuse: Refuse, sender: Any, senders: Any) -> None:
    number = refuse(b'{"event": "a", "userId": "ada"}')
    answer = next(senders).post(f"/v1/rejected/{number}/replay", b"")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert httpx.post(f"{sender.url}/v1/rejected/{number}/replay").status_code == 401


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstandard.compress])
@pytest.mark.parametrize("listed", [False, True])
def test_imports_are_history(sender: Any, compress: Callable[[bytes], bytes], listed: bool) -> None:
    rows = [{"time": "2024-01-01", "account": "acme", "user": "ada", "behavior": "b", "id": f"r{i}"} for i in range(3)]
    lines = [msgspec.json.encode(row) for row in rows]
    body = b"[" + b",".join(lines) + b"]" if listed else b"\n".join([*lines, b""])
    answer = sender.post("/v1/import?import_id=i1", compress(body))
    assert answer.json() == {"success": True, "accepted": 3, "rejected": []}
    assert sorted(event.id for event in sender.history()) == ["r0", "r1", "r2"]
    assert sender.events() == []


def test_closing_an_import_reaches_every_partition(sender: Any, topics: Any) -> None:
    assert sender.post("/v1/import/i7/close", b"").json() == {"success": True, "import_id": "i7", "partitions": 8}
    closing = [(p, b.workspace) for p, b in topics.batches(HISTORY) if b.closes == "i7"]
    assert sorted(closing) == [(partition, sender.workspace) for partition in range(8)]


@pytest.mark.parametrize(
    ("query", "body"), [("", TRACK), ("?format=posthog", {"event": "a", "distinct_id": "u"}), ("?format=import", [])]
)
def test_a_dry_run_keeps_nothing(sender: Any, query: str, body: object) -> None:
    assert sender.post(f"/v1/validate{query}", body).status_code == 200
    assert sender.post("/v1/validate", {"type": "track"}).json()["code"] == "name_missing"
    assert (sender.events(), sender.history(), sender.rejections()) == ([], [], [])


def test_heartbeats_reach_every_partition_and_never_overtake(collector: Stack, topics: Any, sender: Any) -> None:
    for _ in range(30):
        sender.post("/v1/track", TRACK)
    batches = topics.batches()
    assert {partition for partition, batch in batches if batch.is_heartbeat} == set(range(8))
    for partition in range(8):
        received = [batch.received for found, batch in batches if found == partition]
        assert received == sorted(received)


def test_keys(collector: Stack, sender: Any) -> None:
    url = f"{sender.url}/v1/track"
    for auth, status, code in (
        (None, 401, "key_missing"),
        (("ebb_nobody", ""), 401, "key_unknown"),
        ((collector.api_key, ""), 403, "key_forbidden"),
    ):
        answer = httpx.post(url, json=TRACK, auth=auth)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.json()["message"]
    assert httpx.post(url, json=TRACK, headers={"Authorization": f"Bearer {sender.key}"}).status_code == 200
    assert httpx.post(url, json=TRACK | {"writeKey": sender.key}).status_code == 200
    assert httpx.post(f"{sender.url}/v1/batch", json={"writeKey": sender.key, "batch": [TRACK]}).status_code == 200


def test_other_sites_may_send(sender: Any) -> None:
    headers = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"}
    assert sender.client.options("/v1/batch", headers=headers).status_code == 200
    assert sender.post("/v1/track", TRACK, headers=headers).headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/flags/?v=2"), ("POST", "/decide/"), ("GET", "/array/k/config")]
)
def test_what_posthog_s_clients_ask_besides(sender: Any, method: str, path: str) -> None:
    answer = sender.client.request(method, path)
    assert (answer.status_code, type(answer.json())) == (200, dict)


def test_operations(sender: Any) -> None:
    sender.post("/v1/track", TRACK)
    assert sender.client.get("/livez").json() == {"status": "alive"}
    assert sender.client.get("/readyz").json() == {"status": "ready"}
    metrics = sender.client.get("/metrics").text
    assert 'ebbtide_ingest_requests_total{route="/v1/track",status="200"}' in metrics
    assert "ebbtide_ingest_commit_events_bucket" in metrics


def test_the_documentation_shows_every_public_route(sender: Any) -> None:
    paths = sender.client.get("/openapi.json").json()["paths"]
    assert {"/v1/batch", "/v1/track", "/v1/import", "/v1/import/{import_id}/close", "/v1/validate", "/batch/"} <= set(
        paths
    )
    assert paths["/v1/batch"]["post"]["requestBody"]["content"]["application/json"]["example"]["batch"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/batch", 405), ("POST", "/v1/other", 404), ("POST", "/v1/rejected/x/replay", 422)],
)
def test_a_wrong_path_has_a_code_and_a_message_too(sender: Any, method: str, path: str, status: int) -> None:
    answer = sender.client.request(method, path)
    assert answer.status_code == status
    assert {"code", "message"} <= answer.json().keys()
