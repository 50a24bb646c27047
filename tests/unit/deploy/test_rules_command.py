"""`ebbtide rules` as a person and a script use it: sentences, JSON and exit codes."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.local.cli import app
from schemas import rules
from schemas.alerts import ON_ACCOUNTS

EXAMPLES = Path(rules.__file__).parent
RULES, BEHAVIORS, FIXTURES = (str(EXAMPLES / f"{name}.example.yaml") for name in ("rules", "behaviors", "fixtures"))


def ebbtide(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["rules", *arguments])


def test_check_says_what_is_declared() -> None:
    result = ebbtide("check", "--rules", RULES, "--behaviors", BEHAVIORS)
    assert result.exit_code == 0, result.output
    assert "shadow" in result.output
    assert "report shared" in result.output


def test_check_tells_every_fault_and_fails(tmp_path: Path) -> None:
    wrong = tmp_path / "rules.yaml"
    wrong.write_text("{budget: 0, kinds: {x: {}}}")
    (tmp_path / "behaviors.yaml").write_text("behaviors: [{name: a, events: []}]")
    result = ebbtide("check", "--rules", str(wrong), "--behaviors", str(tmp_path / "behaviors.yaml"))
    assert result.exit_code == 1
    assert len([line for line in result.output.splitlines() if line.startswith(str(tmp_path))]) == 3


def test_check_without_files_fails(tmp_path: Path) -> None:
    result = ebbtide("check", "--rules", str(tmp_path / "r"), "--behaviors", str(tmp_path / "b"))
    assert result.exit_code == 1
    assert "neither" in result.output


def test_fixtures_pass_or_fail(tmp_path: Path) -> None:
    off = tmp_path / "off.yaml"
    off.write_text(json.dumps({"kinds": {kind: {"mode": "off"} for kind in ON_ACCOUNTS}}))
    passed = ebbtide("test", FIXTURES, "--json")
    assert passed.exit_code == 0
    assert [one["passed"] for one in json.loads(passed.stdout)] == [True] * 5
    failed = ebbtide("test", FIXTURES, "--rules", str(off))
    assert failed.exit_code == 1
    assert "expected behavior.dropped of acme" in " ".join(failed.output.split())


@pytest.fixture
def events(tmp_path: Path) -> str:
    """Two accounts' half a year; one of them falls silent in the end."""
    first, path = date(2026, 1, 5), tmp_path / "events.csv"
    rows = ["time,account,user,behavior"]
    for day in (first + timedelta(days=i) for i in range(182)):
        for account, until in (("acme", 150), ("peer", 182)):
            if day.weekday() < 5 and (day - first).days < until:
                rows += [f"{day}T10:00:00Z,{account},{account}-{i},used" for i in range(5)]
    path.write_text("\n".join(rows))
    return str(path)


def test_diff_says_what_two_versions_change(tmp_path: Path, events: str) -> None:
    now, then = tmp_path / "now.yaml", tmp_path / "next.yaml"
    now.write_text("version: now")
    then.write_text(json.dumps({"version": "next", "kinds": {kind: {"mode": "shadow"} for kind in ON_ACCOUNTS}}))
    told = ebbtide("diff", str(now), str(then), "--events", events, "--json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert (found["rules"], [one["account"] for one in found["gone"]]) == (["now", "next"], ["acme"])
    assert found["alerts_a_week"][1] == 0 < found["alerts_a_week"][0]
    shown = ebbtide("diff", str(now), str(then), "--events", events)
    assert "0 added, 1 gone, 0 moved" in shown.output
    assert "- behavior.dropped of acme on 2026-06-0" in shown.output
