"""GitHub's releases as an `AssetStore`: drafts by listing, assets by id, every write looked for first.

What GitHub says of an asset's digest is compared, never believed: whoever needs the bytes reads the bytes.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from counterseal.adapters.github.api import GitHubApi
from counterseal.adapters.github.files import ReleaseFiles
from counterseal.adapters.http.answers import RefusedError
from counterseal.adapters.http.fields import Fields
from counterseal.adapters.http.transport import TIMEOUT
from counterseal.errors import ServiceError
from counterseal.identifiers import PROOF_FILE
from counterseal.model import Release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_READ: Final = "contents: read"
_WRITE: Final = "contents: write"


class GitHubReleases:
    """Implements `AssetStore`; a token needs `contents: write` to see drafts at all.

    Args:
        repository_name: `owner/name`.
        token: A person's, an App's or a job's token.
        host: The forge host, for messages.
        api_url: Base of the API.
        timeout: Seconds for one answer; for bytes of assets, one second more for each 100 kB.
        pause: Waits so many seconds between tries.
    """

    def __init__(
        self,
        repository_name: str,
        token: str,
        *,
        host: str,
        api_url: str,
        timeout: float = TIMEOUT,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api = GitHubApi(repository_name, token, api_url=api_url, timeout=timeout, pause=pause)
        self._files = ReleaseFiles(self._api, self._fields)
        self._place = f"{host}/{repository_name}"

    # --- reading -----------------------------------------------------------------------------

    def releases(self, tag: str) -> Sequence[Release]:
        """Return all releases of a tag, drafts included, each with all its assets."""
        return tuple(self._release(fields) for fields in self._list(_WRITE) if fields.text("tag_name") == tag)

    def release(self, release_id: int) -> Release | None:
        """Return a release by id with all its assets, or None."""
        fields = self._fields(release_id)
        return None if fields is None else self._release(fields)

    def drafts(self) -> Sequence[Release]:
        """Return every draft release, without its assets."""
        return tuple(
            Release(fields.number("id"), fields.text("tag_name"), draft=True, assets=(), url=fields.text("html_url"))
            for fields in self._list(_WRITE)
            if fields.flag("draft")
        )

    def proven(self) -> Iterator[Release]:
        """Yield the published releases with a ledger proof among their assets, newest first."""
        proven = [fields for fields in self._list(_READ) if not fields.flag("draft") and _names_proof(fields)]
        for fields in sorted(proven, key=lambda fields: fields.moment("published_at"), reverse=True):
            release = self._release(fields)
            if any(asset.name == PROOF_FILE and asset.complete for asset in release.assets):
                yield release

    def _list(self, needs: str) -> list[Fields]:
        """Return all releases; GitHub leaves drafts out for those who may not write."""
        what = f"releases of {self._place}"
        return [Fields(data, what) for data in self._api.pages(self._api.here("/releases"), what=what, access=needs)]

    def _fields(self, release_id: int) -> Fields | None:
        what = f"release {release_id} of {self._place}"
        data = self._api.find(self._api.here(f"/releases/{release_id}"), what=what, access=_READ)
        if data is None:
            return None
        fields = Fields(data, what)
        fields.require("id", release_id)
        return fields

    def _release(self, fields: Fields) -> Release:
        number = fields.number("id")
        return Release(
            id=number,
            tag=fields.text("tag_name"),
            draft=fields.flag("draft"),
            assets=self._files.of(number),
            url=fields.text("html_url"),
            immutable=fields.flag("immutable") if fields.has("immutable") else False,
        )

    # --- releases ----------------------------------------------------------------------------

    def create_draft(self, tag: str, name: str) -> Release:
        """Create a draft release for an existing tag, or return the one that is there."""
        self._require_tag(tag)
        what, path = f"draft release {tag}", self._api.here("/releases")
        body = {"tag_name": tag, "name": name, "draft": True, "prerelease": False}
        return self._api.ensure(
            what, lambda: self._draft(tag), lambda: self._api.write("POST", path, body, what=what, access=_WRITE)
        )

    def _draft(self, tag: str) -> Release | None:
        """Return the only release of a tag, a draft, or None if there is none."""
        releases = self.releases(tag)
        if any(not release.draft for release in releases):
            raise ServiceError(
                f"release {tag} is published already",
                why="a published release is not a candidate",
                fix="tag a new version",
            )
        if len(releases) > 1:
            ids = ", ".join(str(release.id) for release in releases)
            raise ServiceError(
                f"{len(releases)} draft releases of {tag}: {ids}",
                why="it is unclear which one is the candidate",
                fix="delete all but one on the releases page",
            )
        return releases[0] if releases else None

    def _require_tag(self, tag: str) -> None:
        ref = quote(f"tags/{tag}", safe="/")
        data = self._api.find(self._api.here(f"/git/ref/{ref}"), what=f"tag {tag}", access=_READ)
        if data is None or Fields(data, f"tag {tag}").text("ref") != f"refs/tags/{tag}":
            raise ServiceError(
                f"{self._place} has no tag {tag}",
                why="GitHub would create the tag itself when the release is published, at whatever commit is newest",
                fix=f"git push origin refs/tags/{tag}",
            )

    def publish(self, release: Release) -> Release:
        """Make a draft public and return the release as GitHub then shows it."""
        path, what = self._api.here(f"/releases/{release.id}"), f"release {release.tag}"
        return self._api.ensure(
            what,
            lambda: self._published(release, what),
            lambda: self._api.write("PATCH", path, {"draft": False}, what=what, access=_WRITE),
        )

    def unpublish(self, release: Release) -> bool:
        """Make a public release a draft again; GitHub refuses that of an immutable one."""
        path, what = self._api.here(f"/releases/{release.id}"), f"release {release.tag}"
        try:
            self._api.write("PATCH", path, {"draft": True}, what=what, access=_WRITE)
        except RefusedError:
            return False
        shown = self.release(release.id)
        return shown is not None and shown.draft

    def _published(self, release: Release, what: str) -> Release | None:
        shown = self.release(release.id)
        if shown is None:
            raise ServiceError(
                f"{what}: it is gone", why=f"there is no release {release.id}", fix="create a new candidate"
            )
        if shown.tag != release.tag:
            raise ServiceError(
                f"{what}: its tag was changed to {shown.tag}",
                why="what was decided is another tag",
                fix="look at the release before you go on",
            )
        return None if shown.draft else shown

    # --- assets ------------------------------------------------------------------------------

    def download(self, release: Release, asset_id: int, target: Path, *, max_bytes: int) -> None:
        """Write the bytes of an asset to `target`, which appears only when they are complete."""
        self._files.download(release, asset_id, target, max_bytes=max_bytes)

    def upload(self, release: Release, name: str, path: Path) -> int:
        """Upload a file as an asset and return the id; a leftover of an interrupted upload is replaced."""
        return self._files.upload(release, name, path)

    def delete(self, release: Release, asset_id: int) -> None:
        """Delete an asset; it is no error if it is gone already."""
        self._files.delete(release, asset_id)


def _names_proof(release: Fields) -> bool:
    """Return whether the listing of a release has a ledger proof, so that only such a release is read whole."""
    return any(Fields(data, release.what).text("name") == PROOF_FILE for data in release.items("assets"))
