"""Tables of `pyproject.toml` → the names of what a project needs, by extra and group.

Sources: PEP 621 `[project]`, PEP 735 `[dependency-groups]`, and the tables of poetry and pdm from before these.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from counterseal.adapters.sbom.locks.python.requirement import requirement
from counterseal.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from counterseal.adapters.sbom.reading import Table


@dataclass(slots=True)
class Declared:
    """What a project needs, as names (PEP 503).

    Attributes:
        direct: Its dependencies; None: dynamic.
        extras: The dependencies of each extra; None: dynamic.
        groups: Those of its developers, all groups together.
        conditional: Names that are needed under some marker only, and may be missing in a lock.
    """

    direct: set[str] | None = None
    extras: dict[str, set[str]] | None = None
    groups: set[str] = field(default_factory=set)
    conditional: set[str] = field(default_factory=set)


def declared(document: Table) -> Declared:
    """Return what a pyproject.toml says a project needs.

    Raises:
        FormatError: A dependency is malformed.
    """
    project, tool = document.table("project"), document.table("tool")
    dynamic = project.texts("dynamic")
    needs = Declared()
    if "dependencies" not in dynamic:
        needs.direct = _names(project.texts("dependencies"), document.place, needs.conditional)
    if "optional-dependencies" not in dynamic:
        extras = project.table("optional-dependencies")
        needs.extras = {
            canonicalize_name(extra): _names(extras.texts(extra), document.place, needs.conditional)
            for extra in extras.data
        }
    _groups(document, tool.table("pdm").table("dev-dependencies"), needs)
    _poetry(project, tool.table("poetry"), needs)
    return needs


def _names(requirements: Iterable[str], place: str, conditional: set[str]) -> set[str]:
    names: set[str] = set()
    for text in requirements:
        asked = requirement(text, f"{place}: a dependency")
        name = canonicalize_name(asked.name)
        names.add(name)
        if asked.marker is not None:
            conditional.add(name)
    return names


def _groups(document: Table, pdm: Table, needs: Declared) -> None:
    """Add the names in `[dependency-groups]`, whose members may be tables, and in `[tool.pdm.dev-dependencies]`."""
    groups = document.table("dependency-groups")
    for name in groups.data:
        values = groups.data[name]
        if not isinstance(values, list):
            raise FormatError(f"{groups.place}: `{name[:80]}` is not a list", fix="write it as PEP 735 says")
        texts = [value for value in values if isinstance(value, str)]
        needs.groups |= _names(texts, groups.place, needs.conditional)
    for name in pdm.data:
        # `-e file:///${PROJECT_ROOT}/lib#egg=lib` names no requirement; what it is says the lock.
        texts = [text for text in pdm.texts(name) if not text.startswith("-")]
        needs.groups |= _names(texts, pdm.place, needs.conditional)


def _poetry(project: Table, poetry: Table, needs: Declared) -> None:
    """Add the names in `[tool.poetry]`; its dependencies count where `[project]` has none."""
    if "dependencies" not in project.data and poetry.data:
        needs.direct = needs.direct if needs.direct is not None else set()
        optional = set()
        for name, entry in _constraints(poetry.table("dependencies")):
            _conditions(name, entry, needs.conditional)
            if all(one.get("optional") is True for one in entry):
                optional.add(name)
            else:
                needs.direct.add(name)
        needs.extras = (needs.extras or {}) | ({"": optional} if optional else {})
    groups = poetry.table("group")
    for table in (
        poetry.table("dev-dependencies"),
        *(groups.table(name).table("dependencies") for name in groups.data),
    ):
        for name, entry in _constraints(table):
            _conditions(name, entry, needs.conditional)
            needs.groups.add(name)


def _constraints(table: Table) -> Iterator[tuple[str, list[dict[str, object]]]]:
    """Yield name and tables of each dependency of poetry, which is a text, a table, or a list of tables."""
    for name, value in table.data.items():
        if name != "python":
            yield canonicalize_name(name), [one for one in _listed(value) if isinstance(one, dict)] or [{}]


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _conditions(name: str, entry: list[dict[str, object]], conditional: set[str]) -> None:
    if any({"python", "markers", "platform"} & one.keys() for one in entry):
        conditional.add(name)
