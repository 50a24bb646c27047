"""The description of the API is valid OpenAPI 3.1, and its examples are what it says."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from api.app import create_app
from api.settings import Settings
from schemas.clock import Clock


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    return create_app(Settings(), Clock()).openapi()


def test_it_is_openapi_3_1_with_every_operation_named_once(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1.")
    operations = [one for methods in description["paths"].values() for one in methods.values()]
    assert len({one["operationId"] for one in operations}) == len(operations) == 67
    for operation in operations:
        assert operation["summary"]
        assert operation["security"], "every operation needs a key"
        assert "application/problem+json" in operation["responses"]["4XX"]["content"]
        assert "422" not in operation["responses"], "a second, different shape of error"


def test_every_reference_leads_somewhere(description: dict[str, Any]) -> None:
    for part in _walk(description):
        if "$ref" in part:
            kind, name = part["$ref"].removeprefix("#/components/").split("/")
            assert name in description["components"][kind]


def test_every_schema_is_one_and_every_example_fits_it(description: dict[str, Any]) -> None:
    registry = Registry().with_resource("urn:api", Resource(description, DRAFT202012))
    tried = 0
    for part in _walk(description):
        schema = part.get("schema", part if "examples" in part and "type" in part else None)
        if not isinstance(schema, dict):
            continue
        Draft202012Validator.check_schema(schema)
        examples = list(schema.get("examples", [])) + ([part["example"]] if "example" in part else [])
        for example in examples:
            local = _absolute(schema)
            errors = list(Draft202012Validator(local, registry=registry).iter_errors(example))
            assert not errors, errors[0]
            tried += 1
    assert tried >= 10


def _walk(part: Any) -> Any:
    if isinstance(part, dict):
        yield part
        for value in part.values():
            yield from _walk(value)
    elif isinstance(part, list):
        for value in part:
            yield from _walk(value)


def _absolute(part: Any) -> Any:
    if isinstance(part, dict):
        return {k: f"urn:api{v}" if k == "$ref" else _absolute(v) for k, v in part.items()}
    return [_absolute(value) for value in part] if isinstance(part, list) else part
