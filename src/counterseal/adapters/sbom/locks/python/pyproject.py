"""Reads `pyproject.toml`: the project that a Python lock file is of."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_name

from counterseal.adapters.sbom import packages
from counterseal.adapters.sbom.checkout import MAX_MANIFEST_BYTES
from counterseal.adapters.sbom.descriptions.description import supplier
from counterseal.adapters.sbom.licences import fits
from counterseal.adapters.sbom.locks.python import artifacts
from counterseal.adapters.sbom.locks.python.declared import Declared, declared
from counterseal.adapters.sbom.records import Part, part_key
from counterseal.adapters.sbom.toml import toml_table
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterseal.adapters.sbom.checkout import Source
    from counterseal.adapters.sbom.reading import Table

PROJECT_FILE: Final = "pyproject.toml"
#: The root's name where nothing names it.
NAMELESS: Final = "workspace"


@dataclass(frozen=True, slots=True)
class Project:
    """What pyproject.toml says; of a folder without one, what the artifacts say.

    Attributes:
        name: PEP 503 form.
        version: None if it is dynamic and no artifact says it.
        needs: What it needs.
        runnable: It has console or GUI scripts.
        licence: SPDX expression, if it says one.
        supplier: Names of its authors, else of its maintainers.
        manifest: Whether pyproject.toml names the project.
    """

    name: str
    version: str | None
    needs: Declared
    runnable: bool = False
    licence: str | None = None
    description: str | None = None
    supplier: str | None = None
    manifest: bool = True

    @property
    def requirements(self) -> set[str] | None:
        """Return the dependencies and those of all extras, without the project itself; None: dynamic."""
        if self.needs.direct is None or self.needs.extras is None:
            return None
        return self.needs.direct.union(*self.needs.extras.values()) - {self.name}


def read(source: Source) -> Project:
    """Return the project in a folder; a wheel or sdist of it says a version that pyproject.toml leaves dynamic.

    Where pyproject.toml is missing or names nothing, the project is the one that all artifacts are of, else nameless.

    Raises:
        UsageError: An artifact is of another version.
        FormatError: It is not TOML, or a dependency is malformed.
    """
    path = source.beside(PROJECT_FILE)
    if not source.checkout.has(path):
        return _unnamed(source)
    document = toml_table(source.checkout.read(path, max_bytes=MAX_MANIFEST_BYTES), path)
    table, poetry = document.table("project"), document.table("tool").table("poetry")
    written = table.optional_text("name") or poetry.optional_text("name")
    if not written:
        return _unnamed(source)
    name = canonicalize_name(written)
    licence = table.data.get("license", poetry.data.get("license"))
    return Project(
        name=name,
        version=artifacts.version(name, _version(document, table, poetry), source.subjects, PROJECT_FILE),
        needs=declared(document),
        runnable=bool({"scripts", "gui-scripts"} & table.data.keys()) or "scripts" in poetry.data,
        licence=licence if isinstance(licence, str) and fits(licence) else None,
        description=table.optional_text("description") or poetry.optional_text("description"),
        supplier=_supplier(table, poetry),
    )


def _supplier(*tables: Table) -> str | None:
    """Return the names of authors, else of maintainers: of tables with `name`, of poetry's `Name <email>`."""
    for table, kind in product(tables, ("authors", "maintainers")):
        people = table.data.get(kind)
        names = (
            (one.get("name") if isinstance(one, dict) else one for one in people) if isinstance(people, list) else ()
        )
        if known := supplier(names):
            return known
    return None


def _version(document: Table, table: Table, poetry: Table) -> str | None:
    """Return the written version; one that a plugin of poetry replaces is a placeholder, and a table is old pdm's."""
    if document.table("tool").table("poetry-dynamic-versioning").data.get("enable") is True:
        return None
    if isinstance(table.data.get("version"), dict):
        return None
    return table.optional_text("version") or poetry.optional_text("version")


def _unnamed(source: Source) -> Project:
    names = artifacts.names(source.subjects)
    name = names[0] if len(names) == 1 else NAMELESS
    return Project(name, artifacts.version(name, None, source.subjects, PROJECT_FILE), Declared(), manifest=False)


def named_keys(
    project: Project, keys: Mapping[str, Sequence[str]], file: str, *, whole: bool = True
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the keys of what a project needs, what its extras need, and its groups, for locks that do not say it.

    Args:
        project: The project.
        keys: Name to keys of what the lock has.
        file: The lock's name.
        whole: Whether the lock has to have all dependencies; those with a marker may always be missing.

    Raises:
        UsageError: The lock does not have a dependency.
    """
    direct = project.needs.direct or set()
    if whole and (missing := sorted(direct - keys.keys() - project.needs.conditional - {project.name})):
        raise UsageError(
            f"{file} does not lock {', '.join(missing)}",
            why=f"{PROJECT_FILE} names it as a dependency of {project.name}",
            fix="make the lock file again, and commit it",
        )
    extras = set[str]().union(*(project.needs.extras or {}).values())
    direct_keys, extra_keys, group_keys = (
        tuple(sorted({key for name in wanted - {project.name} for key in keys.get(name, ())}))
        for wanted in (direct, extras, project.needs.groups)
    )
    return direct_keys, extra_keys, group_keys


def part(
    project: Project,
    path: str,
    dependencies: tuple[str, ...],
    optional: tuple[str, ...] = (),
    development: tuple[str, ...] = (),
) -> Part:
    """Return the project as the part of a checkout that lies in a folder, with the keys of what it needs."""
    return Part(
        part_key(path),
        path,
        project.name,
        project.version,
        packages.pypi(project.name, project.version) if project.manifest or project.name != NAMELESS else None,
        dependencies,
        optional,
        development,
        licence=project.licence,
        description=project.description,
        supplier=project.supplier,
        runnable=project.runnable,
    )
