"""How two documents differ: what came, what went, what has other versions or licences, and same versions, other bytes.

Components are matched by their package URL without its version and qualifiers, where they have none by group and name.
One name may be there in several versions: it changed if the versions are not the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.inventory.search import package_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from counterseal.inventory.document import Document, Element


@dataclass(frozen=True, slots=True)
class Package:
    """A component in all versions that a document has of it.

    Attributes:
        name: What people call it, within its group.
        kind: The type of its package URL (`npm`); empty if it has none.
        versions: Sorted; an empty one for a component that has none.
        licences: Sorted, of all versions together.
    """

    name: str
    kind: str
    versions: tuple[str, ...]
    licences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A component that is in both documents, and is not the same in both."""

    before: Package
    after: Package

    @property
    def other_versions(self) -> bool:
        """Return whether it has other versions now."""
        return self.before.versions != self.after.versions

    @property
    def other_licences(self) -> bool:
        """Return whether it has other licences now."""
        return self.before.licences != self.after.licences


@dataclass(frozen=True, slots=True)
class Difference:
    """Sorted by type and name. `replaced` are versions that both have, with other bytes: `name@version`."""

    added: tuple[Package, ...]
    removed: tuple[Package, ...]
    changed: tuple[Change, ...]
    replaced: tuple[str, ...]

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return bool(self.added or self.removed or self.changed or self.replaced)


_Key = tuple[str, str, str]


def compare(old: Document, new: Document) -> Difference:
    """Return how the elements of two documents differ; roots and artifacts of releases always do, and are left out."""
    before, after = _grouped(old.elements), _grouped(new.elements)
    both = sorted(before.keys() & after.keys())
    changes = [Change(_package(key, before[key]), _package(key, after[key])) for key in both]
    return Difference(
        added=tuple(_package(key, after[key]) for key in sorted(after.keys() - before.keys())),
        removed=tuple(_package(key, before[key]) for key in sorted(before.keys() - after.keys())),
        changed=tuple(change for change in changes if change.other_versions or change.other_licences),
        replaced=tuple(label for key in both for label in _replaced(before[key], after[key])),
    )


def _grouped(elements: Iterable[Element]) -> Mapping[_Key, list[Element]]:
    grouped: dict[_Key, list[Element]] = {}
    for element in elements:
        grouped.setdefault(_key(element), []).append(element)
    return grouped


def _key(element: Element) -> _Key:
    purl = package_url(element.purl)
    if purl is None:
        return ("", element.full_name, "")
    return (purl.type, "/".join(filter(None, (purl.namespace, purl.name))), purl.subpath or "")


def _package(key: _Key, elements: Iterable[Element]) -> Package:
    elements = tuple(elements)
    kind, name, inside = key
    return Package(
        name=f"{name}#{inside}" if inside else name,
        kind=kind,
        versions=tuple(sorted({element.version for element in elements})),
        licences=tuple(sorted({licence for element in elements for licence in element.licences})),
    )


def _replaced(before: Iterable[Element], after: Iterable[Element]) -> list[str]:
    """Return the versions of which both documents know digests of one kind, and none is the same."""
    known, labels = _digests(before), []
    for version, digests in _digests(after).items():
        kinds = {kind for kind, _ in digests} & {kind for kind, _ in known.get(version, ())}
        if kinds and not digests & known[version]:
            labels.append(version)
    return sorted(f"{next(iter(after)).full_name}@{version}" for version in labels)


def _digests(elements: Iterable[Element]) -> Mapping[str, set[tuple[str, str]]]:
    digests: dict[str, set[tuple[str, str]]] = {}
    for element in elements:
        digests.setdefault(element.version, set()).update(element.hashes)
    return digests
