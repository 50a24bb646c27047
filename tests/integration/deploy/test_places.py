"""Where things are kept and who may reach them: caches, mirrors, folders that others can't enter."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest

from deploy.local import cache, jars, timescaledb
from deploy.local.errors import MissingError
from deploy.local.postgres import Postgres

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes the user")


@ROOT_ONLY
def test_root_runs_a_database_below_a_folder_that_only_root_enters(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "of").mkdir(mode=0o700)
    with Postgres(closed / "of" / "data", durable=False) as postgres:
        psycopg2.connect(postgres.url).close()
    assert closed.stat().st_mode & 0o077 == 0


@ROOT_ONLY
def test_a_database_of_the_wheel_runs_for_root_too(tmp_path: Path) -> None:
    with Postgres(tmp_path / "data", durable=False, plain=True) as postgres:
        assert not postgres.timescaledb
        psycopg2.connect(postgres.url).close()


def test_a_wrong_password_is_refused(databases: object) -> None:
    url = databases._server  # type: ignore[attr-defined]
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(url, password="guessed")


def test_a_thing_appears_in_the_cache_only_when_it_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EBBTIDE_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ZeroDivisionError), cache.filling("thing") as making:
        making.write_text(f"half {1 / 0}")
    assert cache.find("thing") is None
    with cache.filling("thing") as making:
        making.write_text("whole")
        assert cache.find("thing") is None
    found = cache.find("thing")
    assert found
    assert found.read_text() == "whole"
    assert os.listdir(tmp_path / "cache") == ["thing"]  # noqa: PTH208


def test_the_faster_of_two_setups_wins_and_the_slower_does_not_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EBBTIDE_CACHE", str(tmp_path))
    for _ in range(2):
        with cache.filling("jars") as making:
            making.mkdir()
            (making / "a.jar").touch()
    assert cache.find("jars")


def test_kafka_is_fetched_from_the_mirror_that_the_machine_names(tmp_path: Path) -> None:
    settings = tmp_path / "settings.xml"
    assert jars._mirror(settings) is None
    settings.write_text(
        '<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0"><mirrors><mirror><id>m</id>'
        "<mirrorOf>*</mirrorOf><url>https://mirror.example/maven</url></mirror></mirrors></settings>"
    )
    assert jars._mirror(settings) == "https://mirror.example/maven"


def test_data_of_a_postgresql_that_is_gone_is_not_opened_by_another(tmp_path: Path) -> None:
    made_by = tmp_path / "server.json"
    timescaledb.Server("/nowhere", timescaledb=False).save(made_by)
    with pytest.raises(MissingError, match="/nowhere, which is gone"):
        timescaledb.Server.load(made_by)


@ROOT_ONLY
def test_it_starts_without_a_network(tmp_path: Path) -> None:
    ebbtide = Path(sys.executable).parent / "ebbtide"
    if subprocess.run(["unshare", "--net", "ip", "link"], capture_output=True, check=False).returncode:
        pytest.skip("no network namespaces here")
    script = f"ip link set lo up; exec {ebbtide} up --data {tmp_path}/data --parts kafka,database,prepare --json"
    with subprocess.Popen(["unshare", "--net", "sh", "-c", script], stdout=subprocess.PIPE, text=True) as alone:
        assert alone.stdout
        shown = alone.stdout.readline()
        alone.terminate()
    assert '"kafka"' in shown
    assert alone.returncode == 0
