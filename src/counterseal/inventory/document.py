"""A CycloneDX document (JSON, specification 1.4 to 1.7) → typed view: root, elements, artifacts, edges, metadata.

Components of the type `file` are artifacts; all others, nested ones included, are elements. What is read has to have
the type that the specification gives it; members that nobody here asks for are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from counterseal.errors import FormatError
from counterseal.formats import wire
from counterseal.inventory.fields import Fields

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How many bytes of a document that lies on somebody's own machine are read.
MAX_BYTES: Final = 64 << 20
VERSIONS: Final = ("1.4", "1.5", "1.6", "1.7")
#: The property by which a document says what it was made from: `lock`, or the tool that made it.
ORIGIN: Final = "counterseal:from"
FILE: Final = "file"

Edges = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Element:
    """A component of a document.

    Attributes:
        ref: Its `bom-ref`; empty if it has none.
        kind: Its CycloneDX type, such as `library`.
        group: What its name lies in: an npm scope, a Maven group; empty if nothing.
        name: Its name.
        version: Its version; empty if it has none.
        purl: Its package URL as written; empty if it has none.
        others: Its other identifiers (CPE, SWID, SWHID, OmniBOR), as written.
        hashes: (algorithm, hex digits) of itself and of its distributions.
        licences: SPDX ids, expressions and free names, sorted; all of them apply.
        supplier: Who supplies, makes, publishes or writes it, the first that is told; empty if nobody is.
        scope: `required`, `optional` or `excluded`; empty if nothing is said.
        properties: (name, value), in their order.
        nested: It lies within another component.
    """

    ref: str
    kind: str
    group: str
    name: str
    version: str
    purl: str
    others: tuple[str, ...]
    hashes: tuple[tuple[str, str], ...]
    licences: tuple[str, ...]
    supplier: str
    scope: str
    properties: tuple[tuple[str, str], ...]
    nested: bool = False

    @property
    def full_name(self) -> str:
        """Return the name within its group: `@angular/core`."""
        return f"{self.group}/{self.name}" if self.group else self.name

    @property
    def label(self) -> str:
        """Return what people call it: `requests@2.32.0`."""
        return f"{self.full_name}@{self.version}" if self.version else self.full_name


@dataclass(frozen=True, slots=True)
class Document:
    """What an SBOM says.

    Attributes:
        version: Of the CycloneDX specification.
        root: What it is the SBOM of; None if it does not say.
        elements: What that consists of, nested components after the one that they lie in.
        artifacts: The files that it was released as; files that a tool lists besides have other references.
        edges: `bom-ref` → the refs that it depends on directly.
        authors: Who made the document: people, organisations.
        tools: What made it, with its version: `syft 1.32.0`.
        timestamp: When, as written; empty if it does not say.
        origins: Values of the property `counterseal:from`, each once, in their order.
    """

    version: str
    root: Element | None
    elements: tuple[Element, ...]
    artifacts: tuple[Element, ...]
    edges: Edges
    authors: tuple[str, ...]
    tools: tuple[str, ...]
    timestamp: str
    origins: tuple[str, ...]


def load(data: bytes, what: str, *, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """Return the JSON of a CycloneDX document, whose `components` are a list of objects with a type.

    Args:
        data: The bytes as received.
        what: Name of the document, for messages.
        max_bytes: Largest size accepted.

    Raises:
        FormatError: It is none, or of a version of the specification that is not read here.
    """
    document = wire.load_json(data, what, max_bytes=max_bytes)
    fix = "make it with `counterseal sbom`, or give CycloneDX JSON (syft: `-o cyclonedx-json`)"
    if not isinstance(document, dict) or document.get("bomFormat") != "CycloneDX":
        raise FormatError(f"{what}: not a CycloneDX document", why="`bomFormat` has to be CycloneDX", fix=fix)
    if document.get("specVersion") not in VERSIONS:
        raise FormatError(
            f"{what}: CycloneDX {str(document.get('specVersion'))[:20]!r}", why=f"{', '.join(VERSIONS)} are read"
        )
    for component in Fields(document, what).objects("components"):
        component.text("type")
    return document


def parse(data: bytes, what: str, *, max_bytes: int = MAX_BYTES) -> Document:
    """Return what a CycloneDX document says; arguments and errors as of `load`, for every member that is read."""
    return view(load(data, what, max_bytes=max_bytes), what)


def view(document: Mapping[str, Any], what: str) -> Document:
    """Return what a document that was loaded says.

    Raises:
        FormatError: A member has the wrong type; the message gives its path.
    """
    whole = Fields(document, what)
    metadata = whole.object("metadata")
    root = metadata.object("component")
    components = list(_components(whole))
    return Document(
        version=whole.text("specVersion"),
        root=_element(root, nested=False) if root else None,
        elements=tuple(element for element in components if element.kind != FILE),
        artifacts=tuple(
            element for element in components if element.kind == FILE and element.ref == f"file:{element.name}"
        ),
        edges=_edges(whole),
        authors=_authors(metadata),
        tools=tuple(_tools(metadata)),
        timestamp=metadata.text("timestamp"),
        origins=_origins(metadata, root),
    )


def _components(whole: Fields) -> Iterator[Element]:
    """Yield all components, also those within the root and within others, each before what lies in it."""
    root = whole.object("metadata").object("component")
    waiting = [
        *((component, False) for component in reversed(whole.objects("components"))),
        *((component, True) for component in reversed(root.objects("components"))),
    ]
    while waiting:
        component, nested = waiting.pop()
        yield _element(component, nested=nested)
        waiting += [(inner, True) for inner in reversed(component.objects("components"))]


def _element(component: Fields, *, nested: bool) -> Element:
    return Element(
        ref=component.text("bom-ref"),
        kind=component.text("type"),
        group=component.text("group"),
        name=component.text("name"),
        version=component.text("version"),
        purl=component.text("purl"),
        others=tuple(_others(component)),
        hashes=tuple(_hashes(component)),
        licences=tuple(sorted({_licence(choice) for choice in component.objects("licenses")})),
        supplier=_supplier(component),
        scope=component.text("scope"),
        properties=_properties(component),
        nested=nested,
    )


def _others(component: Fields) -> Iterator[str]:
    yield from filter(None, (component.text("cpe"), component.object("swid").text("tagId")))
    yield from component.texts("swhid")
    yield from component.texts("omniborId")


def _hashes(component: Fields) -> Iterator[tuple[str, str]]:
    """Yield the digests of a component: as our documents have them also at its distributions."""
    places = [component]
    places += [place for place in component.objects("externalReferences") if place.text("type") == "distribution"]
    for place in places:
        for digest in place.objects("hashes"):
            yield digest.text("alg"), digest.text("content").lower()


def _licence(choice: Fields) -> str:
    licence = choice.object("license")
    words = choice.text("expression") or licence.text("id") or licence.text("name")
    if not words.strip():
        raise choice.error("a licence needs an `expression`, or a `license` with `id` or `name`")
    return words.strip()


def _supplier(component: Fields) -> str:
    for organisation in ("supplier", "manufacturer"):
        if name := component.object(organisation).text("name"):
            return name
    people = (person.text("name") for person in component.objects("authors"))
    return component.text("publisher") or component.text("author") or next(filter(None, people), "")


def _properties(holder: Fields) -> tuple[tuple[str, str], ...]:
    return tuple((entry.text("name"), entry.text("value")) for entry in holder.objects("properties"))


def _edges(whole: Fields) -> Edges:
    edges: dict[str, dict[str, None]] = {}
    for dependency in whole.objects("dependencies"):
        edges.setdefault(dependency.text("ref"), {}).update(dict.fromkeys(dependency.texts("dependsOn")))
    return {ref: tuple(others) for ref, others in edges.items()}


def _authors(metadata: Fields) -> tuple[str, ...]:
    names = [person.text("name") for person in metadata.objects("authors")]
    names += [metadata.object(key).text("name") for key in ("manufacturer", "manufacture", "supplier")]
    return tuple(dict.fromkeys(filter(None, names)))


def _tools(metadata: Fields) -> Iterator[str]:
    """Yield the tools by name and version: a list until 1.4, lists of components and services from 1.5 on."""
    if metadata.is_list("tools"):
        tools = metadata.objects("tools")
    else:
        tools = [tool for kind in ("components", "services") for tool in metadata.object("tools").objects(kind)]
    for tool in tools:
        yield f"{tool.text('name')} {tool.text('version')}".strip()


def _origins(metadata: Fields, root: Fields) -> tuple[str, ...]:
    properties = (*_properties(metadata), *_properties(root))
    return tuple(dict.fromkeys(value for name, value in properties if name == ORIGIN and value))
