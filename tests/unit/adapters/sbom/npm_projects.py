"""Projects of npm and pnpm for the tests: written into a folder, read as the builder reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterseal.adapters.sbom import formats, graph
from counterseal.adapters.sbom.checkout import Checkout, Source
from counterseal.model import Subject

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterseal.adapters.sbom.records import Lock, Package

LOCKS = Path(__file__).resolve().parents[3] / "assets" / "locks"
SHA512 = "sha512-" + "A" * 86 + "=="
MANIFEST = {"name": "app", "version": "1.0.0", "dependencies": {"a": "^1.0.0"}}


def write(folder: Path, files: dict[str, Any]) -> None:
    """Write files, each a text or what becomes JSON (which is YAML too)."""
    (folder / ".git").mkdir(exist_ok=True)
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def read(folder: Path, lock: str, project: str = ".", artifacts: Iterable[str] = ()) -> Lock:
    """Return what a lock file of a folder says, with scopes."""
    subjects = [Subject(name, "a" * 64) for name in artifacts]
    return graph.scoped(formats.reader(lock).read(Source(Checkout(folder), lock, project, subjects)))


def by_name(lock: Lock) -> dict[str, Package]:
    """Return the packages of a lock that has each name once."""
    packages = {package.name: package for package in lock.packages}
    assert len(packages) == len(lock.packages)
    return packages


def purls(lock: Lock) -> list[str]:
    """Return the sorted purls of the packages."""
    return sorted(package.purl.to_string() for package in lock.packages)
