"""CycloneDX documents that other tools made: checked, and brought into the form that ours have.

The JSON stays what it was, but for this: the version is raised, time and serial number are ours (the tool's are kept as
properties), components without a reference get one, lists that have no order are sorted, and properties with our
prefix lose it, so that no document can say of itself what only we say.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from counterseal import plain_file
from counterseal.adapters.sbom.checkout import MAX_BYTES
from counterseal.adapters.sbom.documents import form, references, tools, uniting, versions
from counterseal.errors import FormatError
from counterseal.formats import wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from counterseal.model import Subject

#: What properties with our prefix get in front.
_FOREIGN: Final = "foreign:"


@dataclass(frozen=True, slots=True)
class Foreign:
    """A document of another tool: its JSON, without serial number, and what is to be said of it at the root."""

    content: dict[str, Any]
    facts: tuple[tuple[str, str], ...]


def read(path: Path, *, epoch: int) -> Foreign:
    """Return the document in a file.

    Args:
        path: CycloneDX JSON, 1.2 to 1.7.
        epoch: Seconds since 1970 of the timestamp.

    Raises:
        UsageError: It is no such file.
        FormatError: It is malformed, does not fit the schema, or its references do not lead to one thing each.
    """
    data, place = plain_file.read(path.absolute(), max_bytes=MAX_BYTES), path.name
    content = wire.load_json(data, place, max_bytes=MAX_BYTES)
    version = versions.check(content, place)
    if not wire.exact(content):
        raise FormatError(f"{place}: it has an integer beyond 2^53", why="canonical JSON cannot carry it (RFC 8785)")
    said = [("from", tools.origin(content.get("metadata", {}))), *_facts(content)]
    _renamed(content)
    versions.raised(content, version, place)
    metadata = content.setdefault("metadata", {})
    _root_once(content)
    _referred(content)
    if problem := next(references.loose_ends(content), None):
        raise FormatError(
            f"{place}: {problem}",
            why="a document has to be whole, so that its graph can be followed",
            fix="make it again with a newer version of the tool, or report it to its makers",
        )
    content.setdefault("version", 1)
    content.setdefault("components", [])
    content.setdefault("dependencies", [])
    form.in_order(content)
    content.pop("serialNumber", None)
    metadata["timestamp"] = datetime.fromtimestamp(epoch, UTC).isoformat()
    tools.added(metadata, form.OURSELVES)
    return Foreign(content, tuple(said))


def add_root(content: dict[str, Any], artifacts: Sequence[Subject]) -> None:
    """Give a document that names no root one, called after the only artifact, else `workspace`."""
    if "component" not in content["metadata"]:
        name = artifacts[0].name if len(artifacts) == 1 else "workspace"
        ref = references.Unused(references.defined(content)).like("part:.")
        content["metadata"]["component"] = {"type": "application", "bom-ref": ref, "name": name}


def _facts(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is replaced; a signature over the document would not fit any more, and is kept as text."""
    if "serialNumber" in content:
        yield "from:serial-number", content["serialNumber"]
    if "timestamp" in content.get("metadata", {}):
        yield "from:timestamp", content["metadata"]["timestamp"]
    if "signature" in content:
        yield "from:signature", wire.canonical(content.pop("signature")).decode()


def _renamed(content: dict[str, Any]) -> None:
    """Put something in front of names of properties that begin like ours."""
    ours = f"{form.PROPERTY}:"
    for node in references.nodes(content):
        properties = node.get("properties")
        for entry in properties if isinstance(properties, list) else ():
            if isinstance(entry, dict) and str(entry.get("name", "")).strip().casefold().startswith(ours):
                entry["name"] = f"{_FOREIGN}{entry['name']}"


def _root_once(content: dict[str, Any]) -> None:
    """Let the root stand once: cdxgen lists a crate among its own components, too."""
    root = content["metadata"].get("component")
    if root is None or "purl" not in root:
        return
    same = [(component.get("purl"), component.get("bom-ref")) for component in content.get("components", ())]
    twins = [number for number, named in enumerate(same) if named == (root["purl"], root.get("bom-ref"))]
    if len(twins) == 1:
        uniting.add_component(root, content["components"].pop(twins[0]))


def _referred(content: dict[str, Any]) -> None:
    """Give every component a reference: its purl, or name and version, numbered where several would have one.

    An artifact's reference is ours; a document that has such a one (as ours of another project) gets another.
    """
    unused = references.Unused(references.defined(content))
    nameless: list[tuple[str, dict[str, Any]]] = []
    clashing: dict[str, str] = {}
    for component in form.components(content):
        if "bom-ref" not in component:
            nameless.append((_reference(component), component))
        elif form.is_artifact(component):
            clashing[component["bom-ref"]] = unused.like(f"{_FOREIGN}{component['bom-ref']}")
    twins = Counter(ref for ref, _ in nameless)
    # Twins are numbered by their content, not by the order in which they stand.
    for ref, component in sorted(nameless, key=lambda pair: (pair[0], _bytes(pair[1]) if twins[pair[0]] > 1 else b"")):
        component["bom-ref"] = unused.like(ref)
    if clashing:
        whole = references.renamed(content, clashing)
        content.clear()
        content.update(whole)


def _bytes(component: dict[str, Any]) -> bytes:
    return wire.canonical(component)


def _reference(component: dict[str, Any]) -> str:
    if purl := component.get("purl"):
        return str(purl)
    name = "/".join(component[member] for member in ("group", "name") if component.get(member))
    return f"{component['type']}:{name}@{component.get('version', '')}".removesuffix("@")
