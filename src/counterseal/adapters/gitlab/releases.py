"""Candidates and releases of GitLab as an `AssetStore`: generic packages that wait, releases whose links lead to them.

A candidate is the generic package `counterseal` of the tag's name as version; it is a draft as long as the tag has no
release, and whoever may read the project may read it. Publishing makes the release of the tag, with one permanent link
(`…/-/releases/TAG/downloads/NAME`) to each file. A package is made with its first file, so a draft without files has
no id yet (0).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from counterseal.adapters.gitlab.access import READ, RELEASES
from counterseal.adapters.gitlab.api import GitLabApi, part
from counterseal.adapters.gitlab.files import PackageFiles, check_version
from counterseal.adapters.http.answers import RefusedError
from counterseal.adapters.http.fields import Fields
from counterseal.adapters.http.transport import TIMEOUT
from counterseal.errors import ServiceError
from counterseal.identifiers import PROOF_FILE
from counterseal.model import Release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from counterseal.adapters.gitlab.access import GitLabTokens

NOT_MADE: Final = 0


class GitLabReleases:
    """Implements `AssetStore`.

    Args:
        name: `group/project`.
        tokens: At least one; `job` or `personal` to write.
        host: The forge host, for addresses that people follow.
        api_url: Base of the API.
        timeout: Seconds for one answer; for bytes of files, one second more for each 100 kB.
        pause: Waits so many seconds between tries.
    """

    def __init__(
        self,
        name: str,
        tokens: GitLabTokens,
        *,
        host: str,
        api_url: str,
        timeout: float = TIMEOUT,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api = GitLabApi(name, tokens, api_url=api_url, timeout=timeout, pause=pause)
        self._files = PackageFiles(self._api)
        self._host = host
        self._project_id: int | None = None

    # --- reading -----------------------------------------------------------------------------

    def releases(self, tag: str) -> Sequence[Release]:
        """Return all candidates of a tag, published or not, each with all its files."""
        return tuple(self._release(package) for package in self._files.packages(tag))

    def release(self, release_id: int) -> Release | None:
        """Return a candidate by the id of its package with all its files, or None."""
        fields = self._files.package(release_id) if release_id != NOT_MADE else None
        return None if fields is None else self._release(fields)

    def drafts(self) -> Sequence[Release]:
        """Return every candidate whose tag has no release of ours, without its files.

        One that somebody made by hand, without links to the candidate's files or with others, does not make it public:
        `publish` completes it, or says what is wrong with it.
        """
        packages = self._files.packages()
        released = (
            {fields.text("tag_name") for fields in self._listed() if self._is_ours(fields)} if packages else set()
        )
        return tuple(
            Release(package.number("id"), package.text("version"), draft=True, assets=(), url=self._page(package))
            for package in packages
            if package.text("version") not in released
        )

    def _is_ours(self, released: Fields) -> bool:
        tag, links = released.text("tag_name"), _links(released)
        return bool(links) and all(link.text("url") == self._address(tag, link.text("name")) for link in links)

    def proven(self) -> Iterator[Release]:
        """Yield the released candidates with a ledger proof among their files, newest first.

        Each has every upload: a second one of a name, which anybody who may upload can add, is for the reader to judge.
        """
        proven = [
            fields for fields in self._listed() if any(link.text("name") == PROOF_FILE for link in _links(fields))
        ]
        # `created_at` is GitLab's; `released_at` is whatever the one who made the release likes
        for fields in sorted(proven, key=lambda fields: fields.moment("created_at"), reverse=True):
            for package in self._files.packages(fields.text("tag_name")):
                number = package.number("id")
                assets = self._files.uploads(number)
                if any(asset.name == PROOF_FILE for asset in assets):
                    yield Release(number, package.text("version"), draft=False, assets=assets, url=_url(fields))

    def _listed(self) -> list[Fields]:
        what = f"releases of {self._api.project}"
        listed = self._api.pages(
            self._api.here("/releases"), what=what, access=READ, order_by="created_at", sort="desc"
        )
        return [Fields(data, f"{what}: release") for data in listed]

    def _released(self, tag: str) -> Fields | None:
        """Return the release of a tag as GitLab shows it, or None."""
        what = f"release {tag} of {self._api.project}"
        data = self._api.find(self._api.here(f"/releases/{part(tag)}"), what=what, access=READ)
        if data is None:
            return None
        fields = Fields(data, what)
        fields.require("tag_name", tag)
        return fields

    def _release(self, package: Fields, released: Fields | None = None) -> Release:
        tag = package.text("version")
        released = released or self._released(tag)
        url = self._page(package) if released is None else _url(released)
        number = package.number("id")
        return Release(number, tag, draft=released is None, assets=self._files.of(number), url=url)

    def _page(self, package: Fields) -> str:
        return f"https://{self._host}{package.inner('_links').text('web_path')}"

    # --- releases ----------------------------------------------------------------------------

    def create_draft(self, tag: str, name: str) -> Release:  # noqa: ARG002 - a package has no title
        """Return the only candidate of an existing tag; without files it has no id yet."""
        check_version(tag)
        self._require_tag(tag)
        candidates = self.releases(tag)
        if any(not candidate.draft for candidate in candidates) or (not candidates and self._released(tag) is not None):
            raise ServiceError(
                f"release {tag} is published already",
                why="a published release is not a candidate",
                fix="tag a new version",
            )
        if len(candidates) > 1:
            ids = ", ".join(str(candidate.id) for candidate in candidates)
            raise ServiceError(
                f"{len(candidates)} packages of {tag}: {ids}",
                why="it is unclear which one is the candidate",
                fix="delete all but one on the project's package registry page",
            )
        return candidates[0] if candidates else Release(NOT_MADE, tag, draft=True, assets=(), url="")

    def _require_tag(self, tag: str) -> None:
        what = f"tag {tag} of {self._api.project}"
        # a job's token may list tags, but not ask for one; `search` narrows the list, we match exactly
        listed = self._api.pages(self._api.here("/repository/tags"), what=what, access=READ, search=f"^{tag}$")
        if all(Fields(data, what).text("name") != tag for data in listed):
            raise ServiceError(
                f"{self._api.project} has no tag {tag}",
                why="a candidate belongs to a tag, and its release could not be made without one",
                fix=f"git push origin refs/tags/{tag}",
            )

    def publish(self, release: Release) -> Release:
        """Make the release of the tag, with a link to each file, and return it as GitLab then shows it.

        A release that is there gets the links that it lacks; any other link in it is an error.
        """
        what = f"release {release.tag}"
        return self._api.ensure(what, lambda: self._published(release, what), lambda: self._link(release, what))

    def unpublish(self, release: Release) -> bool:
        """Delete the release of the tag; its files are the package's, which stays, and nothing links to them."""
        path, what = f"{self._api.here('/releases')}/{part(release.tag)}", f"release {release.tag}"
        try:
            self._api.write("DELETE", path, None, what=what, access=RELEASES)
        except RefusedError:
            return False
        return self._released(release.tag) is None

    def _published(self, release: Release, what: str) -> Release | None:
        shown = self.release(release.id)
        if shown is None:
            raise ServiceError(
                f"{what}: it is gone", why=f"there is no package {release.id}", fix="create a new candidate"
            )
        if shown.tag != release.tag:
            raise ServiceError(
                f"{what}: package {release.id} is that of {shown.tag}", why="another tag was decided", fix="look at it"
            )
        return None if shown.draft or self._missing(shown, what) else shown

    def _link(self, release: Release, what: str) -> None:
        shown = self.release(release.id) or release
        place = self._api.here("/releases")
        if shown.draft:
            links = [self._wanted(shown, asset.name) for asset in shown.assets]
            body = {"tag_name": shown.tag, "name": shown.tag, "assets": {"links": links}}
            self._api.write("POST", place, body, what=what, access=RELEASES)
            return
        for name in self._missing(shown, what):
            path = f"{place}/{part(shown.tag)}/assets/links"
            self._api.write("POST", path, self._wanted(shown, name), what=f"{what}: {name}", access=RELEASES)

    def _missing(self, release: Release, what: str) -> list[str]:
        """Return the files that the release has no link to.

        Raises:
            ServiceError: It has a link that is none of ours.
        """
        released = self._released(release.tag)
        wanted = {asset.name: self._wanted(release, asset.name) for asset in release.assets}
        for link in _links(released) if released else ():
            ours = wanted.pop(link.text("name"), None)
            permanent = f"/-/releases/{part(release.tag)}/downloads/{link.text('name')}"
            if ours is None or link.text("url") != ours["url"] or not link.text("direct_asset_url").endswith(permanent):
                raise ServiceError(
                    f"{what}: its link {link.text('name')[:100]!r} leads to {link.text('url')[:200]}",
                    why="counterseal did not make it, and it would be published with the rest",
                    fix="find out who made it; delete the link, or the whole release, and run again",
                )
        return list(wanted)

    def _wanted(self, release: Release, name: str) -> dict[str, Any]:
        return {
            "name": name,
            "url": self._address(release.tag, name),
            "direct_asset_path": f"/{name}",
            "link_type": "package",
        }

    def _address(self, tag: str, name: str) -> str:
        return f"{self._api.url}/projects/{self._number()}{self._files.place(tag, name)}"

    def _number(self) -> int:
        """Return the project's number: links by it stay good when the project is renamed."""
        if self._project_id is None:
            what = f"project {self._api.project}"
            self._project_id = Fields(self._api.get(self._api.here(""), what=what, access=READ), what).number("id")
        return self._project_id

    # --- files -------------------------------------------------------------------------------

    def download(self, release: Release, asset_id: int, target: Path, *, max_bytes: int) -> None:
        """Write the bytes of a file to `target`, which appears only when they are complete."""
        self._files.download(release, asset_id, target, max_bytes=max_bytes)

    def upload(self, release: Release, name: str, path: Path) -> int:
        """Upload a file and return the id; the same bytes are not uploaded twice."""
        return self._files.upload(release, name, path)

    def delete(self, release: Release, asset_id: int) -> None:
        """Delete a file; it is no error if it is gone already."""
        self._files.delete(release, asset_id)


def _url(released: Fields) -> str:
    return released.inner("_links").text("self")


def _links(released: Fields) -> list[Fields]:
    return [Fields(data, f"{released.what}: link") for data in released.inner("assets").items("links")]
