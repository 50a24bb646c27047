"""The command `ebbtide` as a person and a script use it, on real servers."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest

from deploy.local.cli import COMMANDS

EBBTIDE = str(Path(sys.executable).parent / "ebbtide")
SERVERS = ("--parts", "kafka,database,prepare", "--json")
Start = Callable[..., tuple[subprocess.Popen[str], dict[str, str]]]


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([EBBTIDE, *arguments], capture_output=True, text=True, check=False, cwd=cwd, timeout=120)


@pytest.fixture
def up() -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def start(data: Path, *options: str) -> tuple[subprocess.Popen[str], dict[str, str]]:
        command = [EBBTIDE, "up", "--data", str(data), *SERVERS, *options]
        started.append(process := subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=data.parent))
        assert process.stdout
        return process, json.loads(process.stdout.readline())

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=60)


def children(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_up_ends_with_everything_on_each_signal(tmp_path: Path, up: Start, number: int) -> None:
    process, _ = up(tmp_path / "data", "--parts", "database")
    started = children(process.pid)
    assert len(started) >= 2
    process.send_signal(number)
    assert process.wait(60) == 0
    assert not [child for child in started if child.is_running()]


def test_an_instance_opened_again_has_its_data_keys_and_ports(tmp_path: Path, up: Start) -> None:
    data = tmp_path / "data"
    process, first = up(data)
    connection = psycopg2.connect(first["database"])
    connection.autocommit = True
    connection.cursor().execute("CREATE TABLE kept AS SELECT 1")
    connection.close()
    assert run("status", "--data", str(data)).returncode == 0
    assert run("up", "--data", str(data)).returncode == 3
    assert run("down", "--data", str(data)).returncode == 0
    assert process.wait(10) == 0
    assert run("status", "--data", str(data)).returncode == 3
    _, again = up(data)
    assert again == first
    connection = psycopg2.connect(again["database"])
    cursor = connection.cursor()
    cursor.execute("SELECT count(*) FROM kept, keys")
    assert cursor.fetchone() == (2,)
    connection.close()


def test_two_run_side_by_side_and_beside_other_programs(tmp_path: Path, up: Start) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", 5432))
            other.listen()
        except OSError:
            pass  # something else is the other program
        _, one = up(tmp_path / "one")
        _, two = up(tmp_path / "two")
    assert "127.0.0.1:5432/" not in one["database"] + two["database"]
    assert one["kafka"] != two["kafka"]
    assert one["database"] != two["database"]


def test_after_a_kill_nothing_stays_and_the_next_up_works(
    tmp_path: Path, up: Start, eventually: Callable[..., Any]
) -> None:
    data = tmp_path / "data"
    process, _ = up(data)
    started = children(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    eventually(lambda: not [child for child in started if child.is_running()], patience=10)
    assert run("down", "--data", str(data)).returncode == 0
    up(data)


def test_status_shows_a_server_that_was_killed_and_came_back(
    tmp_path: Path, up: Start, eventually: Callable[..., Any]
) -> None:
    data = tmp_path / "data"
    up(data)

    def database() -> dict[str, Any]:
        parts = json.loads(run("status", "--data", str(data), "--json").stdout)["parts"]
        found: dict[str, Any] = next(part for part in parts if part["name"] == "database")
        return found

    os.kill(database()["pid"], signal.SIGKILL)
    assert eventually(lambda: (now := database())["ready"] and now["restarts"] >= 1 and now)["ready"]


def test_three_brokers_keep_what_one_of_them_loses(tmp_path: Path, up: Start) -> None:
    _, addresses = up(tmp_path / "data", "--brokers", "3")
    assert addresses["kafka"].count(",") == 2


def test_a_failed_start_names_the_part_its_log_and_the_way_out(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "postgres").mkdir(parents=True)
    (data / "postgres" / "server.json").write_text('{"programs": "/nowhere", "timescaledb": true}')
    failed = run("up", "--data", str(data), "--parts", "database")
    assert failed.returncode == 1
    assert "/nowhere, which is gone" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_wrong_setting_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "ebbtide.toml").write_text("workers = 0\n")
    command = [EBBTIDE, "up"]
    environment = {name: value for name, value in os.environ.items() if name != "EBBTIDE_CONFIG"}
    failed = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert failed.returncode == 1
    assert "EBBTIDE_WORKERS" in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_an_example(name: str) -> None:
    shown = run(name, "--help")
    assert shown.returncode == 0
    assert f"ebbtide {name}" in shown.stdout


def test_keys_are_made_listed_rotated_and_revoked(database_url: str) -> None:
    where = ("--database-url", database_url, "--json")
    made = json.loads(run("key", "create", "--scope", "ingest", "--name", "site", *where).stdout)
    (old,) = json.loads(run("key", "list", *where).stdout)
    assert (old["name"], old["scopes"], made["key"].startswith(old["prefix"])) == ("site", ["ingest"], True)
    new = json.loads(run("key", "rotate", str(old["id"]), "--overlap", "1", *where).stdout)
    assert new["key"] != made["key"]
    assert run("key", "rotate", str(old["id"]), *where).returncode == 1
    listed = json.loads(run("key", "list", *where).stdout)
    assert [(one["name"], one["revoked_at"] is None) for one in listed] == [("site", True), ("site", False)]
    assert run("key", "revoke", str(old["id"]), *where).returncode == 0
    assert run("key", "revoke", str(old["id"]), *where).returncode == 1
