"""Packages as a lock file names them, and what is known of them."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

from counterseal.adapters.sbom import packages
from counterseal.adapters.sbom.checkout import Checkout
from counterseal.adapters.sbom.descriptions.description import Places
from counterseal.adapters.sbom.descriptions.of_lock import described
from counterseal.adapters.sbom.records import Lock, Package, Part, part_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from packageurl import PackageURL

    from counterseal.adapters.sbom.descriptions.description import Description

PURLS: dict[str, Callable[..., PackageURL]] = {
    "pypi": packages.pypi,
    "npm": packages.npm,
    "cargo": packages.cargo,
    "golang": packages.golang,
}


def locked(kind: str, name: str, version: str | None, **more: Any) -> Package:
    """Return a package of a lock."""
    purl = (
        packages.maven(name.partition(":")[0], name.partition(":")[2], version)
        if kind == "maven"
        else PURLS[kind](name, version)
    )
    return Package(purl.to_string(), purl, name, version, **more)


def all_of(
    top: Path, *wanted: Package, places: Places | None = None, project: str = ".", parts: tuple[str, ...] = ()
) -> list[Description | None]:
    """Return what packages say of themselves, as the builder of SBOMs gets it."""
    members = tuple(Part(part_key(path), path, path, None, None) for path in parts)
    lock = Lock((("x.lock", "0" * 64),), Part(part_key(project), project, "app", None, None), wanted, members)
    says = described(lock, Checkout(top), [project], places or Places())
    return [says.get(package.key) for package in wanted]


def one(top: Path, kind: str, name: str, version: str | None = "1.0.0", **more: Any) -> Description | None:
    """Return what one package says of itself, looked for in the repository `top` and in the places."""
    places = Places(**{place: (folder,) for place, folder in more.pop("places", {}).items()})
    return all_of(top, locked(kind, name, version, **more), places=places)[0]


def put(path: Path, content: str | bytes) -> Path:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def zipped(members: Mapping[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def tarred(members: Mapping[str, str | bytes]) -> bytes:
    """Return a gzipped tar archive."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in members.items():
            data = content if isinstance(content, bytes) else content.encode()
            head = tarfile.TarInfo(name)
            head.size = len(data)
            archive.addfile(head, io.BytesIO(data))
    return gzip.compress(stream.getvalue(), mtime=0)
