"""The bytes of GitHub's release assets: streamed down, streamed up, each upload looked for before it is repeated.

What GitHub says of an asset's digest is not checked against the bytes here: both are evidence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

import requests

from counterseal.adapters.http.asset_bytes import AssetFiles, check_same, measured
from counterseal.adapters.http.client import once
from counterseal.adapters.http.fields import Fields
from counterseal.adapters.http.transport import Answer, bound
from counterseal.errors import ServiceError
from counterseal.formats import digests
from counterseal.model import Asset

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from counterseal.adapters.github.api import GitHubApi
    from counterseal.model import Release

_READ: Final = "contents: read"
_WRITE: Final = "contents: write"
_STATES: Final = {"uploaded": True, "starter": False, "open": False, "new": False}
_SHA256: Final = "sha256:"
_UPLOAD_HOSTS: Final = {"api.github.com": "uploads.github.com"}


class ReleaseFiles(AssetFiles[str]):
    """The assets of a repository's releases.

    Args:
        api: Calls about the repository.
        release: Returns a release as GitHub shows it, or None.
    """

    def __init__(self, api: GitHubApi, release: Callable[[int], Fields | None]) -> None:
        super().__init__(api, read=_READ, write=_WRITE)
        self._api = api
        self._fields = release

    def of(self, release_id: int) -> tuple[Asset, ...]:
        """Return all assets of a release."""
        what = f"assets of release {release_id}"
        listed = self._api.pages(self._api.here(f"/releases/{release_id}/assets"), what=what, access=_READ)
        assets = tuple(_asset(Fields(data, f"{what}: asset")) for data in listed)
        if len({asset.id for asset in assets}) != len(assets) or len({asset.name for asset in assets}) != len(assets):
            raise ServiceError(
                f"{what}: one is listed twice", why="the list changed while it was read", fix="run again"
            )
        return assets

    def _bytes_of(self, release: Release, asset: Asset, what: str) -> tuple[str, Mapping[str, str]]:  # noqa: ARG002 - GitLab finds them by tag and asks who may
        headers = {**self._api.authorization, "Accept": "application/octet-stream"}
        return self._place(asset.id), headers

    def _place_of(self, release: Release, asset_id: int) -> str:  # noqa: ARG002 - GitLab finds it below its package
        return self._place(asset_id)

    def _place(self, asset_id: int) -> str:
        return self._api.here(f"/releases/assets/{asset_id}")

    def upload(self, release: Release, name: str, path: Path) -> int:
        """Upload a file as an asset and return the id; a leftover of an interrupted upload is replaced."""
        what = f"{name} of {release.tag}"
        wanted = measured(path, what, "GitHub")
        return self._api.ensure(
            what, lambda: self._uploaded(release, name, wanted), lambda: self._send(release, name, path, what)
        )

    def _uploaded(self, release: Release, name: str, wanted: tuple[int, str]) -> int | None:
        """Return the id of the asset with this name and these bytes; remove what an interrupted upload left."""
        for asset in self.of(release.id):
            if asset.name != name:
                continue
            if not asset.complete:
                self.delete(release, asset.id)
                continue
            check_same(asset, self.digest_of(release, asset), wanted, release.tag, "GitHub")
            return asset.id
        return None

    def _send(self, release: Release, name: str, path: Path, what: str) -> None:
        fields = self._fields(release.id)
        if fields is None:
            raise ServiceError(
                f"{what}: the release is gone", why=f"there is no release {release.id}", fix="create a new candidate"
            )
        url = f"{self._upload_url(fields, what)}?name={quote(name, safe='')}"
        headers = {**self._api.authorization, "Content-Type": "application/octet-stream"}
        seconds = self._api.timeout + path.stat().st_size / 1e5

        def send() -> Answer:
            with path.open("rb") as stream, requests.Session() as session:
                bound(session, url, seconds)
                return once(session, "POST", url, data=stream, headers=headers)

        answer = self._api.written(send, what)
        asset = _asset(Fields(self._api.json(answer, what, _WRITE), what))
        if asset.name != name:
            self.delete(release, asset.id)
            raise ServiceError(
                f"{what}: GitHub stored it as {asset.name!r}",
                why="it rewrites blanks and most punctuation in names of assets",
                fix="rename the file before signing: letters, digits and . _ - + are safe",
            )

    def _upload_url(self, fields: Fields, what: str) -> str:
        """Return where to upload to; the token goes to GitHub's hosts only, whatever the answer says."""
        url = fields.text("upload_url").partition("{")[0]
        api, place = urlsplit(self._api.url), urlsplit(url)
        hosts = {api.netloc, _UPLOAD_HOSTS.get(api.netloc, api.netloc)}
        if place.netloc not in hosts or place.scheme != api.scheme:
            raise ServiceError(
                f"{what}: uploads are said to go to {place.netloc!r}",
                why="this is not the forge's host",
                fix="check which server answers for the forge",
            )
        return url


def _asset(fields: Fields) -> Asset:
    digest = None if fields.is_null("digest") else fields.text("digest")
    if digest is not None and not (digest.startswith(_SHA256) and digests.is_sha256(digest.removeprefix(_SHA256))):
        raise ServiceError(
            f"{fields.what}: GitHub's answer cannot be used",
            why=f"the digest {digest[:80]!r} is not a sha256",
            fix="run again; if it fails again, this version of counterseal does not know this version of the forge",
        )
    return Asset(
        id=fields.number("id"),
        name=fields.text("name"),
        size=fields.number("size"),
        digest=digest.removeprefix(_SHA256) if digest else None,
        complete=fields.one_of("state", _STATES),
    )
