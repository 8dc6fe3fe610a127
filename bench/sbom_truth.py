"""What a lock file truly holds (`truth.json` of a case), what an SBOM says, and how much of the one is the other."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from tests.unit.adapters.sbom.test_locks import bare
from tests.unit.adapters.sbom.test_locks import known as true_purl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Fact = TypeVar("Fact")
Edge = tuple[str, str]


@dataclass(frozen=True)
class Truth:
    """A lock file by itself, development included.

    Attributes:
        packages: Bare purls.
        digests: (bare purl, digest in hex) of the files of packages.
        edges: Pairs of bare purls; None if the format has none.
        peers: Edges that the lock only names, which are neither right nor wrong.
        members: What lies in the repository itself: bare purls without version, and names for who has no purl.
    """

    packages: frozenset[str]
    digests: frozenset[Edge]
    edges: frozenset[Edge] | None
    peers: frozenset[Edge]
    members: frozenset[str]


@dataclass(frozen=True)
class Said:
    """What an SBOM says: as of `Truth`, without members; and the purls of packages with a licence."""

    packages: frozenset[str]
    digests: frozenset[Edge]
    edges: frozenset[Edge]
    licensed: frozenset[str]


@dataclass(frozen=True)
class Share:
    """How much of the truth is said, and how much of what is said is true; None where there is nothing."""

    recall: float | None
    precision: float | None


def truth(file: Path) -> Truth:
    """Return what a `truth.json` holds."""
    content = json.loads(file.read_bytes())
    edges = content["edges"]
    return Truth(
        packages=frozenset(true_purl(row["purl"]) for row in content["packages"]),
        digests=frozenset(
            (true_purl(row["purl"]), digest)
            for row in content["packages"]
            for digests in row["hashes"].values()
            for digest in digests
        ),
        edges=None if edges is None else frozenset(_pairs(edges)),
        peers=frozenset(_pairs(content.get("peer_edges") or ())),
        members=frozenset(
            name
            for row in content["members"]
            for name in (row["name"], _versionless(true_purl(row["purl"])) if row.get("purl") else row["name"])
        ),
    )


def said(document: Mapping[str, Any], known: Truth) -> Said:
    """Return what a CycloneDX document says; files, and what `known` has as a member, are no packages.

    A component without purl stands for itself by its name, which no truth has among its packages.
    """
    components = [component for component in _components(document) if component.get("type") != "file"]
    names = {component.get("bom-ref", ""): _name(component) for component in components}
    packages = {
        name for name in map(_name, components) if name in known.packages or _versionless(name) not in known.members
    }
    digests: dict[str, set[str]] = defaultdict(set)
    for component in components:
        digests[_name(component)] |= set(_digests(component))
    edges = {
        (names[edge["ref"]], names[to])
        for edge in document.get("dependencies") or ()
        for to in edge.get("dependsOn") or ()
        if edge["ref"] in names and to in names
    }
    return Said(
        packages=frozenset(packages),
        digests=frozenset((name, digest) for name in packages for digest in digests[name]),
        edges=frozenset((one, to) for one, to in edges if one != to and one in packages and to in packages),
        licensed=frozenset(_name(component) for component in components if component.get("licenses")) & packages,
    )


def share(true: frozenset[Fact], said: frozenset[Fact]) -> Share:
    """Return recall and precision."""
    right = len(true & said)
    return Share(right / len(true) if true else None, right / len(said) if said else None)


def edge_share(known: Truth, document: Said) -> Share:
    """Return recall and precision of edges; peers that the lock only names count neither way."""
    if known.edges is None:
        return Share(None, None)
    return share(known.edges, document.edges - (known.peers - known.edges))


def _components(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield all components below the root, nested ones too."""
    root = document.get("metadata", {}).get("component", {})
    waiting = [*(document.get("components") or ()), *(root.get("components") or ())]
    while waiting:
        component = waiting.pop()
        yield component
        waiting += component.get("components") or ()


def _name(component: Mapping[str, Any]) -> str:
    name = "/".join(filter(None, (component.get("group"), component.get("name"))))
    return bare(component.get("purl") or name)


def _digests(component: Mapping[str, Any]) -> Iterator[str]:
    for place in (component, *(component.get("externalReferences") or ())):
        for digest in place.get("hashes") or ():
            yield digest["content"].lower()


def _pairs(edges: Any) -> Iterator[Edge]:
    for one, other in edges:
        yield true_purl(one), true_purl(other)


def _versionless(purl: str) -> str:
    """Return a bare purl without its version (an `@` after the last slash); a name as it is."""
    head, slash, tail = purl.rpartition("/")
    return f"{head}{slash}{tail.partition('@')[0]}" if purl.startswith("pkg:") else purl
