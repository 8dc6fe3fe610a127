"""What the core asks of a forge: change requests and people; releases and their assets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from counterseal.model import (
        Actor,
        BranchMove,
        BuildStart,
        ChangeRequest,
        Merge,
        OpenChange,
        Permission,
        Release,
        Repository,
        StartedRun,
    )


class Forge(Protocol):
    """Reads change requests and people; opens requests."""

    def repository(self) -> Repository:
        """Return the repository by host, numeric id and name."""

    def default_ref(self) -> str:
        """Return the full ref of the default branch."""

    def check_settings(self) -> Sequence[str]:
        """Check that a gate can read what it decides on, and what else of the forge's settings a gate can see.

        Returns:
            What will be missed later, a sentence each.

        Raises:
            ServiceError: What a decision needs cannot be read, or written; the message names the setting.
        """

    def protected(self, ref: str) -> bool:
        """Return whether the forge protects a branch at all.

        Raises:
            ServiceError: The token may not see it.
        """

    def direct_push(self, ref: str) -> str:
        """Return, in a sentence, who may push to a branch directly as far as can be seen, or nothing if nobody may."""

    def current_actor(self) -> Actor:
        """Return the account behind the token.

        Raises:
            ServiceError: The token is a job's or an App's, behind which there is no account.
        """

    def change_request_of(self, revision: str, base_ref: str) -> ChangeRequest | None:
        """Return the merged change request that brought `revision` onto `base_ref`, completely read, or None.

        Raises:
            ServiceError: More than one claims it, an unknown state, a missing page or field (R01).
        """

    def merge_of(self, revision: str, base_ref: str) -> Merge | None:
        """Return how a change request brought `revision` onto `base_ref`, or None if none did.

        One that ends in `revision` goes before one that `revision` is a part of, and one that the forge merged before
        one that it calls merged because somebody pushed its commits.
        """

    def build_start(self, run_uri: str) -> BuildStart | None:
        """Return whose hands were on the run (GitHub) or job (GitLab) of this address, or None if it is gone."""

    def change_request(self, number: int) -> ChangeRequest:
        """Return a change request, open or merged, completely read."""

    def open_changes(self, base_ref: str) -> Iterator[OpenChange]:
        """Yield the open change requests into a branch, newest first, as far as somebody asks for more."""

    def moves(self, ref: str) -> Iterator[BranchMove]:
        """Yield how a branch was moved, newest first, by the log of pushes; nothing if the log says nothing of it."""

    def permission(self, actor: Actor) -> Permission:
        """Return what the account may do in the repository now, checked against its numeric id."""

    def actor(self, login: str) -> Actor:
        """Return the account that has this login now."""

    def least_to_start(self) -> Permission:
        """Return from which permission on people may start a run of the gate on the default branch."""

    def changed_files(self, number: int) -> Sequence[str]:
        """Return the paths that a change request touches."""

    def file_at(self, revision: str, path: str) -> bytes | None:
        """Return a file of the repository at a revision through the API (previews have no clone)."""

    def open_request(self, *, branch: str, path: str, content: bytes, title: str, body: str) -> tuple[int, str]:
        """Open a change request that adds one file to the default branch; return its number and URL."""

    def comment(self, number: int, marker: str, body: str) -> None:
        """Put one comment on a change request, replacing our own earlier one that begins with `marker`."""


class GateRuns(Protocol):
    """Starts runs of the gate by hand, in the name of whoever holds the token, and looks how far they are."""

    def start(self, file: str, ref: str, inputs: Mapping[str, str]) -> StartedRun:
        """Start the workflow or pipeline of a file, once; nothing is repeated.

        Args:
            file: The file in which the gate runs.
            ref: The full ref of the default branch.
            inputs: By name what the run is told.

        Raises:
            ServiceError: The forge refused, or nobody knows whether it started.
        """

    def look(self, run: StartedRun) -> StartedRun:
        """Return how far a run is."""


class AssetStore(Protocol):
    """Releases and their assets. Every write can be repeated: it looks for what is already there."""

    def releases(self, tag: str) -> Sequence[Release]:
        """Return all releases of a tag, drafts included, each with all its assets."""

    def release(self, release_id: int) -> Release | None:
        """Return a release by id with all its assets, or None."""

    def drafts(self) -> Sequence[Release]:
        """Return every draft release, without its assets."""

    def proven(self) -> Iterator[Release]:
        """Yield the published releases with a ledger proof among their assets, each with all of them, newest first."""

    def create_draft(self, tag: str, name: str) -> Release:
        """Create a draft release for an existing tag; where only its first file makes it, its id is 0 until then."""

    def download(self, release: Release, asset_id: int, target: Path, *, max_bytes: int) -> None:
        """Write the bytes of an asset to `target`."""

    def upload(self, release: Release, name: str, path: Path) -> int:
        """Upload a file as an asset and return the id; a leftover of an interrupted upload is replaced.

        Raises:
            ServiceError: An asset of this name with other bytes is there, or the forge stored it under another name.
        """

    def delete(self, release: Release, asset_id: int) -> None:
        """Delete an asset."""

    def publish(self, release: Release) -> Release:
        """Make a draft public and return the release as the forge then shows it."""

    def unpublish(self, release: Release) -> bool:
        """Make a public release a draft again; return whether the forge did."""
