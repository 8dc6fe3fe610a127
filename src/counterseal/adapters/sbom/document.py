"""Lock → CycloneDX 1.6 JSON, always the same bytes for the same content, checked against the schema."""

from __future__ import annotations

import json
from datetime import UTC, datetime
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
from counterseal.adapters.sbom import licences
from counterseal.adapters.sbom.documents import form
from counterseal.adapters.sbom.records import Origin, Scope
from counterseal.ports import Tell, silent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packageurl import PackageURL

    from counterseal.adapters.sbom.descriptions.description import Description
    from counterseal.adapters.sbom.records import Distribution, Lock, Package, Part

#: Components between two words of how far it is.
_STEP: Final = 100
_ALGORITHMS: Final = {
    "md5": HashAlgorithm.MD5,
    "sha1": HashAlgorithm.SHA_1,
    "sha256": HashAlgorithm.SHA_256,
    "sha384": HashAlgorithm.SHA_384,
    "sha512": HashAlgorithm.SHA_512,
    "blake2b": HashAlgorithm.BLAKE2B_512,
}


def of_lock(lock: Lock, *, descriptions: Mapping[str, Description], epoch: int, tell: Tell = silent) -> dict[str, Any]:
    """Return the document of a lock, not yet with artifacts and a serial number.

    The library writes the head and each component for itself: it compares all components of a document with each
    other, and all edges (CycloneDX/cyclonedx-python-lib#1006), which for 10,000 components takes minutes.

    Args:
        lock: The root component and everything that it needs, with scopes.
        descriptions: What packages say of themselves, by key.
        epoch: Seconds since 1970 of the timestamp.
        tell: Told how many components are written.
    """
    root = _part(lock.root, [])
    root.components = [_part(part, [_property("path", part.path)]) for part in lock.parts]
    content = _head(root, epoch)
    content["components"] = list(_components(lock.packages, descriptions, tell))
    content["dependencies"] = form.edges(_edges(lock))
    content["compositions"] = [
        {"aggregate": "complete" if lock.has_edges else "unknown", "dependencies": [lock.root.key]}
    ]
    return content


def _components(
    packages: Sequence[Package], descriptions: Mapping[str, Description], tell: Tell
) -> Iterator[dict[str, Any]]:
    for number, package in enumerate(sorted(packages, key=lambda package: package.key)):
        if number % _STEP == 0:
            tell("writing components", number, len(packages))
        yield _written(_component(package, descriptions.get(package.key)))


def _head(root: Component, epoch: int) -> dict[str, Any]:
    bom = Bom(
        metadata=BomMetaData(
            component=root,
            timestamp=datetime.fromtimestamp(epoch, UTC),
            lifecycles=[PredefinedLifecycle(LifecyclePhase.BUILD)],
            tools=ToolRepository(
                components=[Component(type=ComponentType.APPLICATION, name="counterseal", version=__version__)]
            ),
        )
    )
    content: dict[str, Any] = json.loads(JsonV1Dot6(bom).output_as_string())
    return content


def _written(component: Component) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(component.as_json(view_=SchemaVersion1Dot6))  # type: ignore[attr-defined]
    return content


def _edges(lock: Lock) -> Iterable[dict[str, Any]]:
    for part in (lock.root, *lock.parts):
        yield _edge(part.key, {*part.dependencies, *part.optional, *part.development})
    for package in lock.packages:
        yield _edge(package.key, {*package.dependencies, *package.optional})


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
        supplier=_supplier(part.supplier),
        properties=properties,
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
        supplier=_supplier(description.supplier if description else None),
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


def _supplier(name: str | None) -> OrganizationalEntity | None:
    return OrganizationalEntity(name=name) if name else None


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
    return Property(name=f"{form.PROPERTY}:{name}", value=value)
