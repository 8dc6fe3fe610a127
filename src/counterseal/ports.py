"""What the core asks of the world: one Protocol each, implemented in `adapters/`, handed in by `wiring.py`.

Every method either does all it says or raises a `CountersealError`; none returns half an answer (R01).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from counterseal.model import (
        Actor,
        Attestation,
        BuildInputs,
        BuildStart,
        Certificate,
        ChangeRequest,
        Merge,
        Permission,
        ProcessResult,
        Release,
        Repository,
        Run,
        StoredLedger,
        Subject,
    )


class Clock(Protocol):
    """The only source of `now`."""

    def now(self) -> datetime:
        """Return the current moment, aware, in UTC."""


class Environment(Protocol):
    """The CI run that we are in."""

    def run(self) -> Run:
        """Return the run as its OIDC token tells it.

        Raises:
            UsageError: No CI run with an identity; the message shows the YAML to paste.
        """


class Signer(Protocol):
    """Signs with the identity of this run; one certificate for all that one signer signs."""

    def sign_statement(self, payload: bytes) -> bytes:
        """Return a Sigstore bundle (one JSON line, no newline) around exactly these payload bytes."""

    def sign_digest(self, digest: str) -> bytes:
        """Return a Sigstore bundle (one JSON line) with a blob signature over a file with this sha256."""


class BundleVerifier(Protocol):
    """Verifies bundles against one trust root, offline. Says who signed, not whether they may."""

    def verify_statement(self, bundle: bytes, what: str) -> Attestation:
        """Return the attestation in a bundle after every cryptographic check.

        Args:
            bundle: One bundle as received.
            what: Name of the bundle for messages.

        Raises:
            VerificationError: A check failed; the message says which.
        """

    def verify_digest(self, bundle: bytes, digest: str, what: str) -> Certificate:
        """Return who made the blob signature in a bundle over a file with this sha256."""


class SourceRepository(Protocol):
    """The git repository, read from a bare copy of its own (R36)."""

    def default_ref(self) -> str:
        """Return the full ref of the default branch."""

    def resolve(self, ref: str) -> str | None:
        """Return the commit that a full ref points to (tags peeled), as the remote has it now, or None."""

    def read_file(self, revision: str, path: str) -> bytes | None:
        """Return the bytes of a regular file at a revision, or None if there is none."""

    def file_mode(self, revision: str, path: str) -> str | None:
        """Return the git mode of a path at a revision, or None."""

    def is_ancestor(self, revision: str, of: str) -> bool:
        """Return whether `revision` is reachable from `of` (True if they are equal)."""

    def parent(self, revision: str, generations: int = 1) -> str | None:
        """Return the first parent so many generations back, or None."""

    def first_parents(self, revision: str) -> Sequence[str]:
        """Return the first-parent line that ends in `revision`, newest first: what a branch's tips were, and more."""

    def commits_touching(self, revision: str, path: str) -> Sequence[str]:
        """Return the commits of the first-parent line of `revision` that changed a path, newest first."""

    def added_files(self, ref_revision: str, folder: str) -> Sequence[tuple[str, str]]:
        """Return (commit, path) of each file that a first-parent commit added under `folder`, oldest first."""

    def changed_paths(self, base: str, revision: str) -> Sequence[str]:
        """Return every path that differs between two revisions."""

    def fetch_head(self, number: int) -> str | None:
        """Return the head of a change request after fetching it, or None if the forge has lost it."""


class LedgerStore(Protocol):
    """Where the lines of the ledger lie. Knows bytes and notes, no signatures."""

    def check_push(self) -> None:
        """Ask the remote whether it would take a push of ours; nothing is pushed.

        It tells what the token may do, not what the rules of a branch are: those show at a push.

        Raises:
            ServiceError: It would not; the message names the setting.
        """

    def tips(self) -> tuple[str | None, str | None]:
        """Return where notes ref and mirror are at the remote now (None: absent); cheap."""

    def fetch(self) -> StoredLedger:
        """Return what the remote has now: both refs and every line."""

    def push(self, base: StoredLedger, note: str, line: bytes, message: str) -> bool:
        """Append `line` to the note `note` and move notes ref and mirror together, fast-forward only.

        Args:
            base: What `fetch` returned; the new commit has its tip as the only parent.
            note: 40 hex digits, the object that the note is for.
            line: The entry without newline.
            message: The commit message, a courtesy to readers.

        Returns:
            True if the remote has the line now. False if it may or may not have it, because somebody else was
            faster or the connection broke: fetch again and look for the line.

        Raises:
            ServiceError: Any other refusal; it is final. The remote is unchanged, or the message says it may not be.
        """


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

    def moves(self, ref: str) -> Iterator[tuple[datetime, str | None]]:
        """Yield when a branch was moved and where to (None: it was deleted), newest first, by the log of pushes."""

    def permission(self, actor: Actor) -> Permission:
        """Return what the account may do in the repository now, checked against its numeric id."""

    def actor(self, login: str) -> Actor:
        """Return the account that has this login now."""

    def changed_files(self, number: int) -> Sequence[str]:
        """Return the paths that a change request touches."""

    def file_at(self, revision: str, path: str) -> bytes | None:
        """Return a file of the repository at a revision through the API (previews have no clone)."""

    def open_request(self, *, branch: str, path: str, content: bytes, title: str, body: str) -> tuple[int, str]:
        """Open a change request that adds one file to the default branch; return its number and URL."""

    def comment(self, number: int, marker: str, body: str) -> None:
        """Put one comment on a change request, replacing our own earlier one that begins with `marker`."""


class AssetStore(Protocol):
    """Releases and their assets. Every write can be repeated: it looks for what is already there."""

    def releases(self, tag: str) -> Sequence[Release]:
        """Return all releases of a tag, drafts included, each with all its assets."""

    def release(self, release_id: int) -> Release | None:
        """Return a release by id with all its assets, or None."""

    def drafts(self) -> Sequence[Release]:
        """Return every draft release, without its assets."""

    def newest_published(self, passing_over: Collection[int] = ()) -> Release | None:
        """Return the newest published release with a ledger proof among its assets, or None.

        Args:
            passing_over: Ids of releases whose proof turned out to be worth nothing.
        """

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


class SbomBuilder(Protocol):
    """Makes an SBOM of a project; one implementation an ecosystem."""

    def build(self, project: Path, subjects: Iterable[Subject], *, revision: str | None, epoch: int) -> bytes:
        """Return a schema-valid CycloneDX 1.6 JSON document; equal inputs give equal bytes.

        Args:
            project: Folder of the project.
            subjects: The artifacts, which become file components with their digests.
            revision: Source revision, recorded at the root component.
            epoch: Seconds since 1970 for the document's timestamp (SOURCE_DATE_EPOCH).
        """


class SubjectFiles(Protocol):
    """The files of the workspace that are to be signed."""

    def collect(self, patterns: Sequence[str]) -> Sequence[tuple[Path, Subject]]:
        """Return each named file once, with its subject, in the order of the names.

        Args:
            patterns: Paths, globs and checksum lists (`SHA256SUMS`), relative to the workspace.

        Raises:
            UsageError: A pattern matches nothing; a symlink, a folder, an empty file, a refused name or content.
        """


class BuildFacts(Protocol):
    """What can be known here about how something was built."""

    def collect(self, project: Path, files: Sequence[Path]) -> BuildInputs:
        """Return digests of the project's lock files, tools, platform and the allowed variables.

        Args:
            project: Folder of the project.
            files: The artifacts; a wheel says which tool made it.
        """


class Shell(Protocol):
    """Starts other programs; for the demo, which drives counterseal and git as a user would."""

    def run(
        self, arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str] | None = None
    ) -> ProcessResult:
        """Return what a program said after it ended.

        Args:
            arguments: The program and its arguments.
            folder: Where it runs.
            environment: All that it sees of the environment, beside PATH and HOME.
        """
