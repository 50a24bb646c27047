"""docker-compose.yml and the Dockerfile, held against the specification and what runs here; no engine needed."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deploy.local.services import MODULES
from deploy.local.stack import Options, Stack

ROOT = Path(__file__).resolve().parents[3]
OURS = {"prepare": "prepare", "ingest": "collector", "streams": "worker", "api": "api"}
SECRET = re.compile(r"PASSWORD|KEY|SECRET")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    text = (ROOT / "docker-compose.yml").read_text()
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def test_it_follows_the_compose_specification(compose: dict[str, Any]) -> None:
    # The package carries the specification's schema; the package itself need not be loaded for that.
    spec = find_spec("check_jsonschema")
    assert spec
    assert spec.origin
    schema = Path(spec.origin).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.validate(compose, json.loads(schema.read_text()))


def test_it_runs_the_commands_that_run_here(compose: dict[str, Any]) -> None:
    for service, part in OURS.items():
        assert compose["services"][service]["command"] == ["python", "-m", MODULES[part]]


@pytest.mark.parametrize("part", MODULES)
def test_each_command_can_be_run(part: str) -> None:
    module = MODULES[part]
    main = module if module == "deploy.prepare" else f"{module}.__main__"
    assert find_spec(main) is not None


def test_everything_but_the_one_shot_has_a_health_check(compose: dict[str, Any]) -> None:
    without = [name for name, service in compose["services"].items() if "healthcheck" not in service]
    assert without == ["prepare"]


def test_each_health_check_asks_the_port_its_process_was_given(compose: dict[str, Any]) -> None:
    for service, variable in (("ingest", "COLLECTOR"), ("streams", "WORKER_METRICS"), ("api", "API")):
        definition = compose["services"][service]
        port = definition["environment"][f"EBBTIDE_{variable}_PORT"]
        assert definition["healthcheck"]["test"][-1] == f"http://127.0.0.1:{port}/readyz"


def test_the_health_check_tells_ready_from_not(kafka: str) -> None:
    check = [sys.executable, "-m", "deploy.local.probes"]
    assert subprocess.run([*check, f"kafka://{kafka}"], check=False, cwd=ROOT).returncode == 0
    assert subprocess.run([*check, "http://127.0.0.1:1/readyz"], check=False, cwd=ROOT).returncode == 1


def test_no_secret_stands_in_it(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if SECRET.search(name) or "://" in str(value):
                secret = re.search(r"//\w+:([^@]+)@", str(value))
                assert "//" not in str(value) or not secret or secret[1].startswith("${")
            if SECRET.search(name):
                assert str(value).startswith("${")


def test_the_example_names_every_variable_that_must_be_given() -> None:
    needed = set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text()))
    assert needed <= set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def test_the_image_is_built_from_what_is_there_and_runs_without_root() -> None:
    lines = (ROOT / "deploy" / "Dockerfile").read_text().splitlines()
    copied = [line.split()[1] for line in lines if line.startswith("COPY ") and "--from" not in line]
    assert all((ROOT / source).exists() for source in copied)
    assert {"schemas", "ingest", "streams", "api", "deploy"} <= set(copied)
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001"]


def test_prometheus_asks_each_service_where_it_listens(compose: dict[str, Any]) -> None:
    config = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    ports = {"ingest": "COLLECTOR", "streams": "WORKER_METRICS", "api": "API"}
    for job in config["scrape_configs"]:
        (found,) = job["dns_sd_configs"]
        environment = compose["services"][job["job_name"]]["environment"]
        assert found["names"] == [job["job_name"]]
        assert found["port"] == environment[f"EBBTIDE_{ports[job['job_name']]}_PORT"]


def test_the_preparation_of_the_image_can_be_run_twice(compose: dict[str, Any], stack_of_servers: Stack) -> None:
    module = compose["services"]["prepare"]["command"][-1]
    keys = {"EBBTIDE_WRITE_KEY": stack_of_servers.write_key, "EBBTIDE_API_KEY": stack_of_servers.api_key}
    environment = {**os.environ, **stack_of_servers.environment, **keys}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", module], env=environment, cwd=ROOT, check=True, capture_output=True
        )
        assert not done.stdout


@pytest.fixture
def stack_of_servers(kafka: str, database_url: str, tmp_path: Path) -> Any:
    with Stack(tmp_path, Options(parts=("prepare",), kafka=kafka, database_url=database_url)) as stack:
        yield stack
