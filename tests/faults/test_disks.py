"""Disks that are full: small ones in memory, under a server's data."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import home
from tests.faults.driver import run
from tests.faults.faults import FOLDERS


@pytest.fixture
def disks() -> Iterator[Path]:
    """A folder for a run, in which each server has a disk of its own."""
    with home() as folder, ExitStack() as mounted:
        for name, size in zip(FOLDERS.values(), ("192m", "384m"), strict=True):
            place = folder / "instance" / name
            place.mkdir(parents=True)
            command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
            if subprocess.run(command, capture_output=True, check=False).returncode:
                pytest.skip("nobody may mount a disk here")
            mounted.callback(subprocess.run, ["umount", "-l", str(place)], check=True)
        yield folder


@pytest.mark.long
def test_full_disks_lose_nothing_and_heal_by_themselves(disks: Path) -> None:
    outcome = run(disks, 8, ["fill_disk_of_kafka", "fill_disk_of_database"])
    assert outcome.ok, outcome
