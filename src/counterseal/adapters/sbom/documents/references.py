"""The references of a CycloneDX document: what has one (`bom-ref`), and where one stands for something.

Source: the members of type `refType`, `refLinkType` and `bomLinkElementType` in the JSON schemas 1.2 to 1.7.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: Members whose text, or whose list of texts, are references.
_LINKS: Final = frozenset({
    "algorithm", "algorithmRef", "algorithms", "assemblies", "assessor", "asserter", "attributedTo", "claims",
    "counterClaims", "counterEvidence", "cryptoRefArray", "dependencies", "dependsOn", "destination", "evidence",
    "members", "mitigationStrategies", "parent", "patentRefs", "process", "provides", "ref", "requirement",
    "requirements", "signatureAlgorithmRef", "source", "subjectPublicKeyRef", "subjects", "target", "tools",
    "vulnerabilities",
})  # fmt: skip
_ELSEWHERE: Final = "urn:cdx:"  # a BOM-Link: a part of a document, mostly another one


def nodes(content: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a document."""
    waiting = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def defined(content: Any) -> Counter[str]:
    """Return how often each reference is given to something."""
    return Counter(node["bom-ref"] for node in nodes(content) if isinstance(node.get("bom-ref"), str))


def distinct(content: Mapping[str, Any]) -> Counter[str]:
    """Return how often each reference is given to something that the document is about.

    The tools that made it are not: cdxgen gives itself one reference as tool and as annotator.
    """
    annotations = [{**annotation, "annotator": None} for annotation in content.get("annotations", ())]
    return defined({**content, "metadata": content["metadata"].get("component"), "annotations": annotations})


def loose_ends(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield which references stand for two things, and which edges, compositions and the like lead to nothing."""
    for ref in sorted(ref for ref, count in distinct(content).items() if count > 1):
        yield f"{ref} appears twice"
    refs = defined(content)
    for ref in sorted({ref for ref in _used(content) if ref not in refs and not ref.startswith(_ELSEWHERE)}):
        yield f"edges lead to {ref}, which is nothing"


def _used(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield the references of edges, compositions, annotations and vulnerabilities."""
    for edge in content.get("dependencies", ()):
        yield edge["ref"]
        yield from (*edge.get("dependsOn", ()), *edge.get("provides", ()))
    for composition in content.get("compositions", ()):
        for member in ("assemblies", "dependencies", "vulnerabilities"):
            yield from composition.get(member, ())
    for annotation in content.get("annotations", ()):
        # cdxgen annotates a document by its serial number, which is another one afterwards.
        yield from (subject for subject in annotation.get("subjects", ()) if not subject.startswith("urn:uuid:"))
    for vulnerability in content.get("vulnerabilities", ()):
        yield from (affected["ref"] for affected in vulnerability.get("affects", ()))


def renamed(value: Any, refs: Mapping[str, str], member: str = "") -> Any:
    """Return a document with other references, at what they are given to and wherever they stand for it.

    Args:
        value: The document, or a part of it.
        refs: The new references, by the old ones.
        member: The name under which the part stands.
    """
    if isinstance(value, dict):
        return {name: renamed(part, refs, name) for name, part in value.items()}
    if isinstance(value, list):
        return [renamed(part, refs, member) for part in value]
    return refs.get(value, value) if isinstance(value, str) and (member == "bom-ref" or member in _LINKS) else value


class Unused:
    """Gives references that nothing has: the one wished for, or with `#2`, `#3` and so on.

    Args:
        taken: Those that something has.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._last: Counter[str] = Counter()

    def like(self, ref: str) -> str:
        """Return a reference, which is taken from then on."""
        free = ref
        while free in self._taken:
            self._last[ref] += 1
            free = f"{ref}#{self._last[ref] + 1}"
        self._taken.add(free)
        return free
