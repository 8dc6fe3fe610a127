"""Generic packages of a GitLab project: files by name and version, kept whole and never replaced.

A second upload of a name is a second file; who asks by name gets the newest.
Sources: docs.gitlab.com "GitLab generic packages repository", "Packages API".
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal_sandbox.forge.refusal import Refused

if TYPE_CHECKING:
    from counterseal_sandbox.forge.accounts import Account
    from counterseal_sandbox.forge.books import RepositoryBooks

#: What names may be made of.
_PARTS: Final = {
    "package_name": re.compile(r"[A-Za-z0-9._+-]{1,255}\Z"),
    "package_version": re.compile(r"[A-Za-z0-9._+~-]{1,255}\Z"),
    "file_name": re.compile(r"[A-Za-z0-9._+~@-]{1,255}\Z"),
}


@dataclass(frozen=True, slots=True)
class PackageFile:
    """A file of a package; the digests are hexadecimal."""

    id: int
    package_id: int
    name: str
    size: int
    sha256: str
    sha1: str
    md5: str
    created_at: datetime
    path: Path


@dataclass(slots=True)
class Package:
    """A version of a package."""

    id: int
    name: str
    version: str
    creator: int
    created_at: datetime
    files: list[PackageFile] = field(default_factory=list)


class Packages:
    """The generic packages of one project."""

    def __init__(self, repository: RepositoryBooks) -> None:
        self._repository = repository
        self._all: dict[int, Package] = {}

    def list(self, *, name: str = "", version: str = "") -> list[Package]:
        """Return packages, oldest first; `name` finds every name that it is a part of, as GitLab's filter does."""
        return [
            package
            for package in self._all.values()
            if name.lower() in package.name.lower() and version in ("", package.version)
        ]

    def get(self, package_id: int) -> Package:
        """Return a package by id."""
        if package_id not in self._all:
            raise Refused("404 Not found", 404)
        return self._all[package_id]

    def find(self, name: str, version: str) -> Package | None:
        """Return the package of exactly this name and version, or None."""
        return next(
            (package for package in self._all.values() if (package.name, package.version) == (name, version)), None
        )

    def upload(self, account: Account, name: str, version: str, file_name: str, content: bytes) -> PackageFile:
        """Return the stored file; its package is made if there is none."""
        for part, text in zip(_PARTS, (name, version, file_name), strict=True):
            if not _PARTS[part].match(text) or ".." in text:
                raise Refused(f"{part} is invalid", 400)
        package = self.find(name, version) or self._new(account, name, version)
        number = self._repository.forge.new_id()
        path = self._repository.git.path.parent / "packages" / str(number)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        file = PackageFile(
            id=number,
            package_id=package.id,
            name=file_name,
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            sha1=hashlib.sha1(content, usedforsecurity=False).hexdigest(),
            md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
            created_at=self._repository.now(),
            path=path,
        )
        package.files.append(file)
        return file

    def _new(self, account: Account, name: str, version: str) -> Package:
        package = Package(self._repository.forge.new_id(), name, version, account.id, self._repository.now())
        self._all[package.id] = package
        return package

    def newest(self, name: str, version: str, file_name: str) -> PackageFile:
        """Return the newest file of this name."""
        package = self.find(name, version)
        for file in reversed(package.files if package else ()):
            if file.name == file_name:
                return file
        raise Refused("404 Not Found", 404)

    def delete(self, package: Package) -> None:
        """Delete a package with its files."""
        del self._all[package.id]
        for file in package.files:
            file.path.unlink(missing_ok=True)

    def delete_file(self, package: Package, file_id: int) -> None:
        """Delete a file; the package stays, even empty."""
        for file in package.files:
            if file.id == file_id:
                package.files.remove(file)
                file.path.unlink(missing_ok=True)
                return
        raise Refused("404 Not found", 404)
