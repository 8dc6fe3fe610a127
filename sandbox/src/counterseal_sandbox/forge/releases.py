"""Releases of a repository and their assets, with GitHub's habits: names are rewritten, empty files refused."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal_sandbox.forge.refusal import Refused

if TYPE_CHECKING:
    from counterseal_sandbox.forge.accounts import Account
    from counterseal_sandbox.forge.books import RepositoryBooks

_REWRITTEN = re.compile(r"[^A-Za-z0-9_+@-]*[^A-Za-z0-9._+@-][^A-Za-z0-9_+@-]*")


@dataclass(slots=True)
class Asset:
    """A file of a release; state `starter` is an upload that never ended."""

    id: int
    name: str
    label: str
    content_type: str
    state: str
    size: int
    digest: str | None
    path: Path
    uploader: int
    created_at: datetime
    updated_at: datetime
    downloads: int = 0


@dataclass(slots=True)
class Release:
    """A release; a draft has no tag of its own until it is published."""

    id: int
    tag: str
    target: str
    name: str
    body: str
    draft: bool
    prerelease: bool
    author: int
    created_at: datetime
    nickname: str
    published_at: datetime | None = None
    updated_at: datetime | None = None
    immutable: bool = False
    assets: list[Asset] = field(default_factory=list)


class Releases:
    """The releases of one repository."""

    def __init__(self, repository: RepositoryBooks) -> None:
        self._repository = repository
        self._forge = repository.forge
        self._all: dict[int, Release] = {}

    def list(self, *, drafts: bool) -> list[Release]:
        """Return releases newest first; drafts only to those who may write."""
        return [release for release in reversed(self._all.values()) if drafts or not release.draft]

    def get(self, release_id: int, *, drafts: bool = True) -> Release:
        """Return a release by id."""
        release = self._all.get(release_id)
        if release is None or (release.draft and not drafts):
            raise Refused("Not Found", 404)
        return release

    def asset(self, asset_id: int, *, drafts: bool = True) -> tuple[Release, Asset]:
        """Return an asset by id with its release."""
        for release in self.list(drafts=drafts):
            for asset in release.assets:
                if asset.id == asset_id:
                    return release, asset
        raise Refused("Not Found", 404)

    def create(
        self, account: Account, tag: str, *, name: str = "", body: str = "", draft: bool = False, target: str = ""
    ) -> Release:
        """Return a new release. Any number of drafts may name one tag, but only one published release."""
        if not tag:
            raise Refused("Validation Failed: tag_name is missing")
        now, target = self._forge.now(), target or self._repository.default_branch
        release = Release(
            self._forge.new_id(),
            tag,
            target,
            name,
            body,
            draft,
            prerelease=False,
            author=account.id,
            created_at=now,
            nickname=f"untagged-{secrets.token_hex(10)}",
        )
        if not draft:
            self._publish(release, account)
        self._all[release.id] = release
        return release

    def update(self, release: Release, account: Account, changes: dict[str, object]) -> None:
        """Change name, body, tag or draft state of a release."""
        if release.immutable and changes.keys() - {"name", "body"}:
            raise Refused("Validation Failed: the release is immutable")
        release.name = str(changes.get("name", release.name) or "")
        release.body = str(changes.get("body", release.body) or "")
        release.tag = str(changes.get("tag_name", release.tag))
        release.target = str(changes.get("target_commitish", release.target))
        release.updated_at = self._forge.now()
        if release.draft and changes.get("draft") is False:
            self._publish(release, account)
        elif changes.get("draft") is True:
            release.draft = True

    def _publish(self, release: Release, account: Account) -> None:
        if any(other.tag == release.tag and not other.draft and other is not release for other in self._all.values()):
            raise Refused("Validation Failed: tag_name already_exists")
        git, ref = self._repository.git, f"refs/tags/{release.tag}"
        if git.resolve(ref) is None:
            commit = git.resolve(f"refs/heads/{release.target}") or git.resolve(release.target)
            if commit is None:
                raise Refused("Validation Failed: target_commitish is invalid")
            self._repository.move_ref(ref, commit, account)
        release.draft, release.published_at = False, self._forge.now()
        release.immutable = self._repository.immutable_releases

    def delete(self, release: Release) -> None:
        """Delete a release with its assets; the tag stays."""
        del self._all[release.id]

    # --- assets ------------------------------------------------------------------------------

    def upload(
        self, release: Release, account: Account, name: str, content: bytes, *, content_type: str = "", label: str = ""
    ) -> Asset:
        """Return the stored asset; its name may differ from `name`."""
        stored = stored_name(name)
        if not content:
            raise Refused("Validation Failed: size must be greater than or equal to 1")
        if any(asset.name == stored for asset in release.assets):
            raise Refused("Validation Failed: ReleaseAsset name already_exists")
        asset = self._new_asset(release, account, stored, content)
        asset.content_type, asset.label = content_type or "application/octet-stream", label
        asset.digest, asset.state = f"sha256:{hashlib.sha256(content).hexdigest()}", "uploaded"
        return asset

    def leave_starter(self, release: Release, account: Account, name: str) -> Asset:
        """Return what an interrupted upload leaves behind: a name that is taken by nothing."""
        return self._new_asset(release, account, stored_name(name), b"")

    def _new_asset(self, release: Release, account: Account, name: str, content: bytes) -> Asset:
        if release.immutable:
            raise Refused("Validation Failed: Cannot upload assets to an immutable release.")
        number, now = self._forge.new_id(), self._forge.now()
        path = self._repository.git.path.parent / "assets" / str(number)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        asset = Asset(
            number, name, "", "application/octet-stream", "starter", len(content), None, path, account.id, now, now
        )
        release.assets.append(asset)
        return asset

    def delete_asset(self, release: Release, asset: Asset) -> None:
        """Delete an asset."""
        if release.immutable:
            raise Refused("Validation Failed: Cannot delete asset from an immutable release")
        release.assets.remove(asset)
        asset.path.unlink(missing_ok=True)


def stored_name(name: str) -> str:
    """Return the name under which GitHub stores a file: what it dislikes becomes one dot, outer dots go away."""
    return _REWRITTEN.sub(".", name).strip(".") or "default"
