"""The ledger's notes as git has them: lines at a tip, and what a history of them lost. Verifies no line.

Any fan-out is read; a note is known by its id (the path without slashes), so that a change of the fan-out is no
change (one such commit moves all notes at once). Sizes are read before contents (R42).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal.adapters.git.history import NO_BLOB, RAW_FORMAT, raw_changes, text
from counterseal.errors import LedgerError, LimitError, ServiceError
from counterseal.model import StoredLedger, StoredLine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sized

    from counterseal.adapters.git.process import Git

MAX_BYTES: Final = 1 << 30
_BATCH: Final = 256

_NOTE = re.compile(r"[0-9a-f]{40}\Z")
#: What decisions rest on, beside the notes: git leaves alone in a notes tree what is no note.
EVIDENCE_FOLDER: Final = "evidence"
_EVIDENCE = re.compile(rf"{EVIDENCE_FOLDER}/[0-9a-f]{{64}}\.json\Z")


@dataclass(frozen=True, slots=True)
class Note:
    """A blob in a notes tree: the object that it is for, and where it lies."""

    key: str
    path: str
    blob: str
    size: int


def notes_at(git: Git, tip: str, *, limit: int = MAX_BYTES) -> tuple[Note, ...]:
    """Return the notes at a commit, without their contents; the evidence beside them is passed over.

    Raises:
        LedgerError: Something else lies there: another mode than 100644, a path that is neither.
        LimitError: Together they have more than `limit` bytes.
        ServiceError: One is not there.
    """
    notes, beside = [], 0
    listed = git.read_fixed("ls-tree", "-r", "-l", "-z", "--full-tree", "--end-of-options", tip)
    for entry in listed.split(b"\0"):
        if not entry:
            continue
        facts, _, name = entry.partition(b"\t")
        mode, kind, blob, size = facts.decode("ascii", "replace").split()
        path = text(name)
        key = path.replace("/", "")
        is_evidence = _EVIDENCE.match(path) is not None
        if (mode, kind) != ("100644", "blob") or not (is_evidence or _NOTE.match(key)):
            raise LedgerError(
                f"{path[:100]!r} in the ledger's notes is not a note",
                why=f"a {kind} of mode {mode}; notes are blobs of mode 100644, named by an object id",
                fix="find out who pushed it, and remove it with `git notes` or from a clone that you trust",
            )
        if not size.isdecimal():
            raise ServiceError(
                f"this repository lacks the note {path[:100]}",
                why=f"git says {size[:20]} of its blob {blob[:12]}",
                fix="clone it anew, whole: without --filter, and not by copying files",
            )
        if is_evidence:
            beside += int(size)
        else:
            notes.append(Note(key, path, blob, int(size)))
    if (total := beside + sum(note.size for note in notes)) > limit:
        raise LimitError(f"the ledger's notes have {total} bytes", why=f"at most {limit} are read")
    return tuple(notes)


def lines_of(content: bytes) -> list[bytes]:
    """Return the lines of a note; `git notes append` leaves empty ones, which are passed over."""
    return [line for line in content.split(b"\n") if line]


def read(
    git: Git,
    notes: str | None,
    mirror: str | None,
    *,
    limit: int = MAX_BYTES,
    known: dict[str, bytes] | None = None,
) -> StoredLedger:
    """Return the stored ledger at two tips (None: absent) of a repository that has them.

    Args:
        git: The repository.
        notes: Tip of the notes.
        mirror: Tip of the mirror.
        limit: Bytes that are read at most.
        known: Contents of notes by blob from an earlier call; left as the contents of this one.

    Raises:
        LedgerError: Something in the tree is no note.
        ServiceError: It is too large, or git failed.
    """
    listed = notes_at(git, notes, limit=limit) if notes else ()
    known = {} if known is None else known
    contents = {note.blob: known[note.blob] for note in listed if note.blob in known}
    contents |= git.contents({note.blob for note in listed if note.blob not in contents}, limit=limit)
    known.clear()
    known.update(contents)
    lines = tuple(StoredLine(note.key, line) for note in listed for line in lines_of(contents[note.blob]))
    kept = {line.line for line in lines}
    removed = None
    if mirror:
        removed = _removed(git, mirror, kept, limit)
        if removed is None and mirror != notes:
            removed = _behind(git, mirror, kept, limit)
    return StoredLedger(notes, mirror, lines, removed)


def _behind(git: Git, mirror: str, kept: set[bytes], limit: int) -> str | None:
    """Return what the tip of the mirror has and the notes have not, or None."""
    contents = git.contents({note.blob for note in notes_at(git, mirror, limit=limit)}, limit=limit)
    missing = {line for content in contents.values() for line in lines_of(content)} - kept
    return f"the notes lack {_number(missing)} that the mirror at {mirror[:12]} has" if missing else None


def _removed(git: Git, tip: str, kept: set[bytes], limit: int) -> str | None:
    """Return what a commit in the history of `tip` took away and `kept` has not, or None.

    Every commit is compared with every one of its parents: a merge that drops what one side had is found too.
    """
    printed = git.read("log", "--root", "-m", "--reverse", "--topo-order", *RAW_FORMAT, "--end-of-options", tip, "--")
    changed: dict[str, tuple[set[str], set[str]]] = {}
    for change in raw_changes(printed):
        old, new = changed.setdefault(change.commit, (set(), set()))
        old.add(change.old)
        new.add(change.new)
    for commit, blobs in _replaced(git, changed, limit):
        missing = {line for content in blobs for line in lines_of(content)} - kept
        if missing:  # rare, and it may have been a later commit that removed them
            now = git.contents(changed[commit][1] - {NO_BLOB}, limit=limit).values()
            if gone := missing - {line for content in now for line in lines_of(content)}:
                return f"commit {commit[:12]} removed {_number(gone)} from the ledger"
    return None


def _replaced(
    git: Git, changed: Mapping[str, tuple[set[str], set[str]]], limit: int
) -> Iterator[tuple[str, list[bytes]]]:
    """Yield the commits that replaced or deleted blobs, with the contents of those, read in batches."""
    waiting = [(commit, old - new - {NO_BLOB}) for commit, (old, new) in changed.items() if old - new - {NO_BLOB}]
    for start in range(0, len(waiting), _BATCH):
        batch = waiting[start : start + _BATCH]
        contents = git.contents({blob for _, blobs in batch for blob in blobs}, limit=limit)
        for commit, blobs in batch:
            yield commit, [contents[blob] for blob in blobs]


def _number(lines: Sized) -> str:
    return "1 line" if len(lines) == 1 else f"{len(lines)} lines"
