"""The modules of a checkout: that of a `go.mod`, or those that a `go.work` uses, with what they say together.

Source: Go Modules Reference, "Workspaces": replacements of all modules count, those of the go.work before them.
A module that is used has to lie in the checkout; a folder that replaces one may lie elsewhere, and is not looked at.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from counterseal.adapters.sbom.checkout import MAX_BYTES, MAX_MANIFEST_BYTES
from counterseal.adapters.sbom.locks.go import manifests, sums
from counterseal.adapters.sbom.locks.go.manifests import Manifest, Replacement
from counterseal.adapters.sbom.locks.go.sums import Trees
from counterseal.adapters.sbom.records import NOT_HERE
from counterseal.errors import UsageError
from counterseal.formats import digests

if TYPE_CHECKING:
    from counterseal.adapters.sbom.checkout import Checkout

MOD: Final = "go.mod"
SUM: Final = "go.sum"
WORK: Final = "go.work"
WORK_SUM: Final = "go.work.sum"
MAX_MODULES: Final = 1_000


@dataclass(slots=True)
class Modules:
    """What was read.

    Attributes:
        mains: Manifests of the modules that the build is of, by their folders.
        replacements: As of a manifest; folders by their path in the checkout, or `NOT_HERE`.
        trees: Of all go.sum.
        files: Path and sha256 of every file that was read as lock.
    """

    mains: dict[str, Manifest] = field(default_factory=dict)
    replacements: dict[tuple[str, str | None], Replacement | str] = field(default_factory=dict)
    trees: Trees = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


def of_module(checkout: Checkout, folder: str) -> Modules:
    """Return the module in a folder.

    Raises:
        UsageError: A file is missing or cannot be used.
        FormatError: A file is malformed.
    """
    modules = Modules()
    _add_main(checkout, folder, modules)
    _read_sums(checkout, [beside(folder, SUM)], modules)
    return modules


def of_workspace(checkout: Checkout, folder: str) -> Modules:
    """Return the modules of the workspace in a folder.

    Raises:
        UsageError: A file is missing or cannot be used, or modules contradict each other.
        FormatError: A file is malformed.
    """
    modules = Modules()
    path = beside(folder, WORK)
    workspace = manifests.workspace(_read(checkout, path, modules), path)
    _add_replacements(checkout, folder, workspace, modules)
    first = frozenset(modules.replacements)
    for use in dict.fromkeys(checkout.joined(folder, use, path) for use in workspace.uses):
        if len(modules.mains) >= MAX_MODULES:
            raise UsageError(f"{path} uses more than {MAX_MODULES} modules", why="that many are not read")
        _add_main(checkout, use, modules, overridden=first)
    names = [main.name for main in modules.mains.values()]
    if len(set(names)) < len(names):
        raise UsageError(f"{path} uses two modules of one name", fix="remove one of them")
    sums_of = [beside(use, SUM) for use in modules.mains]
    _read_sums(checkout, [beside(folder, WORK_SUM), *sums_of], modules)
    return modules


def siblings(checkout: Checkout, folder: str) -> dict[str, str]:
    """Return the folders, by name, of the modules of the workspace that uses a folder; empty: none does."""
    above = folder
    while not checkout.has(beside(above, WORK)):
        if above == ".":
            return {}
        above = posixpath.dirname(above) or "."
    mains = of_workspace(checkout, above).mains
    return {main.name or "": place for place, main in mains.items()} if folder in mains else {}


def manifest_of(checkout: Checkout, folder: str) -> Manifest | None:
    """Return what the go.mod in a folder says; None: there is none."""
    path = beside(folder, MOD)
    return manifests.module(_read(checkout, path, Modules()), path) if checkout.has(path) else None


def _add_main(
    checkout: Checkout, folder: str, modules: Modules, overridden: frozenset[tuple[str, str | None]] = frozenset()
) -> None:
    path = beside(folder, MOD)
    manifest = manifests.module(_read(checkout, path, modules), path)
    modules.mains[folder] = manifest
    for key in overridden:
        manifest.replacements.pop(key, None)
    _add_replacements(checkout, folder, manifest, modules)


def _add_replacements(checkout: Checkout, folder: str, manifest: Manifest, modules: Modules) -> None:
    for key, replacement in manifest.replacements.items():
        target = replacement if replacement.version else _inside(checkout, folder, replacement.target)
        if modules.replacements.setdefault(key, target) != target:
            raise UsageError(
                f"{beside(folder, MOD)} replaces {key[0]} otherwise than another module of the workspace",
                why="the go command refuses that too",
                fix=f"say in {WORK} what it is replaced by",
            )


def _inside(checkout: Checkout, folder: str, path: str) -> str:
    try:
        return checkout.joined(folder, path, MOD)
    except UsageError:
        return NOT_HERE


def _read_sums(checkout: Checkout, paths: list[str], modules: Modules) -> None:
    there = [path for path in paths if checkout.has(path)]
    modules.trees = sums.trees((_read(checkout, path, modules, max_bytes=MAX_BYTES), path) for path in there)


def _read(checkout: Checkout, path: str, modules: Modules, *, max_bytes: int = MAX_MANIFEST_BYTES) -> bytes:
    data = checkout.read(path, max_bytes=max_bytes)
    modules.files[path] = digests.sha256(data)
    return data


def beside(folder: str, name: str) -> str:
    """Return the path of a file in a folder of the checkout."""
    return posixpath.normpath(posixpath.join(folder, name))
