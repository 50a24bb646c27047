"""What SECURITY.md claims names tests that are there."""

import ast
import re
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
