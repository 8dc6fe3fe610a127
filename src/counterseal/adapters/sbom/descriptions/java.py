"""What Maven artifacts say of themselves: their POM, in Gradle's cache, the local Maven repository, or in their jar.

A POM inherits licences and organisation of its parent, which lies in the same place. Its parent's repository it
inherits only of its own group: that of an organisation's common parent is another one.
Sources: Maven, "POM Reference", "Inheritance"; Gradle, "The Directories and Files Gradle Uses".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

from counterseal.adapters.sbom.descriptions import archives, poms
from counterseal.adapters.sbom.descriptions.description import Description, licences, repository, supplier
from counterseal.adapters.sbom.descriptions.folder import Folder
from counterseal.adapters.sbom.licences import by_address, fits, known

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterseal.adapters.sbom.descriptions.description import Descriptions, Search
    from counterseal.adapters.sbom.descriptions.poms import Pom
    from counterseal.adapters.sbom.records import Package

#: Group, artifact, version.
Coordinates = tuple[str, str, str]
MAX_PARENTS: Final = 8


class Repository(Protocol):
    """A place with the files of artifacts."""

    def paths(self, artifact: Coordinates, ending: str) -> Iterator[tuple[str, ...]]:
        """Yield where a file of an artifact may lie in the folder."""


class GradleCache:
    """Gradle's cache: `GROUP/ARTIFACT/VERSION/SHA1/FILE`."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def paths(self, artifact: Coordinates, ending: str) -> Iterator[tuple[str, ...]]:
        """Yield paths; see the protocol."""
        for digest in self._folder.folders(*artifact):
            yield (*artifact, digest, _file(artifact, ending))


class MavenRepository:
    """A local Maven repository: the parts of the group, then `ARTIFACT/VERSION/FILE`."""

    def paths(self, artifact: Coordinates, ending: str) -> Iterator[tuple[str, ...]]:
        """Yield paths; see the protocol."""
        group, *others = artifact
        yield (*group.split("."), *others, _file(artifact, ending))


def descriptions(search: Search) -> Sequence[Descriptions]:
    """Return what is known (`of_lock.Ecosystem`): of Gradle's caches, then of Maven repositories."""
    gradle = map(Folder, search.places.gradle)
    maven = map(Folder, search.places.maven)
    return [
        *(Artifacts(folder, GradleCache(folder)) for folder in gradle),
        *(Artifacts(folder, MavenRepository()) for folder in maven),
    ]


class Artifacts:
    """The artifacts of a place (`description.Descriptions`)."""

    def __init__(self, folder: Folder, repository: Repository) -> None:
        self._folder, self._repository = folder, repository
        self._known: dict[Coordinates, tuple[Pom, str] | None] = {}

    def of(self, package: Package) -> Description | None:
        """Return what an artifact says; see the protocol."""
        group, colon, name = package.name.partition(":")
        artifact = (group, name, package.version or "")
        said = self._pom(artifact) if colon else None
        return self._description(*said) if said else None

    def _description(self, pom: Pom, place: str) -> Description:
        line = [pom, *self._parents(pom)]
        own = [above for above in line if above.group == pom.group]
        says = next((above.licences for above in line if above.licences), ())
        return Description(
            place,
            licences(_licence(name, address) for name, address in says),
            next(filter(None, (supplier([above.organisation]) for above in line)), None)
            or next(filter(None, (supplier(above.developers) for above in own)), None),
            next(filter(None, map(_source, [address for above in own for address in above.sources])), None),
        )

    def _parents(self, pom: Pom) -> Iterator[Pom]:
        for _ in range(MAX_PARENTS):
            above = self._pom(pom.parent) if pom.parent else None
            if above is None:
                return
            pom = above[0]
            yield pom

    def _pom(self, artifact: Coordinates) -> tuple[Pom, str] | None:
        """Return the POM of an artifact, and where it stands: as a file, or in the jar."""
        if artifact not in self._known:
            self._known[artifact] = next(self._read(artifact), None)
        return self._known[artifact]

    def _read(self, artifact: Coordinates) -> Iterator[tuple[Pom, str]]:
        for path in self._repository.paths(artifact, "pom"):
            if (pom := _checked(self._folder.read(*path), artifact)) is not None:
                yield pom, "pom"
        inside = f"META-INF/maven/{artifact[0]}/{artifact[1]}/pom.xml"
        for path in self._repository.paths(artifact, "jar"):
            if file := self._folder.opened(*path):
                with file:
                    data = archives.zip_member(file, inside.__eq__)
                if (pom := _checked(data, artifact)) is not None:
                    yield pom, "pom.xml of the jar"


def _file(artifact: Coordinates, ending: str) -> str:
    return f"{artifact[1]}-{artifact[2]}.{ending}"


def _checked(data: bytes | None, artifact: Coordinates) -> Pom | None:
    """Return a POM if it is of the artifact; a version or group that it leaves to properties is taken as given."""
    pom = poms.parse(data) if data else None
    if pom is None or pom.artifact != artifact[1]:
        return None
    return pom if pom.group in ("", artifact[0]) and pom.version in ("", artifact[2]) else None


def _licence(name: str, address: str) -> str:
    """Return a licence by its name if that is a known one, else by its address, else the name."""
    return (known(name) if fits(name) else None) or by_address(address) or name


def _source(address: str) -> str | None:
    return repository(re.sub(r"^scm:(git|svn|hg):", "", address))
