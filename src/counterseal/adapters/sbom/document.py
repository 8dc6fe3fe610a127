"""Lock and project → CycloneDX 1.6 JSON, always the same bytes for the same content, checked against the schema."""

from __future__ import annotations

import json
import re
import uuid
import warnings
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.license import DisjunctiveLicense, LicenseAcknowledgement, LicenseExpression
from cyclonedx.model.lifecycle import LifecyclePhase, PredefinedLifecycle
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from jsonschema import Draft7Validator

from counterseal import __version__
from counterseal.adapters.sbom.lockfile import Origin, Package, purl
from counterseal.errors import CountersealError
from counterseal.formats import digests, wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cyclonedx.model.license import License

    from counterseal.adapters.sbom.lockfile import Distribution, Lock
    from counterseal.adapters.sbom.project import Project
    from counterseal.model import Subject

PROPERTY: Final = "counterseal"
_PART: Final = 100
_ALGORITHMS: Final = {
    "sha256": HashAlgorithm.SHA_256,
    "sha384": HashAlgorithm.SHA_384,
    "sha512": HashAlgorithm.SHA_512,
    "blake2b": HashAlgorithm.BLAKE2B_512,
}
#: RFC 3986: a URL with an authority, or a relative path of one part without a colon.
_PCHAR: Final = r"(?:[A-Za-z0-9._~!$&'()*+,;=@-]|%[0-9A-Fa-f]{2})"
_ADDRESS: Final = re.compile(
    rf"(?:(?:https?|ssh)://(?:[A-Za-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]+)?(?:/(?:{_PCHAR}|:)*)*|{_PCHAR}+)\Z"
)
#: Names serial numbers, so that equal content has an equal one (RFC 9562 section 5.5).
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "https://counterseal.dev/sbom/v1")


def write(
    project: Project,
    lock: Lock,
    subjects: Sequence[Subject],
    *,
    licences: Mapping[tuple[str, str], tuple[str, ...]],
    facts: Mapping[str, str],
    epoch: int,
) -> bytes:
    """Return the document as canonical JSON (RFC 8785).

    Args:
        project: The root component.
        lock: Everything that it needs.
        subjects: The artifacts, which become components of type `file`.
        licences: What installed packages say, by name and version.
        facts: Properties of the root component, their names without our prefix.
        epoch: Seconds since 1970 of the timestamp.

    Raises:
        CountersealError: The document does not fit the schema; a defect of ours.
    """
    root = _root(project, facts)
    components = {lock.root: root} | {package.key: _component(package, licences) for package in lock.packages}
    artifacts = [_artifact(subject) for subject in subjects]
    bom = Bom(
        metadata=BomMetaData(
            component=root,
            timestamp=datetime.fromtimestamp(epoch, UTC),
            lifecycles=[PredefinedLifecycle(LifecyclePhase.BUILD)],
            tools=ToolRepository(components=[_ourselves()]),
        ),
        components=[*artifacts, *(components[package.key] for package in lock.packages)],
        dependencies=[*_dependencies(lock, components), *(Dependency(artifact.bom_ref) for artifact in artifacts)],
    )
    with warnings.catch_warnings():
        # A project without dependencies is no incomplete graph.
        warnings.filterwarnings("ignore", "The Component this BOM is describing", UserWarning)
        document: dict[str, Any] = json.loads(JsonV1Dot6(bom).output_as_string())
    document["compositions"] = [
        {"aggregate": "complete" if lock.has_edges else "unknown", "dependencies": [root.bom_ref.value]}
    ]
    del document["serialNumber"]
    document["serialNumber"] = uuid.uuid5(_NAMESPACE, digests.sha256(wire.canonical(document))).urn
    _check(document)
    return wire.canonical(document)


def _dependencies(lock: Lock, components: Mapping[str, Component]) -> Iterable[Dependency]:
    """Return the edges as objects: `Bom.register_dependency` takes time quadratic in their number."""
    leaves = {key: Dependency(component.bom_ref) for key, component in components.items()}
    wanted = {lock.root: lock.direct} | {package.key: package.dependencies for package in lock.packages}
    for key, needs in wanted.items():
        yield Dependency(components[key].bom_ref, [leaves[need] for need in needs])


def _root(project: Project, facts: Mapping[str, str]) -> Component:
    own = purl(project.name, project.version)
    return Component(
        type=ComponentType.APPLICATION if project.runnable else ComponentType.LIBRARY,
        name=project.name,
        version=project.version,
        purl=own,
        bom_ref=f"root:{own.to_string()}",
        description=project.description,
        licenses=_licences((project.licence,) if project.licence else ()),
        properties=[_property(name, value) for name, value in facts.items()],
    )


def _ourselves() -> Component:
    return Component(type=ComponentType.APPLICATION, name="counterseal", version=__version__)


def _artifact(artifact: Subject) -> Component:
    return Component(
        type=ComponentType.FILE,
        name=artifact.name,
        bom_ref=f"file:{artifact.name}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=artifact.digest)],
    )


def _component(package: Package, licences: Mapping[tuple[str, str], tuple[str, ...]]) -> Component:
    origin = [] if package.origin is Origin.REGISTRY else [_property("python:source", package.origin)]
    return Component(
        type=ComponentType.LIBRARY,
        name=package.name,
        version=package.version,
        purl=package.purl,
        bom_ref=package.key,
        scope=ComponentScope(package.scope),
        # Digests of a component are those of its only file; of several files each reference has its own.
        hashes=_hashes(package.files[0].hashes) if len(package.files) == 1 else [],
        licenses=_licences(licences.get((package.name, package.version or ""), ())),
        external_references=[*_references(package)],
        properties=[*origin, *(_property("python:marker", marker) for marker in package.markers)],
    )


def _references(package: Package) -> Iterable[ExternalReference]:
    if package.revision and package.location:
        yield ExternalReference(type=ExternalReferenceType.VCS, url=XsUri(package.location))
    for file in package.files:
        yield ExternalReference(
            type=ExternalReferenceType.DISTRIBUTION, url=XsUri(_address(file, package)), hashes=_hashes(file.hashes)
        )


def _address(file: Distribution, package: Package) -> str:
    """Return the address of a file; of one without, its name, so that its digest has a place to stand."""
    return file.url or quote(file.name or package.key, safe="")


def _hashes(hashes: Iterable[tuple[str, str]]) -> list[HashType]:
    return [HashType(alg=_ALGORITHMS[algorithm], content=digest) for algorithm, digest in hashes]


def _licences(says: Sequence[str]) -> list[License]:
    factory = LicenseFactory()
    if len(says) == 1:
        return [factory.make_from_string(says[0], license_acknowledgement=LicenseAcknowledgement.DECLARED)]
    # Beside each other stand licences by id or name; an expression stands alone (CycloneDX 1.6, licenseChoice).
    licences = [
        factory.make_from_string(text, license_acknowledgement=LicenseAcknowledgement.DECLARED) for text in says
    ]
    return [licence if isinstance(licence, DisjunctiveLicense) else _named(licence) for licence in licences]


def _named(licence: License) -> DisjunctiveLicense:
    text = licence.value if isinstance(licence, LicenseExpression) else str(licence)
    return DisjunctiveLicense(name=text, acknowledgement=LicenseAcknowledgement.DECLARED)


def _property(name: str, value: str) -> Property:
    return Property(name=f"{PROPERTY}:{name}", value=value)


def _is_address(value: object) -> bool:
    """Return whether an address is RFC 3986; it stands in for jsonschema's own check, which takes 0.1 s for each."""
    return not isinstance(value, str) or _ADDRESS.match(value) is not None


Draft7Validator.FORMAT_CHECKER.checks("iri-reference")(_is_address)


def _check(document: Mapping[str, Any]) -> None:
    """Return if the schema holds, no reference stands for two components, and each leads to a component."""
    refs = [component["bom-ref"] for component in (document["metadata"]["component"], *document.get("components", ()))]
    used = {ref for edge in document["dependencies"] for ref in (edge["ref"], *edge.get("dependsOn", ()))}
    problems = [f"edges lead to {ref}, which is nothing" for ref in sorted(used - set(refs))]
    problems += [
        f"{ref} stands there twice" for ref in sorted(ref for ref, count in Counter(refs).items() if count > 1)
    ]
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    for part in _parts(document):
        if error := validator.validate_str(json.dumps(part)):
            problems.append(str(error)[:500])
    if problems:
        raise CountersealError(
            "the SBOM is not valid CycloneDX 1.6", why=problems[0], fix="this is a defect: please report it"
        )


def _parts(document: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """Yield the document with some of its components and edges at a time.

    jsonschema compares all items of a list with each other to see that they are unique, which takes a minute for 3,000
    components. Their references are unique by the check above, and each is judged by the schema on its own.
    """
    components, edges = document.get("components", []), document["dependencies"]
    for start in range(0, max(len(components), len(edges)), _PART):
        part = slice(start, start + _PART)
        yield {**document, "components": components[part], "dependencies": edges[part]}
