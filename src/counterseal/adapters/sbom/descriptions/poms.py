"""POM of Maven → what it says of a package. Pure: it sees bytes, never a file.

A bare parser: no document type, hence no entities, and bounds on depth and number. Source: Maven, "POM Reference",
POM 4.0.0; prefixes of namespaces are passed over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_DEPTH: Final = 64
#: Values of one name, and letters of one value.
MAX_VALUES: Final = 100
MAX_TEXT: Final = 2000
_LICENCE: Final = "project/licenses/license"
_DEVELOPER: Final = "project/developers/developer"
_READ: Final = frozenset({
    *(f"project/{name}" for name in ("groupId", "artifactId", "version", "organization/name")),
    *(f"project/parent/{name}" for name in ("groupId", "artifactId", "version")),
    *(f"project/scm/{name}" for name in ("url", "connection", "developerConnection")),
    *(f"{_LICENCE}/{name}" for name in ("name", "url")),
    *(f"{_DEVELOPER}/{name}" for name in ("name", "organization")),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pom:
    """What a POM says. What it does not say is empty; what has `${…}` in it is not said.

    Attributes:
        group: Its own, or its parent's.
        artifact: Its name.
        version: Its own, or its parent's.
        parent: Group, artifact and version of the POM that it inherits from.
        licences: (name, address) of each.
        organisation: Who publishes it.
        developers: Their names, or of whom they are.
        sources: Addresses of its repository, the best first.
    """

    group: str
    artifact: str
    version: str
    parent: tuple[str, str, str] | None
    licences: Sequence[tuple[str, str]]
    organisation: str
    developers: Sequence[str]
    sources: Sequence[str]


@dataclass(slots=True)
class _Reader:
    path: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    values: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    licences: list[dict[str, str]] = field(default_factory=list)

    def start(self, tag: str, _: Mapping[str, str]) -> None:
        self.path.append(tag.rpartition(":")[2])
        if len(self.path) > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH}")
        self.text = []
        if "/".join(self.path) == _LICENCE and len(self.licences) < MAX_VALUES:
            self.licences.append({})

    def data(self, text: str) -> None:
        if len(self.text) < MAX_VALUES:
            self.text.append(text[:MAX_TEXT])

    def end(self, _: str) -> None:
        name = "/".join(self.path)
        value = " ".join("".join(self.text).split())[:MAX_TEXT]
        if name in _READ and value and len(self.values[name]) < MAX_VALUES:
            value = "" if "${" in value else value
            self.values[name].append(value)
            if name.startswith(_LICENCE):
                self.licences[-1].setdefault(self.path[-1], value)
        self.path.pop()
        self.text = []

    def first(self, *names: str) -> str:
        return next((self.values[name][0] for name in names if name in self.values), "")


def parse(data: bytes) -> Pom | None:
    """Return what a POM says; None if it is none, or has a document type."""
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.StartDoctypeDeclHandler = _no_doctype
    try:
        parser.Parse(data, True)  # noqa: FBT003 - expat's own signature
    except (expat.ExpatError, ValueError, LookupError):  # an unknown encoding is a LookupError
        return None
    return _pom(reader)


def _pom(reader: _Reader) -> Pom:
    parent = tuple(reader.first(f"project/parent/{name}") for name in ("groupId", "artifactId", "version"))
    return Pom(
        reader.first("project/groupId", "project/parent/groupId"),
        reader.first("project/artifactId"),
        reader.first("project/version", "project/parent/version"),
        (parent[0], parent[1], parent[2]) if all(parent) else None,
        [(licence.get("name", ""), licence.get("url", "")) for licence in reader.licences],
        reader.first("project/organization/name"),
        reader.values.get(f"{_DEVELOPER}/name") or reader.values.get(f"{_DEVELOPER}/organization") or (),
        [
            value
            for name in ("url", "connection", "developerConnection")
            if (value := reader.first(f"project/scm/{name}"))
        ],
    )


def _no_doctype(*_: object) -> NoReturn:
    raise ValueError("it has a document type, which could define entities")
