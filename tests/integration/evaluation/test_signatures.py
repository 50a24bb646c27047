"""What receivers verify with: the published packages of Python and npm, also while keys rotate."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import standardwebhooks
import svix
from jsonschema import Draft202012Validator

from schemas.database import endpoints as stored
from schemas.messages import schema_of
from tests.integration.evaluation.delivering import endpoint, run

_VERIFY = """
const { Webhook } = require("standardwebhooks");
const { secrets, headers, body } = JSON.parse(require("fs").readFileSync(0, "utf8"));
for (const secret of secrets) console.log(new Webhook(secret).verify(body, headers).type);
"""


@pytest.fixture
def rotated(scene, receiver):
    """A message signed after two rotations within a day: its headers and body, and the secrets, oldest first."""
    told = [endpoint(scene, receiver.url)]
    with scene.engine.begin() as connection:
        told += [stored.rotate(connection, scene.number, told[0]["id"]) for _ in range(2)]
        stored.send_test(connection, scene.number, told[0]["id"])
    run(scene.engine, lambda: receiver.got)
    [(headers, body)] = receiver.got
    return headers, body, [one["secret"] for one in told]


def test_standardwebhooks_verifies_with_every_key_that_is_promised(rotated):
    headers, body, secrets = rotated
    for secret in secrets:
        assert standardwebhooks.Webhook(secret).verify(body, headers)["type"] == "endpoint.test"
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(secrets[0]).verify(body + " ", headers)


def test_svix_verifies_with_every_key_that_is_promised(rotated):
    headers, body, secrets = rotated
    for secret in secrets:
        svix.Webhook(secret).verify(body, headers)
    with pytest.raises(svix.WebhookVerificationError):
        svix.Webhook(secrets[0]).verify(body.replace("test", "tent"), headers)


@pytest.fixture(scope="session")
def npm_package() -> Iterator[Path]:
    """A folder with npm's standardwebhooks."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed")
    with tempfile.TemporaryDirectory(prefix="ebbtide-npm-") as folder:
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, "standardwebhooks@1"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
        if done.returncode:
            pytest.skip(f"npm could not install standardwebhooks: {done.stderr[-300:]}")
        yield Path(folder)


def test_npms_standardwebhooks_verifies_with_every_key_that_is_promised(rotated, npm_package):
    headers, body, secrets = rotated
    asked = json.dumps({"secrets": secrets, "headers": headers, "body": body})
    command = ["node", "-e", _VERIFY]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, cwd=npm_package, check=False)
    assert done.stdout.split() == ["endpoint.test"] * 3, done.stderr


def test_what_is_sent_is_what_the_schema_says(six_users, receiver):
    made = endpoint(six_users, receiver.url)
    six_users.live(80, 105)
    with six_users.engine.begin() as connection:
        stored.send_test(connection, six_users.number, made["id"])
    run(
        six_users.engine,
        lambda: len({json.loads(body)["type"] for _, body in receiver.got}) > 1,
    )
    for _, body in receiver.got:
        message = json.loads(body)
        Draft202012Validator(schema_of(message["type"])).validate(message)
