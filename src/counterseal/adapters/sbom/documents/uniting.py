"""Several CycloneDX documents → one: the first one's root, equal components once, edges united, conflicts kept.

Components are equal if purl and version are; those without purl stay apart. What two documents say differently of one
thing is what the first says, and a property `counterseal:conflict` of it has what the other says.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from counterseal.adapters.sbom.documents import form, references, tools, versions
from counterseal.formats import wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Json = dict[str, Any]

_OWN: Final = ("$schema", "bomFormat", "specVersion", "version", "metadata", "components", "dependencies")


def united(contents: Sequence[Json]) -> Json:
    """Return one document; the first, which has a root, may change.

    Args:
        contents: At least one; every component with a reference, every reference given to one thing.
    """
    first, *others = contents
    for other in others:
        _add(first, other)
    return first


def _add(one: Json, other: Json) -> None:
    refs = _references(one, other)
    other = references.renamed(other, refs) if refs else other
    versions.written(one, max(one["specVersion"], other["specVersion"]))
    known = {component["bom-ref"]: component for component in _first_level(one)}
    _add_metadata(one["metadata"], other["metadata"], known)
    for component in other["components"]:
        if component["bom-ref"] in known:
            add_component(known[component["bom-ref"]], component)
        else:
            one["components"].append(component)
    one["components"].sort(key=lambda component: str(component["bom-ref"]))
    one["dependencies"] = form.edges((*one["dependencies"], *other["dependencies"]))
    rest = {member: value for member, value in other.items() if member not in _OWN}
    _tell(one["metadata"]["component"], _merge(one, rest))


# --- which is which ------------------------------------------------------------------------------


def _references(one: Json, other: Json) -> dict[str, str]:
    """Return the new references of the other document: of equal components, and where one stands for two things."""
    refs: dict[str, str] = {}
    root, other_root = one["metadata"]["component"], other["metadata"].get("component")
    if other_root is not None and _name(root) == _name(other_root):
        refs[other_root["bom-ref"]] = root["bom-ref"]
    equal: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for component in _first_level(one):
        if component is not root or not refs:
            equal[_identity(component)].append(component["bom-ref"])
    for refs_of_one in equal.values():
        refs_of_one.reverse()
    for component in (*([other_root] if other_root is not None else ()), *other["components"]):
        ref, key = component["bom-ref"], _identity(component)
        if key[0] and ref not in refs and equal.get(key):
            refs[ref] = equal[key].pop()  # the second of a document is the second of the other
    given, others = references.distinct(one), references.distinct(other)
    unused = references.Unused((*references.defined(one), *references.defined(other)))
    for ref in sorted(others.keys() & given.keys() - refs.keys()):
        refs[ref] = unused.like(ref)
    return {old: new for old, new in refs.items() if old != new}


def _first_level(content: Json) -> Iterator[Json]:
    """Yield the root, its parts, and the components."""
    root = content["metadata"].get("component")
    if root is not None:
        yield root
        yield from root.get("components", ())
    yield from content["components"]


def _identity(component: Json) -> tuple[str, str]:
    """Return purl and version; without a purl nothing equals it."""
    return component.get("purl", ""), component.get("version", "")


def _name(root: Json) -> tuple[str, ...]:
    """Return what has to be equal for two roots to be one."""
    return root.get("purl") or f"{root.get('group', '')}/{root['name']}", root.get("version", "")


# --- what they say -------------------------------------------------------------------------------


def _add_metadata(one: Json, other: Json, known: dict[str, Json]) -> None:
    """Add what another document says of itself; its root is ours, or a component that we know, or a part of ours."""
    root = other.get("component")
    if root is not None and root["bom-ref"] in known:
        add_component(known[root["bom-ref"]], root)
    elif root is not None:
        one["component"].setdefault("components", []).append(root)
    if "tools" in one or "tools" in other:
        one["tools"] = tools.united(one.get("tools"), other.get("tools"))
    rest = {member: value for member, value in other.items() if member not in ("component", "tools", "timestamp")}
    differing = _merge(one, rest)
    _tell(one["component"], {"metadata": differing} if differing else {})


def add_component(one: Json, other: Json) -> None:
    """Add to a component what another document, or place of a document, says of it."""
    _tell(one, _merge(one, {member: value for member, value in other.items() if member != "bom-ref"}))


def _merge(one: Json, other: Json) -> Json:
    """Add what is missing, unite lists, and return what differs; licences are no list of which each may be left."""
    differing: Json = {}
    for member, value in other.items():
        known: Any = one.setdefault(member, value)
        if known == value:
            continue
        if isinstance(known, list) and isinstance(value, list) and member != "licenses":
            one[member] = _together(known, value)
        elif member in ("declarations", "definitions"):
            differing |= {f"{member}/{part}": left for part, left in _merge(known, value).items()}
        else:
            differing[member] = value
    return differing


def _together(one: Sequence[Any], other: Iterable[Any]) -> list[Any]:
    known = {_spelled(entry) for entry in one}
    return [*one, *(entry for entry in other if _spelled(entry) not in known)]


def _spelled(entry: Any) -> str:
    return json.dumps(entry, sort_keys=True)


def _tell(component: Json, differing: Json) -> None:
    if differing:
        form.add_facts(component, [("conflict", wire.canonical(differing).decode())])
