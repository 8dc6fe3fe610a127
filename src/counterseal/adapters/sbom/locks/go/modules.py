"""Reads `go.mod` with `go.sum`, or a `go.work` with those of all its modules. There are no edges in them.

What counts are the modules that a go.mod names; since Go 1.17 these are all that a build or test needs. Before,
indirect ones are taken from go.sum: a module whose tree was summed in its highest version was downloaded for a build.
In a workspace the highest version that a module requires counts (minimal version selection).
Source: Go Modules Reference, "Minimal version selection", "Module graph pruning", "Workspaces".
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final, TypeAlias

from counterseal.adapters.sbom import packages as urls
from counterseal.adapters.sbom.locks.go import checkouts
from counterseal.adapters.sbom.locks.go.versions import order
from counterseal.adapters.sbom.records import NOT_HERE, Lock, Package, Part, check_packages, part_key, unique_keys
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from counterseal.adapters.sbom.checkout import Checkout, Source
    from counterseal.adapters.sbom.locks.go.checkouts import Modules
    from counterseal.adapters.sbom.locks.go.manifests import Manifest

#: Since this version of the language a go.mod names the indirect modules too.
NAMES_ALL: Final = (1, 17)
#: A go.mod without `go` is read as of this one.
_OLDEST: Final = (1, 16)

#: What is used for a module: a folder, or a module and version that is downloaded.
_Used: TypeAlias = str | tuple[str, str]


def read(source: Source) -> Lock:
    """Return what the files say of a module or workspace.

    Raises:
        UsageError: go.sum is not of go.mod as it is now, or a file is missing.
        FormatError: A file is malformed.
    """
    folder, checkout = posixpath.dirname(source.lock) or ".", source.checkout
    is_workspace = posixpath.basename(source.lock) == checkouts.WORK
    modules = (checkouts.of_workspace if is_workspace else checkouts.of_module)(checkout, folder)
    selected = _selected(modules)
    used = {name: _replaced(modules, name, version) for name, version in selected.items()}
    if missing := [name for name, to in used.items() if isinstance(to, tuple) and not _is_summed(modules, to)]:
        near = {} if is_workspace else checkouts.siblings(checkout, folder)
        _check_missing([name for name in missing if name not in near], folder)
        used |= {name: near[name] for name in missing}
    packages = _packages(modules, selected, used)
    keys = _keys(modules, used, packages)
    mains = [_part(checkout, place, main, (main.name or "", None), keys) for place, main in modules.mains.items()]
    others = [
        _part(checkout, place, _manifest(checkout, place), (name, selected[name]), keys)
        for name, place in used.items()
        if isinstance(place, str)
    ]
    root = _root(mains, source)
    parts = {part.key: part for part in (*others, *mains)}
    parts.pop(root.key, None)
    return Lock(tuple(sorted(modules.files.items())), root, packages, tuple(parts.values()), has_edges=False)


def _selected(modules: Modules) -> dict[str, str]:
    """Return the version that counts of every required module but the main ones.

    In a workspace a version that another module excludes is passed over.

    Raises:
        UsageError: A module requires a version that it excludes.
    """
    mains, excluded = {main.name for main in modules.mains.values()}, _excluded(modules)
    selected: dict[str, str] = {}
    for folder, main in modules.mains.items():
        for asked in main.requirements:
            name, version = asked.module, asked.version
            if (name, version) in main.excluded:
                raise UsageError(
                    f"{checkouts.beside(folder, checkouts.MOD)} requires {name} {version}, which is excluded",
                    why="the go command has to choose another version",
                    fix="run `go mod tidy`, and commit go.mod and go.sum",
                )
            passed_over = name in mains or (name, version) in excluded
            if not passed_over and (name not in selected or order(version) > order(selected[name])):
                selected[name] = version
    return selected


def _excluded(modules: Modules) -> set[tuple[str, str]]:
    return set[tuple[str, str]]().union(*(main.excluded for main in modules.mains.values()))


def _replaced(modules: Modules, name: str, version: str) -> _Used:
    replacement = modules.replacements.get((name, version)) or modules.replacements.get((name, None))
    if replacement is None:
        return name, version
    return replacement if isinstance(replacement, str) else (replacement.target, replacement.version or "")


def _is_summed(modules: Modules, download: tuple[str, str]) -> bool:
    name, version = download
    return version in modules.trees.get(name, {})


def _check_missing(names: list[str], folder: str) -> None:
    if names:
        raise UsageError(
            f"{checkouts.beside(folder, checkouts.SUM)} has nothing of {', '.join(sorted(names)[:5])}",
            why=f"{len(names)} modules that go.mod requires were not summed",
            fix="run `go mod tidy`, and commit go.mod and go.sum",
        )


def _packages(modules: Modules, selected: Mapping[str, str], used: Mapping[str, _Used]) -> tuple[Package, ...]:
    downloads: dict[tuple[str, str], list[str]] = {}
    for name, to in used.items():
        if isinstance(to, tuple):
            replaced = [f"{name}@{selected[name]}"] if to != (name, selected[name]) else []
            downloads.setdefault(to, []).extend(replaced)
    if any((main.go or _OLDEST) < NAMES_ALL for main in modules.mains.values()):
        known = {name for name, _ in downloads} | used.keys() | {main.name for main in modules.mains.values()}
        downloads |= {download: [] for download in _unnamed(modules) if download[0] not in known}
    check_packages([name for name, _ in downloads], checkouts.MOD)
    wanted = sorted(downloads)
    purls = [urls.golang(name, version) for name, version in wanted]
    keys = unique_keys(purl.to_string() for purl in purls)
    packages = []
    for (name, version), purl, key in zip(wanted, purls, keys, strict=True):
        tree = modules.trees.get(name, {}).get(version)
        notes = [("go:h1", tree)] if tree else []
        notes += [("go:replaces", text) for text in sorted(downloads[name, version])]
        packages.append(Package(key, purl, name, version, notes=tuple(notes)))
    return tuple(packages)


def _unnamed(modules: Modules) -> Iterator[tuple[str, str]]:
    """Yield the modules of go.sum that were downloaded in the version that has to be the selected one."""
    excluded = _excluded(modules)
    for name, versions in modules.trees.items():
        highest = max((version for version in versions if (name, version) not in excluded), key=order, default=None)
        if highest is not None and versions[highest] is not None:
            yield name, highest


def _keys(modules: Modules, used: Mapping[str, _Used], packages: tuple[Package, ...]) -> dict[str, str]:
    """Return by module the key of what is used for it."""
    of_package = {(package.name, package.version): package.key for package in packages}
    mains = {main.name or "": part_key(folder) for folder, main in modules.mains.items()}
    return mains | {name: of_package[to] if isinstance(to, tuple) else _part_key(to, name) for name, to in used.items()}


def _part_key(folder: str, name: str) -> str:
    return part_key(folder) if folder != NOT_HERE else f"{part_key(folder)} {name}"


def _manifest(checkout: Checkout, folder: str) -> Manifest | None:
    return None if folder == NOT_HERE else checkouts.manifest_of(checkout, folder)


def _part(
    checkout: Checkout, folder: str, manifest: Manifest | None, named: tuple[str, str | None], keys: Mapping[str, str]
) -> Part:
    """Return a module of the checkout as a part that needs what its go.mod requires directly."""
    name, version = named
    asked = manifest.requirements if manifest else ()
    needs = {keys[requirement.module] for requirement in asked if requirement.direct and requirement.module in keys}
    here = folder != NOT_HERE
    return Part(
        _part_key(folder, name),
        folder,
        name,
        version,
        urls.golang(name, version),
        tuple(sorted(needs)),
        runnable=here and any(checkout.has(posixpath.join(folder, path)) for path in ("main.go", "cmd")),
    )


def _root(mains: list[Part], source: Source) -> Part:
    """Return the module that the project's folder is or lies in, else the workspace, which needs its modules.

    Raises:
        UsageError: The folder is a module of its own.
    """
    project = source.project
    for part in mains:
        if part.path == project:
            return part
    if source.checkout.has(source.beside(checkouts.MOD)):
        raise UsageError(
            f"{source.lock} is not of the module in {project}",
            why=f"it is of {', '.join(sorted(part.name for part in mains)[:5]) or 'no module'}",
            fix=f"leave out --lock, name {checkouts.beside(project, checkouts.MOD)} with it, or another --project",
        )
    if len(mains) == 1 and f"{project}/".startswith("" if mains[0].path == "." else f"{mains[0].path}/"):
        return mains[0]
    return Part(part_key(project), project, "workspace", None, None, tuple(sorted(part.key for part in mains)))
