"""The files of candidates in GitLab's generic packages: one per name, each upload looked for before it is repeated.

GitLab keeps a second upload of a name beside the first and serves the newest, so two files of one name are an error
here. What GitLab says of a file's digest is not checked against the bytes: both are evidence.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from counterseal.adapters.gitlab.access import PACKAGES, READ, Access
from counterseal.adapters.gitlab.api import part
from counterseal.adapters.http.asset_bytes import AssetFiles, check_same, measured
from counterseal.adapters.http.fields import Fields
from counterseal.errors import ServiceError
from counterseal.formats import digests
from counterseal.model import Asset

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from counterseal.adapters.gitlab.api import GitLabApi
    from counterseal.model import Release

#: The name of the generic package whose versions are candidates.
PACKAGE: Final = "counterseal"

#: GitLab's rules for versions and file names of generic packages, which a tag may break.
_VERSION: Final = re.compile(r"(?!.*\.\.)[A-Za-z0-9_.+-]{1,255}")
_FILE: Final = re.compile(r"(?!.*\.\.)[A-Za-z0-9_.+~@-]{1,255}")


class PackageFiles(AssetFiles[Access]):
    """The files of a project's candidates.

    Args:
        api: Calls about the project.
    """

    def __init__(self, api: GitLabApi) -> None:
        super().__init__(api, read=READ, write=PACKAGES)
        self._api = api

    # --- packages ----------------------------------------------------------------------------

    def packages(self, tag: str | None = None) -> list[Fields]:
        """Return the candidates of a tag, or all, as GitLab shows their packages."""
        what = f"packages of {self._api.project}"
        query = {"package_type": "generic", "package_name": PACKAGE, **({"package_version": tag} if tag else {})}
        listed = self._api.pages(self._api.here("/packages"), what=what, access=READ, **query)
        packages = (Fields(data, what) for data in listed)
        # GitLab's filter finds every name that has ours in it
        return [package for package in packages if _is_candidate(package) and tag in (None, package.text("version"))]

    def package(self, package_id: int) -> Fields | None:
        """Return a candidate as GitLab shows its package, or None."""
        what = f"package {package_id} of {self._api.project}"
        data = self._api.find(self._api.here(f"/packages/{package_id}"), what=what, access=READ)
        if data is None:
            return None
        fields = Fields(data, what)
        fields.require("id", package_id)
        return fields if _is_candidate(fields) else None

    def of(self, package_id: int) -> tuple[Asset, ...]:
        """Return the files of a package.

        Raises:
            ServiceError: Two have one name: it is unclear which one is meant.
        """
        what, assets = f"files of package {package_id}", self.uploads(package_id)
        counts = Counter(asset.name for asset in assets)
        if doubles := sorted(name for name, count in counts.items() if count > 1):
            ids = ", ".join(str(asset.id) for asset in assets if asset.name == doubles[0])
            raise ServiceError(
                f"{what}: {doubles[0]} is there more than once (files {ids})",
                why="GitLab keeps every upload, and it is unclear which one was meant",
                fix="find out who uploaded the others; delete them, or the whole package, and run again",
            )
        return assets

    def uploads(self, package_id: int) -> tuple[Asset, ...]:
        """Return every upload of a package, even several of one name."""
        what = f"files of package {package_id}"
        listed = self._api.pages(self._api.here(f"/packages/{package_id}/package_files"), what=what, access=READ)
        return tuple(_asset(Fields(data, f"{what}: file")) for data in listed)

    def place(self, tag: str, name: str) -> str:
        """Return the path of a file by tag and name."""
        return f"/packages/generic/{PACKAGE}/{part(tag)}/{part(name)}"

    # --- bytes -------------------------------------------------------------------------------

    def _bytes_of(self, release: Release, asset: Asset, what: str) -> tuple[str, Mapping[str, str]]:
        return self._api.here(self.place(release.tag, asset.name)), self._api.authorization(what, READ)

    def _place_of(self, release: Release, asset_id: int) -> str:
        return self._api.here(f"/packages/{release.id}/package_files/{asset_id}")

    def upload(self, release: Release, name: str, path: Path) -> int:
        """Upload a file and return the id."""
        what = f"{name} of {release.tag}"
        check_version(release.tag)
        if not _FILE.fullmatch(name):
            raise ServiceError(
                f"{what}: GitLab takes no file of this name",
                why="letters, digits and . _ + ~ @ - are allowed",
                fix="rename the file before signing",
            )
        wanted = measured(path, what, "GitLab")
        return self._api.ensure(
            what, lambda: self._uploaded(release, name, wanted), lambda: self._send(release.tag, name, path, wanted)
        )

    def _uploaded(self, release: Release, name: str, wanted: tuple[int, str]) -> int | None:
        """Return the id of the file with this name and these bytes, or None."""
        for package in self.packages(release.tag):
            for asset in self.of(package.number("id")):
                if asset.name == name:
                    check_same(asset, self.digest_of(release, asset), wanted, release.tag, "GitLab")
                    return asset.id
        return None

    def _send(self, tag: str, name: str, path: Path, wanted: tuple[int, str]) -> None:
        what = f"{name} of {tag}"
        place = self._api.here(self.place(tag, name))
        answer = self._api.upload(place, path, what=what, access=PACKAGES, select="package_file")
        asset = _asset(Fields(answer, what))
        if (asset.name, asset.size) != (name, wanted[0]):
            raise ServiceError(
                f"{what}: GitLab stored {asset.size} bytes as {asset.name!r}",
                why=f"{wanted[0]} bytes were sent as {name!r}",
                fix="delete the package, and run again",
            )


def check_version(tag: str) -> None:
    """Refuse a tag that cannot be the version of a package.

    Raises:
        ServiceError: It cannot.
    """
    if not _VERSION.fullmatch(tag):
        raise ServiceError(
            f"tag {tag[:100]} cannot be a candidate on GitLab",
            why="it becomes the version of a package: letters, digits and . _ + - are allowed",
            fix="tag like v1.2.0, without slashes",
        )


def _is_candidate(fields: Fields) -> bool:
    gone = fields.has("status") and fields.text("status") == "pending_destruction"
    return (fields.text("name"), fields.text("package_type")) == (PACKAGE, "generic") and not gone


def _asset(fields: Fields) -> Asset:
    digest = fields.text("file_sha256") if fields.has("file_sha256") else None
    if digest is not None and not digests.is_sha256(digest):
        raise ServiceError(
            f"{fields.what}: GitLab's answer cannot be used", why=f"{digest[:80]!r} is not a sha256", fix="run again"
        )
    return Asset(fields.number("id"), fields.text("file_name"), fields.number("size"), digest)
