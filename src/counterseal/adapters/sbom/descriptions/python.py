"""What Python packages say of themselves: in their METADATA, installed or in their archives. Nothing is imported.

Sources: PyPA specifications, "Core metadata", "Well-known project URLs" and "Binary distribution format".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name, canonicalize_version

from counterseal.adapters.local import installed_packages
from counterseal.adapters.sbom.descriptions import archives
from counterseal.adapters.sbom.descriptions.description import Description, licences, repository, supplier
from counterseal.adapters.sbom.descriptions.folder import Folder
from counterseal.adapters.sbom.licences import fits
from counterseal.errors import FormatError
from counterseal.formats import digests

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from email.message import Message
    from pathlib import Path

    from counterseal.adapters.sbom.descriptions.description import Descriptions, Search
    from counterseal.adapters.sbom.records import Package

#: Trove classifiers that name exactly one licence, as SPDX ids ("BSD License" and others name several).
_CLASSIFIERS: Final = {
    "Apache Software License": "Apache-2.0",
    "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "Zope Public License": "ZPL-2.1",
}
#: Labels of addresses, in lower case without marks; the first that is there counts.
_SOURCE_LABELS: Final = ("source", "repository", "sourcecode", "code", "github", "gitlab")
_HOME_LABELS: Final = ("homepage", "home")
#: Hosts on which a home page is the repository.
_FORGES: Final = frozenset({"github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "git.sr.ht"})
#: Where wheels lie in a repository that keeps them, below the project.
_WHEEL_FOLDERS: Final = ((), ("wheels",), ("wheelhouse",), ("vendor",), ("libs",))


def descriptions(search: Search) -> Sequence[Descriptions]:
    """Return what is known (`of_lock.Ecosystem`): of installed packages, then of archives in the repository."""
    environments = [
        folder
        for project in search.projects
        for inside in ("lib/python3*", "Lib")
        for folder in sorted((search.checkout.top / project).glob(f".venv/{inside}/site-packages"))
        if folder.is_dir()
    ]
    return [InstalledPackages(environments or search.places.python), Archives(search)]


class InstalledPackages:
    """The packages installed in folders as of `sys.path` (`description.Descriptions`).

    The version has to be the locked one for this to say something about the locked package, so it is part of the key.
    """

    def __init__(self, path: Sequence[Path]) -> None:
        self._by_package: dict[tuple[str, str], Description] = {}
        for head in installed_packages.metadata(map(str, path)):
            name, version = _first(head, "Name"), _first(head, "Version")
            if name and version:
                self._by_package.setdefault(_key(name, version), _description(head, "METADATA"))

    def of(self, package: Package) -> Description | None:
        """Return what a package says; see the protocol."""
        return self._by_package.get(_key(package.name, package.version or ""))


class Archives:
    """Wheels and source archives that lie in the repository, with a digest of the lock (`description.Descriptions`)."""

    def __init__(self, search: Search) -> None:
        self._checkout = Folder(search.checkout.top)
        self._paths: dict[str, tuple[str, ...]] = {}
        for project in search.projects:
            for below in _WHEEL_FOLDERS:
                folder = (*(part for part in project.split("/") if part != "."), *below)
                for name in self._checkout.names(*folder):
                    if name.endswith((".whl", ".tar.gz")):
                        self._paths.setdefault(name, (*folder, name))

    def of(self, package: Package) -> Description | None:
        """Return what a package says; see the protocol."""
        for file in package.files:
            path = tuple(package.path.split("/")) if package.path else self._paths.get(file.name)
            if path and (head := self._head(path, dict(file.hashes).get("sha256"))):
                name, version = _first(head, "Name"), _first(head, "Version")
                if _key(name, version) == _key(package.name, package.version or ""):
                    return _description(head, "METADATA" if path[-1].endswith(".whl") else "PKG-INFO")
        return None

    def _head(self, path: tuple[str, ...], digest: str | None) -> Message | None:
        file = self._checkout.opened(*path)
        if file is None:
            return None
        with file:
            if digests.sha256_of(file) != digest:
                return None
            file.seek(0)
            if path[-1].endswith(".whl"):
                data = archives.zip_member(file, _is_metadata)
            else:
                data = archives.tar_member(file, f"{path[-1].removesuffix('.tar.gz')}/PKG-INFO")
        try:
            return installed_packages.head(data, path[-1]) if data else None
        except FormatError:
            return None


def _is_metadata(name: str) -> bool:
    return bool(re.fullmatch(r"[^/]+\.dist-info/METADATA", name))


def _key(name: str, version: str) -> tuple[str, str]:
    return canonicalize_name(name), canonicalize_version(version, strip_trailing_zero=False)


def _first(head: Message, key: str) -> str:
    return str(head.get(key, "")).strip()


def _description(head: Message, place: str) -> Description:
    return Description(place, _licence(head), _supplier(head), _source(head))


def _licence(head: Message) -> tuple[str, ...]:
    if expression := _first(head, "License-Expression"):
        return licences([expression])
    names = [
        value.rpartition(" :: ")[2]
        for value in map(str, head.get_all("Classifier") or ())
        if value.startswith("License :: ") and value != "License :: OSI Approved" and fits(value)
    ]
    if names:
        return licences(sorted(_CLASSIFIERS.get(name, name) for name in set(names)))
    return licences([_first(head, "License")])


def _supplier(head: Message) -> str | None:
    for kind in ("Author", "Maintainer"):
        # `Author-email` may have names before its addresses (RFC 822), `Author` is free text.
        if name := supplier([_first(head, kind)]) or supplier(_first(head, f"{kind}-email").split(",")):
            return name
    return None


def _source(head: Message) -> str | None:
    addresses = {"home": _first(head, "Home-page")}
    for value in map(str, head.get_all("Project-URL") or ()):
        label, _, address = value.partition(",")
        addresses.setdefault(re.sub(r"[\W_]", "", label).lower(), address.strip())
    homes = [address for address in _with(addresses, _HOME_LABELS) if _on_forge(address)]
    return next(filter(None, map(repository, [*_with(addresses, _SOURCE_LABELS), *homes])), None)


def _with(addresses: dict[str, str], labels: Iterable[str]) -> list[str]:
    return [addresses[label] for label in labels if label in addresses]


def _on_forge(address: str) -> bool:
    try:
        return urlsplit(address).hostname in _FORGES
    except ValueError:
        return False
