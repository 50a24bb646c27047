"""TimescaleDB for a Debian-like machine where we are root: the distribution's package, or a build of its source.

Debian 12 has PostgreSQL 15 and no TimescaleDB; Debian 13's source package builds against it. The source comes through
the machine's own apt, mirror and keys included. The build is kept in the cache under PostgreSQL's exact version.
"""

import os
import platform
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from deploy.local import cache, timescaledb
from deploy.local.errors import MissingError

Say = Callable[[str], None]
_TOOLS = ("gcc", "libc6-dev", "cmake", "ninja-build", "dpkg-dev", "libssl-dev")
_FLAGS = {
    "CMAKE_BUILD_TYPE": "Release",
    "APACHE_ONLY": "1",
    "REGRESS_CHECKS": "OFF",
    "TAP_CHECKS": "OFF",
    "USE_TELEMETRY": "OFF",
    "WARNINGS_AS_ERRORS": "OFF",
}
_SOURCE_SUITE = "trixie"
_SUPPORTED = range(14, 18)  # the PostgreSQL versions of that source


def can_install() -> bool:
    """Whether this is a machine whose packages we may add to."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(say: Say) -> None:
    """Makes an installed PostgreSQL with TimescaleDB, or raises a MissingError that says why it can't."""
    if not _from_cache(say):
        say("Reading the package lists …")
        _run("apt-get", "update", "-qq")
        if package := _packaged():
            say(f"Installing {package} …")
            _install(package, package.removesuffix("-timescaledb"))
        else:
            _build(say)
    if not timescaledb.choose().timescaledb:
        raise MissingError("TimescaleDB was installed, yet no PostgreSQL here has it.")


def _packaged() -> str | None:
    names = _run("apt-cache", "pkgnames", "postgresql-").split()
    found = [name for name in names if re.fullmatch(r"postgresql-\d+-timescaledb", name)]
    return max(found, default=None)


def _build(say: Say) -> None:
    major = _candidate()
    say(f"Installing postgresql-{major} and what builds TimescaleDB …")
    _install(f"postgresql-{major}", f"postgresql-server-dev-{major}", *_TOOLS)
    if _from_cache(say):
        return
    say("Building TimescaleDB from Debian's source package (about a minute, once) …")
    programs = Path(f"/usr/lib/postgresql/{major}/bin")
    with tempfile.TemporaryDirectory(prefix="ebbtide-build-") as temporary:
        work = Path(temporary)
        source = _source(work)
        flags = [f"-D{name}={value}" for name, value in (_FLAGS | {"PG_CONFIG": str(programs / "pg_config")}).items()]
        _run("cmake", "-S", str(source), "-B", str(work / "build"), "-G", "Ninja", *flags)
        _run("cmake", "--build", str(work / "build"))
        _run("cmake", "--install", str(work / "build"), "--strip", environment={"DESTDIR": str(work / "root")})
        _mark(programs, work / "root")
        with cache.filling(_archive(programs)) as making, tarfile.open(making, "w:gz") as archive:
            for path in filter(Path.is_file, (work / "root").rglob("*")):
                archive.add(path, arcname=path.relative_to(work / "root"))
    _from_cache(say)


def _candidate() -> str:
    """The PostgreSQL major version of the distribution, or the installed one, that the source supports."""
    majors = [path.parent.name for path in timescaledb.installed()]
    majors += re.findall(r"Depends: postgresql-(\d+)", _run("apt-cache", "depends", "postgresql"))
    for major in majors:
        if major.isdigit() and int(major) in _SUPPORTED:
            return major
    raise MissingError(f"No TimescaleDB goes with this distribution's PostgreSQL ({', '.join(majors) or 'none'}).")


def _install(*packages: str) -> None:
    # Debian makes and starts a server of its own with the package; nobody asked for that one here.
    settings = Path("/etc/postgresql-common/createcluster.d")
    fresh = not settings.parent.exists()
    if fresh:
        settings.mkdir(parents=True)
        (settings / "ebbtide.conf").write_text("create_main_cluster = false\n")
    try:
        _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", *packages)
    finally:
        if fresh:
            (settings / "ebbtide.conf").unlink()


def _source(work: Path) -> Path:
    """Debian's source of TimescaleDB, unpacked and patched, by an apt set-up of its own beside the machine's."""
    listed = work / "sources.list"
    listed.write_text(f"deb-src {_mirror()} {_SOURCE_SUITE} main\n")
    for folder in ("lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    places = {
        "Dir::Etc::sourcelist": listed,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": work / "lists",
        "Dir::Cache": work / "cache",
        "APT::Sandbox::User": "root",
    }
    options = [f"-o{name}={value}" for name, value in places.items()]
    _run("apt-get", *options, "update", "-qq")
    _run("apt-get", *options, "source", "--download-only", "-qq", "timescaledb", folder=work)
    description = next(work.glob("timescaledb_*.dsc"))
    _run("dpkg-source", "-x", description.name, "source", folder=work)
    return work / "source"


def _mirror() -> str:
    """The Debian mirror of the machine's own sources."""
    wanted = ("apt-get", "indextargets", "--format", "$(ORIGIN) $(LABEL) $(REPO_URI)", "Created-By: Packages")
    for line in _run(*wanted).splitlines():
        match line.split(" "):
            case ["Debian", "Debian", uri]:
                return uri
    raise MissingError("The machine's apt sources name no Debian mirror to take TimescaleDB's source from.")


def _archive(programs: Path) -> str:
    version = timescaledb.config(programs, "--version").split()[1]
    return f"timescaledb-for-postgresql-{version}-{platform.machine()}.tar.gz"


def _mark(programs: Path, root: Path) -> None:
    marker = Path(timescaledb.config(programs, "--pkglibdir")) / "timescaledb.built-for"
    (root / marker.relative_to("/")).write_text(timescaledb.config(programs, "--version"))


def _from_cache(say: Say) -> bool:
    """Unpacks a kept build that fits an installed PostgreSQL exactly."""
    for programs in timescaledb.installed():
        if built := cache.find(_archive(programs)):
            say(f"Installing TimescaleDB from {built} …")
            _run("tar", "-xzf", str(built), "--no-same-owner", "--no-overwrite-dir", "-C", "/")
            return True
    return False


def _run(*command: str, folder: Path | None = None, environment: dict[str, str] | None = None) -> str:
    full = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"} | (environment or {})
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=full)  # noqa: S603
    if done.returncode:
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-5:])
        raise MissingError(f"`{' '.join(command[:3])} …` failed: {last}")
    return done.stdout
