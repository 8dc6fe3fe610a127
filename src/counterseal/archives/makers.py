"""Which tool seems to have made an archive, by what it leaves in it. A guess: it chooses words, and decides nothing."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Final

from counterseal.archives import limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from counterseal.model import Archive

UNKNOWN: Final = ""
#: How many bytes of a member are kept to tell by, and which members.
MAX_TEXT: Final = 64 << 10
_TELLING: Final = re.compile(
    r"(?:[^/]+\.dist-info/WHEEL|META-INF/MANIFEST\.MF|package/package\.json|[^/]+/(?:pyproject\.toml|PKG-INFO|setup\.py"
    r"|\.cargo_vcs_info\.json|Cargo\.toml\.orig))"
)
_GENERATOR: Final = re.compile(rb"^Generator:[ \t]*([A-Za-z0-9_.-]{1,40})", re.MULTILINE)
_JAR: Final = re.compile(
    rb"^(?:Created-By|Build-Tool|Built-By|Archiver-Version):[^\n]*?(Maven|Gradle)", re.MULTILINE | re.IGNORECASE
)
_CALLED: Final = {"bdist_wheel": "setuptools", "uv": "uv_build", "poetry-core": "poetry", "poetry_core": "poetry"}
_BACKENDS: Final = {
    "hatchling": "hatchling",
    "setuptools": "setuptools",
    "flit_core": "flit",
    "flit_scm": "flit",
    "uv_build": "uv_build",
    "poetry": "poetry",
    "pdm": "pdm",
    "maturin": "maturin",
}
#: Tools that put members into an order of their own, which is the same each time.
SORTING: Final = frozenset({"hatchling", "setuptools", "flit", "uv_build", "npm", "cargo", "Maven", "Gradle", "poetry"})


def tells(name: str) -> bool:
    """Return whether a member of this name tells who made the archive."""
    return _TELLING.fullmatch(name) is not None


def wanted(name: str, size: int, kept: Mapping[str, bytes]) -> bool:
    """Return whether a member of this name and size is to be kept, beside those that are."""
    return len(kept) < limits.KEPT_TEXTS and size <= MAX_TEXT and tells(name)


def of(archive: Archive) -> str:
    """Return the tool's name; empty if nothing tells."""
    return next(_guesses(archive), UNKNOWN)


def _guesses(archive: Archive) -> Iterator[str]:
    for name, text in archive.texts.items():
        if name.endswith("/WHEEL") and (found := _GENERATOR.search(text)):
            generator = found[1].decode()
            yield _CALLED.get(generator, "flit" if generator == "flit" else generator)
        elif name.endswith((".cargo_vcs_info.json", "Cargo.toml.orig")):
            yield "cargo"
        elif name == "package/package.json":
            yield "npm"
        elif name.endswith("MANIFEST.MF"):
            yield (found[1].decode().title() if (found := _JAR.search(text)) else "jar")
    if any(name.endswith("/PKG-INFO") for name in archive.texts):
        yield from _backend(archive)
    if any("extended timestamp" in member.fields for member in archive.members):
        yield "Info-ZIP"


def _backend(archive: Archive) -> Iterator[str]:
    """Yield what made a source archive of Python, as its `pyproject.toml` says; without one it is setuptools."""
    text = next((text for name, text in archive.texts.items() if name.endswith("/pyproject.toml")), b"")
    try:
        system = tomllib.loads(text.decode()).get("build-system")
    except (ValueError, RecursionError):
        return
    backend = system.get("build-backend") if isinstance(system, dict) else None
    root = re.split(r"[.:]", backend)[0] if isinstance(backend, str) else "setuptools"
    if root in _BACKENDS:
        yield _BACKENDS[root]
