"""What is published of messages is what is sent."""

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from schemas.messages import TYPES, schema_of
from schemas.webhooks import EVENT_TYPES

ROOT = Path(__file__).parents[3]
WRITE = "{name: schema_of(name) for name in TYPES} as JSON, indented by 1, belongs into docs/messages.schema.json"


def test_the_schemas_in_the_docs_are_those_that_are_served() -> None:
    shown = json.loads((ROOT / "docs" / "messages.schema.json").read_text())
    assert shown == {name: schema_of(name) for name in TYPES}, WRITE


def test_every_type_is_in_the_docs() -> None:
    text = (ROOT / "docs" / "webhooks.md").read_text()
    assert [name for name in TYPES if f"| `{name}` |" not in text] == []
    assert set(EVENT_TYPES.values()) <= TYPES.keys()


def test_the_example_in_the_docs_fits_its_schema() -> None:
    text = (ROOT / "docs" / "webhooks.md").read_text()
    example = json.loads(text.split("```json\n")[1].split("```")[0])
    Draft202012Validator(schema_of(example["type"])).validate(example)
