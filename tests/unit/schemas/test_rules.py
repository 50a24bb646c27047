"""Rules as code: what is declared, what is refused and how that reads, and what becomes of it while a worker runs."""

import os
from pathlib import Path

import pytest

from schemas import rules
from schemas.errors import DefinitionError
from schemas.rules import BUILT_IN, Mode, parse, read
from streams.ruling import RulesFile

EXAMPLE = Path(rules.__file__).with_name("rules.example.yaml")


def test_the_example_is_what_it_says() -> None:
    found = parse(EXAMPLE.read_text())
    assert (found.name, found.budget) == ("2026-01", 0.5)
    assert found.of("segment.dropped").mode == Mode.SHADOW
    assert found.of("behavior.dropped").spaced == 14


def test_nothing_said_is_what_is_built_in() -> None:
    assert parse("") == parse("kinds:") == BUILT_IN


def test_a_bare_off_is_off() -> None:
    assert parse("kinds: {segment.dropped: {mode: off}}").of("segment.dropped").mode == Mode.OFF


def test_what_is_said_names_the_rules() -> None:
    assert parse("budget: 0.5").name != parse("budget: 0.4").name


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[1]", "holds `budget:`"),
        ("{", "not YAML"),
        ("budget: often", "float"),
        ("budget: 0", "from 0.001"),
        ("budgets: 1", "unknown field `budgets`"),
        ("kinds: {behavior.fell: {}}", "no kind 'behavior.fell'"),
        ("kinds: {segment.dropped: {mode: maybe}}", "maybe"),
        ("kinds: {segment.dropped: {days: 3}}", "unknown field `days`"),
        ("kinds: {behavior.dropped: {share: 2}}", "at most 1"),
        ("kinds: {behavior.dropped: {quiet: 0}}", "from 1 to 365"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(text: str, word: str) -> None:
    with pytest.raises(DefinitionError, match=word) as raised:
        parse(text, "mine.yaml")
    assert str(raised.value).startswith("mine.yaml")


def test_every_fault_is_told() -> None:
    found, wrong = read("{budget: 0, kinds: {x: {}, behavior.dropped: {worse: 3, confirm: 0}}}")
    assert found is None
    assert len(wrong) == 4


def test_a_wrong_file_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    file = RulesFile(path)
    assert file.current() == BUILT_IN
    for turn, (text, budget) in enumerate([("budget: 0.2", 0.2), ("budget: [", 0.2), ("budget: 0.3", 0.3)], 1):
        path.write_text(text)
        os.utime(path, ns=(turn, turn))
        assert file.current().budget == budget
    path.unlink()
    assert file.current() == BUILT_IN
