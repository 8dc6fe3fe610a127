"""Lock → CycloneDX 1.6 JSON, always the same bytes for the same content, checked against the schema."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.contact import OrganizationalEntity
from cyclonedx.model.lifecycle import LifecyclePhase, PredefinedLifecycle
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema.schema import SchemaVersion1Dot6

from counterseal import __version__
from counterseal.adapters.sbom import licences, schema
from counterseal.adapters.sbom.records import Origin, Scope
from counterseal.errors import CountersealError
from counterseal.formats import digests, wire
from counterseal.model import SbomDocument

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packageurl import PackageURL

    from counterseal.adapters.sbom.descriptions.description import Description
    from counterseal.adapters.sbom.records import Distribution, Lock, Package, Part
    from counterseal.model import Subject

PROPERTY: Final = "counterseal"
_ALGORITHMS: Final = {
    "md5": HashAlgorithm.MD5,
    "sha1": HashAlgorithm.SHA_1,
    "sha256": HashAlgorithm.SHA_256,
    "sha384": HashAlgorithm.SHA_384,
    "sha512": HashAlgorithm.SHA_512,
    "blake2b": HashAlgorithm.BLAKE2B_512,
}
#: Names serial numbers, so that equal content has an equal one (RFC 9562 section 5.5).
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "https://counterseal.dev/sbom/v1")


def write(
    lock: Lock,
    subjects: Sequence[Subject],
    *,
    descriptions: Mapping[str, Description],
    facts: Sequence[tuple[str, str]],
    epoch: int,
) -> SbomDocument:
    """Return the document, its bytes as canonical JSON (RFC 8785).

    The library writes the head and each component for itself: it compares all components of a document with each
    other, and all edges (CycloneDX/cyclonedx-python-lib#1006), which for 10,000 components takes minutes.

    Args:
        lock: The root component and everything that it needs, with scopes.
        subjects: The artifacts, which become components of type `file`.
        descriptions: What packages say of themselves, by key.
        facts: Properties of the root component, their names without our prefix.
        epoch: Seconds since 1970 of the timestamp.

    Raises:
        CountersealError: The document does not fit the schema; a defect of ours.
    """
    root = _part(lock.root, [_property(name, value) for name, value in facts])
    root.components = [_part(part, [_property("path", part.path)]) for part in lock.parts]
    content = _head(root, epoch)
    packages = sorted(lock.packages, key=lambda package: package.key)
    components = chain(
        map(_artifact, subjects), (_component(package, descriptions.get(package.key)) for package in packages)
    )
    content["components"] = [_written(component) for component in components]
    content["dependencies"] = sorted(_edges(lock, subjects), key=lambda edge: str(edge["ref"]))
    content["compositions"] = [
        {"aggregate": "complete" if lock.has_edges else "unknown", "dependencies": [lock.root.key]}
    ]
    return finished(content)


def finished(content: dict[str, Any]) -> SbomDocument:
    """Return a document with the serial number of its content, checked.

    Raises:
        CountersealError: It does not fit the schema, or a reference leads nowhere.
    """
    content.pop("serialNumber", None)
    content["serialNumber"] = uuid.uuid5(_NAMESPACE, digests.sha256(wire.canonical(content))).urn
    problem = next(_loose_ends(content), None) or schema.problem(content)
    if problem:
        raise CountersealError(
            "the SBOM is not valid CycloneDX 1.6", why=problem, fix="this is a defect: please report it"
        )
    return SbomDocument(wire.canonical(content), content)


def _head(root: Component, epoch: int) -> dict[str, Any]:
    bom = Bom(
        metadata=BomMetaData(
            component=root,
            timestamp=datetime.fromtimestamp(epoch, UTC),
            lifecycles=[PredefinedLifecycle(LifecyclePhase.BUILD)],
            tools=ToolRepository(components=[_ourselves()]),
        )
    )
    content: dict[str, Any] = json.loads(JsonV1Dot6(bom).output_as_string())
    return content


def _written(component: Component) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(component.as_json(view_=SchemaVersion1Dot6))  # type: ignore[attr-defined]
    return content


def _edges(lock: Lock, subjects: Iterable[Subject]) -> Iterable[dict[str, Any]]:
    for part in (lock.root, *lock.parts):
        yield _edge(part.key, {*part.dependencies, *part.optional, *part.development})
    for package in lock.packages:
        yield _edge(package.key, {*package.dependencies, *package.optional})
    for subject in subjects:
        yield _edge(_file_key(subject), set())


def _edge(ref: str, needs: set[str]) -> dict[str, Any]:
    needs.discard(ref)
    return {"ref": ref, "dependsOn": sorted(needs)} if needs else {"ref": ref}


def _part(part: Part, properties: Sequence[Property]) -> Component:
    group, name = _group_and_name(part.name, part.purl)
    return Component(
        type=ComponentType.APPLICATION if part.runnable else ComponentType.LIBRARY,
        group=group,
        name=name,
        version=part.version,
        purl=part.purl,
        bom_ref=part.key,
        description=part.description,
        licenses=licences.declared((part.licence,) if part.licence else ()),
        properties=properties,
    )


def _ourselves() -> Component:
    return Component(type=ComponentType.APPLICATION, name="counterseal", version=__version__)


def _file_key(artifact: Subject) -> str:
    return f"file:{artifact.name}"


def _artifact(artifact: Subject) -> Component:
    return Component(
        type=ComponentType.FILE,
        name=artifact.name,
        bom_ref=_file_key(artifact),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=artifact.digest)],
    )


def _component(package: Package, description: Description | None) -> Component:
    notes = [] if package.origin is Origin.REGISTRY else [("source", str(package.origin))]
    notes += [("marker", marker) for marker in package.markers]
    notes += package.notes
    notes += [("described-by", description.place)] if description else []
    group, name = _group_and_name(package.name, package.purl)
    return Component(
        type=ComponentType.LIBRARY,
        group=group,
        name=name,
        version=package.version,
        purl=package.purl,
        bom_ref=package.key,
        scope=ComponentScope(package.scope or Scope.REQUIRED),
        # Digests of a component are those of its only file; of several files each reference has its own.
        hashes=_hashes(package.files[0].hashes) if len(package.files) == 1 else [],
        licenses=licences.declared(description.licences if description else ()),
        supplier=OrganizationalEntity(name=description.supplier) if description and description.supplier else None,
        external_references=[*_references(package, description)],
        properties=[_property(name, value) for name, value in notes],
    )


def _group_and_name(name: str, purl: PackageURL | None) -> tuple[str | None, str]:
    """Return what CycloneDX has apart (1.6, `component.group`): npm's scope or Maven's group, None if none."""
    if purl is not None and purl.type == "maven":
        return purl.namespace, name.removeprefix(f"{purl.namespace}:")
    if purl is not None and purl.type == "npm" and name.startswith("@") and "/" in name:
        scope, _, rest = name.partition("/")
        return scope, rest
    return None, name


def _references(package: Package, description: Description | None) -> Iterable[ExternalReference]:
    source = package.location if package.revision else description.source if description else None
    if source:
        yield ExternalReference(type=ExternalReferenceType.VCS, url=XsUri(source))
    for file in package.files:
        yield ExternalReference(
            type=ExternalReferenceType.DISTRIBUTION, url=XsUri(_address(file, package)), hashes=_hashes(file.hashes)
        )


def _address(file: Distribution, package: Package) -> str:
    """Return the address of a file; of one without, its name, so that its digest has a place to stand."""
    return file.url or quote(file.name or package.key, safe="")


def _hashes(hashes: Iterable[tuple[str, str]]) -> list[HashType]:
    return [HashType(alg=_ALGORITHMS[algorithm], content=digest) for algorithm, digest in hashes]


def _property(name: str, value: str) -> Property:
    return Property(name=f"{PROPERTY}:{name}", value=value)


def _loose_ends(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield which references stand for two components, and which lead to none."""
    root = content["metadata"]["component"]
    refs = Counter(
        component["bom-ref"] for component in (root, *root.get("components", ()), *content.get("components", ()))
    )
    for ref in sorted(ref for ref, count in refs.items() if count > 1):
        yield f"{ref} stands there twice"
    used = {ref for edge in content["dependencies"] for ref in (edge["ref"], *edge.get("dependsOn", ()))}
    for ref in sorted(used - refs.keys()):
        yield f"edges lead to {ref}, which is nothing"
