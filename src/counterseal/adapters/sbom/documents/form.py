"""The form that every document has which we write: facts, artifacts, order, serial number, and that it is whole."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, Final

from counterseal import __version__
from counterseal.adapters.sbom import schema
from counterseal.adapters.sbom.documents import references
from counterseal.errors import CountersealError
from counterseal.formats import digests, wire
from counterseal.model import SbomDocument

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from counterseal.model import Subject

PROPERTY: Final = "counterseal"
#: This program among the tools of a document.
OURSELVES: Final = {"type": "application", "name": "counterseal", "version": __version__}
#: How references of artifacts begin.
_FILE: Final = "file:"
#: Names serial numbers, so that equal content has an equal one (RFC 9562 section 5.5).
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "https://counterseal.dev/sbom/v1")


def add_artifacts(content: dict[str, Any], subjects: Iterable[Subject]) -> None:
    """Add artifacts to a document, before its other components, as components of type `file` with their digests."""
    artifacts = [_artifact(subject) for subject in subjects]
    content["components"] = [*artifacts, *content["components"]]
    content["dependencies"] = edges((*content["dependencies"], *({"ref": one["bom-ref"]} for one in artifacts)))


def is_artifact(component: Mapping[str, Any]) -> bool:
    """Return whether a component is an artifact as we write it."""
    return component.get("type") == "file" and component.get("bom-ref") == f"{_FILE}{component.get('name')}"


def add_facts(component: dict[str, Any], facts: Iterable[tuple[str, str]]) -> None:
    """Add properties to a component, their names without our prefix."""
    properties = [{"name": f"{PROPERTY}:{name}", "value": value} for name, value in facts]
    if properties:
        component["properties"] = [*component.get("properties", ()), *properties]


def components(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the root and all components, nested ones too."""
    root = content.get("metadata", {}).get("component")
    waiting = [*([root] if root else ()), *content.get("components", ())]
    while waiting:
        component = waiting.pop()
        yield component
        waiting += component.get("components", ())


def in_order(content: dict[str, Any]) -> None:
    """Sort components and edges of a document by reference; the edges of one thing become one."""
    for component in (content, *components(content)):
        if "components" in component:
            component["components"] = sorted(component["components"], key=lambda nested: str(nested["bom-ref"]))
    content["dependencies"] = edges(content["dependencies"])


def edges(entries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the edges of a graph by reference, those from one thing together, everything sorted."""
    graph: dict[str, dict[str, set[str]]] = {}
    for entry in entries:
        targets = graph.setdefault(entry["ref"], {})
        for member in entry.keys() - {"ref"}:
            targets.setdefault(member, set()).update(entry[member])
    return [{"ref": ref, **{member: sorted(refs) for member, refs in graph[ref].items()}} for ref in sorted(graph)]


def finished(content: dict[str, Any]) -> SbomDocument:
    """Return a document with the serial number of its content, its bytes as canonical JSON (RFC 8785), checked.

    Raises:
        CountersealError: It does not fit the schema, or a reference leads nowhere.
    """
    content.pop("serialNumber", None)
    # The same bytes as canonical JSON where there are no fractions, in a tenth of the time.
    spelled = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    content["serialNumber"] = uuid.uuid5(_NAMESPACE, digests.sha256(spelled)).urn
    version = content["specVersion"]
    problem = next(references.loose_ends(content), None) or schema.problem(content, version)
    if problem:
        raise CountersealError(
            f"the SBOM is not valid CycloneDX {version}", why=problem, fix="this is a defect: please report it"
        )
    return SbomDocument(wire.canonical(content), content)


def _artifact(subject: Subject) -> dict[str, Any]:
    hashes = [{"alg": "SHA-256", "content": subject.digest}]
    return {"type": "file", "bom-ref": f"{_FILE}{subject.name}", "name": subject.name, "hashes": hashes}
