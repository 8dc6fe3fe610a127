"""Keeps the ledger in git notes and a mirror branch: `fetch` reads both, `push` appends one line to both at once.

An append is one commit on the notes' tip, written by `git fast-import` (never `git notes append`, which adds
empty lines) in the fan-out 2/38, and one atomic push that expects both refs where they were read. It knows bytes
and notes; what a line says and whether it may be signed is decided elsewhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from counterseal.adapters.git import notes
from counterseal.adapters.git.process import Git, explain
from counterseal.adapters.git.remote import GITHUB_USER, REMOTE_SECONDS, Remote, transient
from counterseal.errors import FormatError, LedgerError, ServiceError
from counterseal.formats import digests
from counterseal.identifiers import MIRROR_BRANCH, MIRROR_REF, NOTES_REF

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from counterseal.adapters.git.watch import Ended
    from counterseal.model import StoredLedger

COMMITTER: Final = ("counterseal", "counterseal@users.noreply.github.com")
MAX_MESSAGE: Final = 4000

#: An object that git knows without having it.
_EMPTY_TREE: Final = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_NOTES_HERE: Final = "refs/counterseal/notes"
_MIRROR_HERE: Final = "refs/counterseal/mirror"
_NEXT: Final = "refs/counterseal/next"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
#: Answers of the remote about a ref that somebody else moved first, in git's words.
_MOVED = re.compile(r"is at [0-9a-f]{40} but expected|reference already exists|unable to resolve reference")
#: Said before the connection is closed, which would look like a failed connection.
_UNABLE = re.compile(r"the receiving end does not support .*")
_LOCKED = re.compile(r"Unable to create '([^']*\.lock)': File exists")
_RACE = ("fetch first", "non-fast-forward", "stale info")
#: What the innocent ref of an atomic push is told, and what says nothing by itself.
_ECHO = ("atomic push failed", "atomic push failure", "atomic transaction failed", "failed to update ref")


class GitLedgerStore:
    """A `LedgerStore` at a git remote.

    Args:
        url: Address of the remote (see `Remote`).
        folder: Where our bare copy lies, not shared with another store or repository; made if it is not there.
        token: For the remote, with the right to push; None: none is sent.
        user: The name that goes with the token.
        push_options: For the forge (`ci.skip` on GitLab).
        seconds: After this time a push is killed; it may have succeeded then.
    """

    def __init__(
        self,
        url: str,
        folder: Path,
        *,
        token: str | None,
        user: str = GITHUB_USER,
        push_options: Sequence[str] = (),
        seconds: float = REMOTE_SECONDS,
    ) -> None:
        self._remote = Remote(url, token, user=user)
        self._git = Git(folder)
        self._git.create()
        self._push_options = tuple(f"--push-option={option}" for option in push_options)
        self._seconds = seconds
        self._known: dict[str, bytes] = {}
        #: Commits that are here with all that they stand on: fetched ones, and ours on top of them.
        self._whole: set[str] = set()
        self._latest: StoredLedger | None = None
        self._locked: tuple[str | None, str] | None = None

    def check_push(self) -> None:
        """Ask the remote whether it would take a push of ours; nothing is pushed.

        A dry run asks for the service of pushes (`git-receive-pack`), where forges judge the token; it sends nothing,
        so hooks and rules of branches do not run.

        Raises:
            ServiceError: It would not.
        """
        nothing = f"{_EMPTY_TREE}:refs/counterseal/probe"
        options = ("--dry-run", "--porcelain", "--no-verify", "--end-of-options")
        answer = self._remote.patiently(self._git, "push", *options, self._remote.url, nothing)
        if answer.code != 0:
            raise self._remote.failure("this job could not push the ledger", answer, pushing=True)

    def tips(self) -> tuple[str | None, str | None]:
        """Return where notes ref and mirror are at the remote now (None: absent)."""
        present = self._remote.refs(self._git, NOTES_REF, MIRROR_REF)
        return present.get(NOTES_REF), present.get(MIRROR_REF)

    def fetch(self) -> StoredLedger:
        """Return what the remote has now: both refs, every line, and what the mirror's history lost.

        Raises:
            LedgerError: Something in the tree is no note.
            ServiceError: The remote cannot be read, its history is cut off, or the ledger is too large.
        """
        present = self._remote.refs(self._git, NOTES_REF, MIRROR_REF)
        tips = present.get(NOTES_REF), present.get(MIRROR_REF)
        if not self._whole.issuperset(present.values()):
            tips = self._bring(present)
            self._whole.update(tip for tip in tips if tip)
        if self._latest is None or (self._latest.notes, self._latest.mirror) != tips:
            self._latest = notes.read(self._git, *tips, known=self._known)
        return self._latest

    def _bring(self, present: Mapping[str, str]) -> tuple[str | None, str | None]:
        """Return the tips of those refs that the remote has, after bringing them here with their whole history."""
        there = {NOTES_REF: _NOTES_HERE, MIRROR_REF: _MIRROR_HERE}
        wanted = {ref: here for ref, here in there.items() if ref in present}
        # what the remote deleted may live on here, and is not asked for
        tips = {} if self._git.is_empty else self._git.tips(*wanted.values())
        if any(tips.get(here) != present[ref] for ref, here in wanted.items()):
            self._remote.fetch(self._git, wanted)
            tips = self._git.tips(*wanted.values())
        return tips.get(_NOTES_HERE), tips.get(_MIRROR_HERE)

    def push(self, base: StoredLedger, note: str, line: bytes, message: str, *, evidence: bytes = b"") -> bool:
        """Append `line` to the note `note` and move notes ref and mirror together, fast-forward only.

        Args:
            base: What `fetch` of this store returned.
            note: 40 hex digits, the object that the note is for.
            line: The entry without newline.
            message: The commit message; control characters are replaced.
            evidence: A document to keep beside the line, as `evidence/<sha256>.json`; nothing if empty.

        Returns:
            True if the remote has the line now. False if it may or may not have it: somebody was faster, or the
            connection failed. Fetch again, and look for the line before anything else.

        Raises:
            LedgerError: Notes and mirror were not at the same commit in `base`.
            ServiceError: The remote refused for good.
        """
        if base.notes != base.mirror:
            raise LedgerError("nothing is appended: notes and mirror differ", why=f"{base.notes} and {base.mirror}")
        if not digests.is_revision(note) or not line or b"\n" in line:
            raise FormatError("an append needs a full object id and one line")
        commit = self._commit(base.notes, note, line, message, evidence)
        expected = base.notes or ""
        answer = self._remote.run(
            self._git,
            "push",
            "--porcelain",
            "--atomic",
            "--no-verify",
            *self._push_options,
            *(f"--force-with-lease={ref}:{expected}" for ref in (NOTES_REF, MIRROR_REF)),
            "--end-of-options",
            self._remote.url,
            *(f"{commit}:{ref}" for ref in (NOTES_REF, MIRROR_REF)),
            seconds=self._seconds,
        )
        return answer.code == 0 or self._judge(base.notes, answer)

    def _judge(self, base: str | None, answer: Ended) -> bool:
        """Return False if it is worth fetching again; raise if the refusal is final."""
        rejected = _rejections(answer)
        final = [why for why in rejected if not why.startswith((*_RACE, *_ECHO))]
        if final:
            raise self._remote.failure(f"the push of the ledger was refused ({final[0][:200]})", answer, pushing=True)
        if any(why.startswith(_RACE) for why in rejected) or _MOVED.search(answer.messages):
            return False
        if lock := _LOCKED.search(answer.messages):
            if self._locked == (base, lock[1]):
                raise ServiceError(
                    f"the ledger at {self._remote.url} is locked",
                    why=f"{lock[1].replace('/./', '/')} was there twice while nobody moved the ref: a push died there",
                    fix="remove that file at the remote when no push is running",
                )
            self._locked = (base, lock[1])
            return False
        if transient(answer) and not rejected and not _UNABLE.search(answer.messages):
            return False
        raise self._remote.failure("the push of the ledger failed", answer, pushing=True)

    def _commit(self, base: str | None, note: str, line: bytes, message: str, evidence: bytes) -> str:
        path, content = _place(self._git, base, note)
        name, address = COMMITTER
        text = (_CONTROL.sub("?", message).strip()[:MAX_MESSAGE] or "counterseal ledger entry").encode()
        parts = (
            # without the reset, a first commit would be put on top of what an earlier append left here
            f"reset {_NEXT}\ncommit {_NEXT}\nmark :1\ncommitter {name} <{address}> now\n".encode(),
            b"data %d\n%s\n" % (len(text), text),
            f"from {base}\n".encode() if base else b"",
            f"M 100644 inline {path}\n".encode(),
            b"data %d\n%s\n" % (len(content) + len(line) + 1, content + line + b"\n"),
            _evidence(evidence),
            b"get-mark :1\ndone\n",
        )
        options = ("--quiet", "--force", "--done", "--date-format=now")
        self._git.is_empty = False
        commit = self._git.read("fast-import", *options, data=b"".join(parts)).decode().strip()
        if base is None or base in self._whole:
            self._whole.add(commit)
        return commit


class LocalLedger:
    """Reads the ledger in a clone of somebody's, without talking to any remote.

    Args:
        folder: The clone, or a folder in its work tree.
    """

    def __init__(self, folder: Path) -> None:
        self._git = Git(folder, own=False)

    def fetch(self) -> StoredLedger:
        """Return what the clone has: notes, the mirror as last fetched (or as a branch), and every line.

        Raises:
            LedgerError: Something in the tree is no note.
            ServiceError: It is no clone, a shallow one or one that lacks objects, or it belongs to somebody else.
        """
        asked = self._git.run("rev-parse", "--is-shallow-repository")
        if asked.code != 0:
            raise ServiceError(
                f"{self._git.folder} cannot be read as a git repository",
                why=explain(asked),
                fix="name a clone that has the ledger: --folder PATH",
            )
        if asked.out.strip() != b"false":
            raise ServiceError(
                "this clone is shallow", why="the history of the ledger is cut off", fix="git fetch --unshallow"
            )
        partial = self._git.is_partial()
        if partial and not self._git.fetches_nothing():
            raise ServiceError(
                "this clone is a partial one, and this version of git would fetch what it lacks",
                why="reading a ledger must start nothing that the clone's configuration names",
                fix="use git 2.45 or newer, or a clone made without --filter",
            )
        try:
            return self._read()
        except ServiceError as error:
            if not partial:
                raise
            raise ServiceError(
                "this clone is a partial one and lacks a part of the ledger",
                why=error.why or error.what,
                fix="git fetch --refetch --no-filter origin, or make a clone without --filter",
            ) from error

    def _read(self) -> StoredLedger:
        fetched = f"refs/remotes/origin/{MIRROR_BRANCH}"
        tips = self._git.tips(NOTES_REF, fetched, MIRROR_REF)
        return notes.read(self._git, tips.get(NOTES_REF), tips.get(fetched) or tips.get(MIRROR_REF))


def origin(folder: Path) -> str:
    """Return the address that a clone came from, as it was given; empty where git knows of none."""
    answer = Git(folder, own=False).run("config", "--get", "remote.origin.url")
    return answer.out.decode("utf-8", "replace").strip() if answer.code == 0 else ""


def _evidence(document: bytes) -> bytes:
    """Return the part of a commit, as `git fast-import` reads it, that keeps a document."""
    if not document:
        return b""
    path = f"{notes.EVIDENCE_FOLDER}/{digests.sha256(document)}.json"
    return b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(document), document)


def _place(git: Git, base: str | None, key: str) -> tuple[str, bytes]:
    """Return the path of a note at a commit with what is in it; a new one goes into the fan-out 2/38."""
    fresh = f"{key[:2]}/{key[2:]}"
    stored = [note for note in notes.notes_at(git, base) if note.key == key] if base else []
    if not stored:
        return fresh, b""
    content = git.contents([stored[0].blob], limit=notes.MAX_BYTES)[stored[0].blob]
    return stored[0].path, content if content.endswith(b"\n") or not content else content + b"\n"


def _rejections(answer: Ended) -> list[str]:
    """Return the reasons in the `!` lines of `git push --porcelain`."""
    lines = answer.out.decode("utf-8", "replace").splitlines()
    reasons = (line.rpartition("\t")[2] for line in lines if line.startswith("!"))
    return [reason.partition("(")[2].rpartition(")")[0] for reason in reasons]
