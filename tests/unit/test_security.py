"""What SECURITY.md claims names tests that are there."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_claim_names_a_test_that_exists() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    claims = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| Claim")]
    assert len(claims) >= 20
    for claim in claims:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", claim)
        assert named, f"no test is named: {claim}"
        for path, name in named:
            tree = ast.parse((ROOT / path).read_text())
            assert name in {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}, f"{path}::{name}"


def test_the_list_of_materials_names_every_locked_package(tmp_path: Path) -> None:
    made, lock = tmp_path / "sbom.json", ROOT / "deploy" / "requirements.lock"
    command = [
        Path(sys.executable).parent / "cyclonedx-py",
        "requirements",
        "--output-format",
        "JSON",
        "-o",
        made,
        lock,
    ]
    subprocess.run(command, check=True, capture_output=True)
    listed = {(one["name"].lower(), one["version"]) for one in json.loads(made.read_text())["components"]}
    locked = set(re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([\w.+]+)", lock.read_text(), re.MULTILINE))
    assert len(locked) > 50
    assert listed == {(name.lower(), version) for name, version in locked}
