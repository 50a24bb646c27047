import msgspec
import pytest

from ingest import imports
from ingest.errors import InvalidError
from ingest.events import Arrival

ARRIVAL = Arrival(received=1_760_000_000_000)


def test_other_names_and_more_properties() -> None:
    row = {"timestamp": 1_700_000_000, "event": "report", "account": 5, "rows": 7, "properties": {"format": "csv"}}
    event = imports.to_event(row, ARRIVAL, "h")
    assert (event.time, event.name, event.account, event.id) == (1_700_000_000_000, "report", "5", "h")
    assert event.properties == {"rows": 7, "format": "csv"}


def test_rows_without_an_id_are_known_by_content_and_occurrence() -> None:
    rows = [{"user": "ada", "time": 1}, {"time": 1, "user": "ada"}, {"time": 2, "user": "ada"}]
    first, again = imports.Identities(), imports.Identities()
    ids = [first.of(row) for row in rows]
    assert len(set(ids)) == 3
    assert ids[0][:-1] == ids[1][:-1]
    assert ids == [again.of(row) for row in rows]


@pytest.mark.parametrize(
    ("code", "row"),
    [
        ("time_missing", {"account": "acme", "behavior": "b"}),
        ("name_missing", {"time": 1, "account": "acme"}),
        ("user_missing", {"time": 1, "behavior": "b"}),
        ("wrong_type", {"time": 1, "behavior": 7, "user": "ada"}),
        ("wrong_type", {"time": True, "behavior": "b", "user": "ada"}),
        ("wrong_type", {"time": 1, "behavior": "b", "user": ["ada"]}),
        ("wrong_type", {"time": 1, "behavior": "b", "user": "ada", "properties": [1]}),
    ],
)
def test_refused(code: str, row: dict[str, object]) -> None:
    with pytest.raises(InvalidError) as error:
        imports.to_event(imports.decode(msgspec.json.encode(row)), ARRIVAL, "h")
    assert error.value.code == code
