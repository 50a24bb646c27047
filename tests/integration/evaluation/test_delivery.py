"""Delivery against real receivers: signed, in order, retried, bounded; and never to where it must not go."""

import json
from base64 import b64decode
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from kafka import KafkaConsumer
from sqlalchemy import select, update
from standardwebhooks import Webhook, WebhookVerificationError

from schemas.database import endpoints as stored
from schemas.database.tables import endpoints, old_keys, outbox
from schemas.database.telling import News, tell
from tests.integration.evaluation.delivering import endpoint, hurry, logged, post, run, states


def test_the_alert_arrives_and_its_signature_verifies(six_users, receiver):
    made = endpoint(six_users, receiver.url, event_types=["alert.firing"])
    six_users.live(80, 105)
    run(six_users.engine, lambda: receiver.got)
    headers, body = receiver.got[0]
    message = Webhook(made["secret"]).verify(body, headers)
    assert message["type"] == "alert.firing"
    [alert] = six_users.alerts
    data = message["data"]
    assert (data["id"], data["account"]["name"]) == (alert["episode"], "Acme")
    assert data["sentence"].startswith("Acme:")
    assert data["evidence"]["users_before"] == 6
    assert data["evidence"]["observed"] < data["evidence"]["expected"]


def test_a_failure_is_retried_with_the_same_id_and_in_order(scene, receiver):
    receiver.answers = [(500, {}, 0)]
    to = endpoint(scene, receiver.url)["id"]
    for sequence in (1, 2, 3):
        post(scene, to, sequence, payload=json.dumps({"n": sequence}))
    run(scene.engine, lambda: len(logged(scene)) == 1)
    assert states(scene) == ["waiting"] * 3
    hurry(scene)
    run(scene.engine, lambda: states(scene) == ["delivered"] * 3)
    assert [json.loads(body)["n"] for _, body in receiver.got] == [1, 1, 2, 3]
    ids = [headers["webhook-id"] for headers, _ in receiver.got]
    assert ids[0] == ids[1]
    assert [row["status"] for row in logged(scene)] == [500, 204, 204, 204]


def test_a_spent_message_releases_the_next(scene, receiver):
    receiver.answers = [(500, {}, 0)]
    to = endpoint(scene, receiver.url)["id"]
    post(scene, to, 1)
    post(scene, to, 2)
    run(scene.engine, lambda: states(scene) == ["failed", "delivered"], webhooks_attempts=1)


def test_retry_after_is_honored(scene, receiver):
    receiver.answers = [(429, {"retry-after": "3600"}, 0)]
    post(scene, endpoint(scene, receiver.url)["id"], 1)
    run(scene.engine, lambda: logged(scene))
    [row] = scene.rows(outbox)
    assert 3500 < (row["next_attempt_at"] - row["recorded_at"]).total_seconds() < 3700


def test_gone_disables_the_endpoint(scene, receiver):
    receiver.answers = [(410, {}, 0)]
    to = endpoint(scene, receiver.url)["id"]
    post(scene, to, 1)
    post(scene, to, 2)
    run(scene.engine, lambda: states(scene, to) == ["failed", "held"])
    assert len(receiver.got) == 1
    assert {row["id"]: row["state"] for row in scene.rows(endpoints)}[to] == "disabled"


@pytest.mark.parametrize("status", [302, 307])
def test_redirects_are_not_followed(scene, receiver, another, status):
    receiver.answers = [(status, {"location": another.url}, 0)]
    post(scene, endpoint(scene, receiver.url)["id"], 1)
    run(scene.engine, lambda: logged(scene))
    assert another.got == []
    assert states(scene) == ["waiting"]


HOSTS = ["127.0.0.1", "localhost", "[::1]", "10.1.2.3", "169.254.169.254", "[::ffff:127.0.0.1]"]


@pytest.mark.parametrize("host", HOSTS)
def test_private_addresses_are_refused(scene, receiver, host):
    port = receiver.url.split(":")[2]
    post(scene, endpoint(scene, f"http://{host}:{port}")["id"], 1)
    run(scene.engine, lambda: logged(scene), webhooks_allow_private=False, patience=25)
    assert receiver.got == []
    assert logged(scene)[0]["status"] is None


def test_transitions_reach_the_topic(six_users, kafka, topic):
    name = topic("alerts")
    six_users.live(80, 105)
    prefixed = name.removesuffix("alerts")
    with six_users.engine.begin() as connection:
        connection.execute(update(endpoints).values(url=f"kafka:{prefixed}"))
    run(six_users.engine, lambda: set(states(six_users)) == {"delivered"}, kafka=kafka, patience=30)
    consumer = KafkaConsumer(name, bootstrap_servers=kafka, auto_offset_reset="earliest", consumer_timeout_ms=5000)
    [first, *_] = list(consumer)
    consumer.close()
    assert first.key.decode() == six_users.alerts[0]["fingerprint"]
    assert json.loads(first.value)["type"] == "alert.firing"
    assert dict(first.headers)["workspace"] == str(six_users.number).encode()


def test_both_old_and_new_keys_sign_while_they_rotate(scene, receiver):
    old = endpoint(scene, receiver.url)
    with scene.engine.begin() as connection:
        new = stored.rotate(connection, scene.number, old["id"])
        stored.send_test(connection, scene.number, old["id"])
    run(scene.engine, lambda: receiver.got)
    [(headers, body)] = receiver.got
    for secret in (old["secret"], new["secret"]):
        assert Webhook(secret).verify(body, headers)["type"] == "endpoint.test"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    pairs = [one.split(",")[1] for one in headers["webhook-signature"].split() if one.startswith("v1a,")]
    for made, signature in zip((new, old), pairs, strict=True):
        key = Ed25519PublicKey.from_public_bytes(b64decode(made["public_key"].removeprefix("whpk_")))
        key.verify(b64decode(signature), signed)


def test_a_day_after_rotation_only_the_new_keys_sign(scene, receiver):
    old = endpoint(scene, receiver.url)
    with scene.engine.begin() as connection:
        stored.rotate(connection, scene.number, old["id"])
        connection.execute(update(old_keys).values(until=old_keys.c.until - timedelta(hours=24)))
        stored.send_test(connection, scene.number, old["id"])
    run(scene.engine, lambda: receiver.got)
    [(headers, body)] = receiver.got
    with pytest.raises(WebhookVerificationError):
        Webhook(old["secret"]).verify(body, headers)


def test_five_days_of_failing_disable_an_endpoint_and_the_others_are_told(scene, receiver, another):
    another.answers = [(500, {}, 0)]
    endpoint(scene, receiver.url)
    to = endpoint(scene, another.url)["id"]
    with scene.engine.begin() as connection:
        since = endpoints.c.recorded_at - timedelta(days=5, minutes=1)
        connection.execute(update(endpoints).where(endpoints.c.id == to).values(failing_since=since))
    post(scene, to, 1)
    run(scene.engine, lambda: receiver.got)
    told = json.loads(receiver.got[0][1])
    assert (told["type"], told["data"]["id"]) == ("endpoint.disabled", to)
    assert {row["id"]: row["state"] for row in scene.rows(endpoints)}[to] == "disabled"


def test_what_was_given_up_is_replayed_with_the_same_id(scene, receiver):
    receiver.answers = [(500, {}, 0)]
    to = endpoint(scene, receiver.url)["id"]
    post(scene, to, 1)
    run(scene.engine, lambda: states(scene) == ["failed"], webhooks_attempts=1)
    with scene.engine.begin() as connection:
        everything = {"webhook_id": None, "since": None, "until": None, "failed": True}
        assert stored.replay(connection, scene.number, to, everything) == 1
    run(scene.engine, lambda: states(scene) == ["delivered"])
    first, second = (headers["webhook-id"] for headers, _ in receiver.got)
    assert first == second


def test_who_wants_only_what_is_urgent_hears_the_end_of_what_they_heard(scene, receiver):
    to = endpoint(scene, receiver.url, least_priority=1000)["id"]
    news = News("alert.firing", "{}", "urgent", 1, kind="account.silent", priority=1000)
    later = news._replace(event_type="alert.resolved", sequence=2, priority=0)
    with scene.engine.begin() as connection:
        for one in (news, later):
            tell(connection, scene.number, [one, one._replace(episode="trifle", priority=999)])
        told = select(outbox.c.episode, outbox.c.sequence).where(outbox.c.endpoint == to)
        assert sorted(map(tuple, connection.execute(told))) == [("urgent", 1), ("urgent", 2)]


def test_an_endpoint_hears_only_what_its_filters_let_through(six_users, receiver, another):
    endpoint(six_users, receiver.url, segments=["plan:pro"])
    endpoint(six_users, another.url, csms=["kim"])
    six_users.live(80, 105)
    run(six_users.engine, lambda: receiver.got)
    assert another.got == []
