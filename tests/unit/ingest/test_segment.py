import msgspec
import pytest

from ingest import segment
from ingest.errors import InvalidError
from ingest.events import Arrival
from schemas.events import Kind, UsageEvent

NOW = 1_760_000_000_000
ARRIVAL = Arrival(received=NOW)


def read(**call: object) -> UsageEvent:
    call = {"type": "track", "event": "Report", "userId": "ada", "messageId": "m"} | call
    return segment.to_event(segment.decode(msgspec.json.encode(call)), ARRIVAL, 0)


def refused(**call: object) -> str:
    with pytest.raises(InvalidError) as error:
        read(**call)
    return error.value.code


def test_a_track_call() -> None:
    event = read(properties={"rows": 7}, timestamp="2025-01-01T00:00:00+02:00")
    assert event == UsageEvent(id="m", time=1735682400000, name="Report", user="ada", properties={"rows": 7})


@pytest.mark.parametrize(
    "call",
    [
        {"groupId": "acme", "context": {"groupId": "no"}, "properties": {"account_id": "no"}},
        {"context": {"groupId": "acme"}, "properties": {"account_id": "no"}},
        {"properties": {"account_id": "acme", "accountId": "no"}},
        {"properties": {"accountId": "acme"}},
        {"properties": {"groupId": "acme"}},
        {"properties": {"company": "acme"}},
        {"properties": {"company": {"id": "acme", "name": "Acme Inc"}}},
        {"properties": {"account_id": {"name": "no id"}, "company": "acme"}},
    ],
)
def test_the_account_is_the_first_that_is_named(call: dict[str, object]) -> None:
    assert read(**call).account == "acme"


@pytest.mark.parametrize(("given", "text"), [(7, "7"), (7.0, "7"), (7.5, "7.5"), (" a ", "a"), (2**60, str(2**60))])
def test_ids_become_text(given: object, text: str) -> None:
    event = read(userId=given, groupId=given, messageId=given)
    assert (event.user, event.account, event.id) == (text, text, text)


def test_the_anonymous_id_stands_in_for_the_user() -> None:
    assert read(userId=None, anonymousId="anonymous").user == "anonymous"
    assert read(userId="", anonymousId="anonymous").user == "anonymous"


def test_an_account_alone_is_enough() -> None:
    assert read(userId=None, groupId="acme").user is None


def test_views() -> None:
    page = read(type="page", event=None, name="Pricing", properties={"path": "/p"})
    assert (page.kind, page.name, page.properties) == (Kind.TRACK, "Page Viewed", {"name": "Pricing", "path": "/p"})
    assert read(type="screen", event=None).name == "Screen Viewed"


def test_facts() -> None:
    group = read(type="group", groupId="acme", traits={"arr": 1})
    assert (group.kind, group.account, group.user, group.properties) == (Kind.GROUP, "acme", "ada", {"arr": 1})
    identify = read(type="identify", traits={"role": "admin"})
    assert (identify.kind, identify.user, identify.properties) == (Kind.IDENTIFY, "ada", {"role": "admin"})
    alias = read(type="alias", previousId="anonymous")
    assert (alias.kind, alias.user, alias.properties) == (Kind.ALIAS, "ada", {"previous": "anonymous"})


def test_rudderstack_puts_traits_into_the_context() -> None:
    assert read(type="identify", context={"traits": {"role": "admin"}}).properties == {"role": "admin"}


def test_signals_that_we_sent_are_outbound() -> None:
    assert read(event="signal.email", properties={"direction": "outbound"}).kind is Kind.OUTBOUND
    assert read(event="signal.email", properties={"direction": "inbound"}).kind is Kind.TRACK
    assert read(event="signal.other", properties={"direction": "outbound"}).kind is Kind.TRACK


def test_addresses_are_dropped_and_bots_are_marked() -> None:
    assert read(properties={"ip": "1.2.3.4", "$ip": "1.2.3.4"}).properties == {}
    assert read(context={"userAgent": "Googlebot/2.1"}).properties == {"$bot": True}
    assert read(context={"userAgent": ["odd"]}).properties == {}


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("type_missing", {"type": None}),
        ("type_unknown", {"type": "dance"}),
        ("name_missing", {"event": " "}),
        ("name_missing", {"event": None}),
        ("user_missing", {"userId": None}),
        ("user_missing", {"type": "identify", "userId": None, "groupId": "acme"}),
        ("user_missing", {"type": "alias"}),
        ("account_missing", {"type": "group"}),
        ("too_long", {"userId": "u" * 256}),
        ("too_long", {"event": "e" * 256}),
        ("too_long", {"messageId": "m" * 256}),
        ("too_long", {"groupId": "g" * 256}),
        ("time_invalid", {"timestamp": "yesterday"}),
        ("time_out_of_range", {"timestamp": "1969-12-31T23:59:59Z"}),
        ("time_out_of_range", {"timestamp": 1e300}),
    ],
)
def test_refused(code: str, call: dict[str, object]) -> None:
    assert refused(**call) == code


def test_a_clock_that_is_ahead_is_corrected() -> None:
    ahead = NOW + 600_000
    assert read(timestamp=ahead - 5_000, sentAt=ahead).time == NOW - 5_000


def test_a_frozen_sent_at_changes_nothing() -> None:
    assert read(timestamp=NOW - 7_200_000, sentAt=NOW - 7_100_000).time == NOW - 7_200_000


def test_the_future_becomes_now() -> None:
    assert read(timestamp="2099-01-01").time == NOW
    assert read(timestamp=NOW + 20_000, sentAt=NOW + 20_000).time == NOW


def test_rudderstack_s_original_timestamp() -> None:
    assert read(originalTimestamp="2025-01-01T00:00:00Z").time == 1735689600000
