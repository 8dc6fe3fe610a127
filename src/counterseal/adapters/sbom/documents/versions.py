"""Documents of older versions of CycloneDX as 1.6, those of 1.7 as they are; nothing that they had is lost.

What fits 1.7 alone (as licences beside an expression, which 1.2 to 1.4 took, and 1.5 and 1.6 do not) becomes 1.7.
Members that nobody knows, which 1.2 and 1.3 took, become properties of the nearest thing that can have some.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from counterseal.adapters.sbom import schema
from counterseal.errors import FormatError, UsageError
from counterseal.formats import wire

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSIONS: Final = ("1.2", "1.3", "1.4", "1.5", "1.6", "1.7")
_WRITTEN: Final = ("1.6", "1.7")
_EXTENSIBLE: Final = ("1.2", "1.3")
EXTENSION: Final = "counterseal:from:extension"


def check(content: Any, place: str) -> str:
    """Return the version of a document that fits its schema.

    Raises:
        UsageError: It is no CycloneDX, or of a version that is not read.
        FormatError: It does not fit.
    """
    if not isinstance(content, dict) or content.get("bomFormat") != "CycloneDX":
        raise UsageError(
            f"{place} is not a CycloneDX document in JSON",
            why="it has no `bomFormat: CycloneDX`",
            fix="let the tool write CycloneDX as JSON (syft: -o cyclonedx-json, trivy: --format cyclonedx)",
        )
    version = content.get("specVersion")
    if version not in VERSIONS:
        raise UsageError(
            f"{place} is CycloneDX {str(version)[:20]!r}",
            why=f"read are {', '.join(VERSIONS)}",
            fix="let the tool write one of them",
        )
    if problem := schema.problem(content, version, masked=True):
        raise FormatError(
            f"{place} is not valid CycloneDX {version}", why=problem, fix="report it to the tool's makers"
        )
    return str(version)


def raised(content: dict[str, Any], version: str, place: str) -> None:
    """Make a document one of 1.6 or 1.7.

    Raises:
        FormatError: It fits neither.
    """
    if version in _EXTENSIBLE:
        for path, names in schema.unexpected(content, _WRITTEN[0]):
            _kept(content, path, names)
    problem: str | None = None
    for target in _WRITTEN[_WRITTEN.index(version) :] if version in _WRITTEN else _WRITTEN:
        written(content, target)
        first = schema.problem(content, target, masked=True)
        if first is None:
            return
        problem = problem or first
    raise FormatError(
        f"{place} is CycloneDX {version}, and cannot be read as {_WRITTEN[0]}",
        why=problem or "",
        fix="let the tool write a newer version",
    )


def written(content: dict[str, Any], version: str) -> None:
    """Make a document say that it is of a version."""
    content["specVersion"] = version
    content["$schema"] = f"http://cyclonedx.org/schema/bom-{version}.schema.json"


def _kept(content: dict[str, Any], path: Sequence[str | int], names: Sequence[str]) -> None:
    """Move members of the object at a path to the properties of the nearest component or service, or the document."""
    place: Any = content
    owner, within = content, 0
    for depth, step in enumerate(path, start=1):
        place = place[step]
        if (
            isinstance(place, dict)
            and "name" in place
            and path[depth - 2 : depth - 1] in (["components"], ["services"])
        ):
            owner, within = place, depth
    for name in sorted(names):
        value = {"at": "/".join(map(str, [*path[within:], name])), "value": place.pop(name)}
        owner.setdefault("properties", []).append({"name": EXTENSION, "value": wire.canonical(value).decode()})
