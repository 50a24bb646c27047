"""A few planted bugs, each caught; all of them are `make faults-planted`."""

from collections.abc import Iterator

import pytest

from tests.faults.planted import BUGS, CONTROLS, Field, field


@pytest.fixture(scope="module")
def product() -> Iterator[Field]:
    with field() as found:
        yield found


def test_a_zombie_alone_does_no_harm(product: Field) -> None:
    outcome = product.run("harmless_zombie", CONTROLS["harmless_zombie"])
    assert outcome.ok, outcome


@pytest.mark.parametrize("bug", ["no_fence", "offset_apart"])
def test_a_planted_bug_is_caught(product: Field, bug: str) -> None:
    outcome = product.run(bug, BUGS[bug])
    assert not outcome.ok
    assert outcome.places, "our own books see it"
    assert not outcome.report.ok, "the audit sees it"
