import msgspec
import pytest

from ingest import posthog
from ingest.errors import InvalidError
from ingest.events import Arrival
from ingest.formats import Format, read_all, reader
from schemas.events import Kind, UsageEvent

NOW = 1_760_000_000_000


def read(group_type: str = "company", **capture: object) -> UsageEvent:
    capture = {"event": "report", "distinct_id": "ada", "uuid": "m"} | capture
    arrival = Arrival(received=NOW, group_type=group_type)
    return posthog.to_event(posthog.decode(msgspec.json.encode(capture)), arrival, 0)


def test_a_capture() -> None:
    properties = {"$groups": {"company": 5}, "$lib": "posthog-python", "rows": 7, "$ip": "1.2.3.4"}
    event = read(properties=properties, timestamp="2025-01-01T00:00:00Z")
    assert event == UsageEvent(
        id="m", time=1735689600000, name="report", account="5", user="ada", properties={"rows": 7}
    )


def test_the_group_type_is_a_setting() -> None:
    properties = {"$groups": {"company": "no", "project": "acme"}}
    assert read("project", properties=properties).account == "acme"


def test_page_views_keep_their_name() -> None:
    assert read(event="$pageview").name == "$pageview"


def test_distinct_id_may_stand_in_the_properties() -> None:
    assert read(distinct_id=None, properties={"distinct_id": 3}).user == "3"


def test_facts() -> None:
    group = read(
        event="$groupidentify",
        distinct_id="company_acme",
        properties={"$group_type": "company", "$group_key": "acme", "$group_set": {"plan": "pro"}},
    )
    assert (group.kind, group.account, group.user, group.properties) == (Kind.GROUP, "acme", None, {"plan": "pro"})
    identify = read(event="$identify", properties={"$set": {"role": "admin"}})
    assert (identify.kind, identify.properties) == (Kind.IDENTIFY, {"role": "admin"})
    assert read(event="$set", **{"$set": {"role": "admin"}}).properties == {"role": "admin"}
    alias = read(event="$create_alias", distinct_id="old", properties={"distinct_id": "old", "alias": "ada"})
    assert (alias.kind, alias.user, alias.properties) == (Kind.ALIAS, "ada", {"previous": "old"})


def test_an_identify_joins_the_anonymous_id_that_its_user_had() -> None:
    identify = {"event": "$identify", "distinct_id": "ada", "uuid": "m", "properties": {"$anon_distinct_id": "anon"}}
    raw = msgspec.json.encode(identify)
    outcomes = [read_all([raw], reader(Format.POSTHOG, Arrival(received=NOW), 0, False)) for _ in range(2)]
    assert outcomes[0] == outcomes[1]
    (alias,) = outcomes[0].implied
    assert (alias.kind, alias.id, alias.user) == (Kind.ALIAS, "m/alias", "ada")
    assert msgspec.msgpack.decode(alias.properties) == {"previous": "anon"}
    assert [event.kind for event in outcomes[0].events] == [Kind.IDENTIFY]


@pytest.mark.parametrize("properties", [{}, {"$anon_distinct_id": "ada"}, {"$anon_distinct_id": None}])
def test_an_identify_that_names_no_other_id_joins_nothing(properties: dict[str, object]) -> None:
    raw = msgspec.json.encode({"event": "$identify", "distinct_id": "ada", "properties": properties})
    assert read_all([raw], reader(Format.POSTHOG, Arrival(received=NOW), 0, False)).implied == []


def test_offset_is_how_long_ago_it_was() -> None:
    assert read(offset=5_000).time == NOW - 5_000


@pytest.mark.parametrize(
    ("code", "capture"),
    [
        ("name_missing", {"event": ""}),
        ("user_missing", {"distinct_id": None}),
        ("group_type_unknown", {"event": "$groupidentify", "properties": {"$group_type": "project"}}),
        ("account_missing", {"event": "$groupidentify", "properties": {"$group_type": "company"}}),
        ("user_missing", {"event": "$create_alias"}),
    ],
)
def test_refused(code: str, capture: dict[str, object]) -> None:
    with pytest.raises(InvalidError) as error:
        read(**capture)
    assert error.value.code == code
