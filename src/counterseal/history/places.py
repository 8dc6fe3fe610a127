"""Where an entry lies in the ledger's tree: which notes its line adds to, as a pure function of the tree and the line.

`apply` is the one place that makes a tree out of its parent. Gates use it to append, and to check what others appended;
so nothing can be in the tree that no signed line put there. The table of keys: docs/formats.md#keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.errors import LedgerError
from counterseal.evaluation import Decision
from counterseal.history.events import Publication, Withdrawn, consent_of
from counterseal.ledger import keys, state_note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.history.events import Event
    from counterseal.ledger import NotesTree
    from counterseal.model import DocumentDigest, Entry

ENTRY: Final = "entry"
EVIDENCE: Final = "evidence"
#: Lists of entry ids: decisions on a manifest and their withdrawals; publications of a tag.
MANIFEST: Final = "manifest"
PUBLICATION: Final = "publication"
#: Lines of the decisions on a revision, of which the first 16 lie at the revision itself.
REVISION: Final = "revision"


def entry_key(entry_id: str) -> str:
    """Return where the line of an entry lies."""
    return keys.key(ENTRY, entry_id)


def list_key(kind: str, value: str, n: int) -> str:
    """Return where one of the notes of a list lies; a revision's first one has its own id for a key."""
    return value if kind == REVISION and n == 0 else keys.key(kind, value, n)


def lists(content: Decision | Event) -> Iterator[tuple[str, str]]:
    """Yield the lists (kind, value) that an entry is added to."""
    if isinstance(content, Decision):
        if content.manifest is not None:
            yield MANIFEST, content.manifest.sha256
        if content.source is not None and content.source.merged:
            yield REVISION, content.source.revision
    elif isinstance(content.body, Withdrawn):
        yield MANIFEST, content.body.manifest
    elif isinstance(content.body, Publication):
        yield PUBLICATION, content.body.tag


def document_of(content: Decision | Event) -> DocumentDigest | None:
    """Return the digests of the evidence that a decision, or people's consent, rests on; None: there is none."""
    if isinstance(content, Decision):
        return content.evidence_digest
    consent = consent_of(content.body)
    return consent.evidence_digest if consent else None


def document_key(content: Decision | Event) -> str | None:
    """Return where the evidence lies that an entry rests on, or None: it rests on none."""
    document = document_of(content)
    return keys.key(EVIDENCE, document.sha256) if document else None


def touched(content: Decision | Event, entry_id: str) -> tuple[str, ...]:
    """Return the keys that an entry writes to, as far as they do not depend on how long its lists are."""
    fixed = (entry_key(entry_id), keys.STATE, document_key(content))
    return (*filter(None, fixed), *(list_key(kind, value, 0) for kind, value in lists(content)))


def appended_to(content: Decision | Event) -> tuple[str, ...]:
    """Return the keys whose notes have to be read before an entry can be applied, besides longer lists."""
    return tuple(list_key(kind, value, 0) for kind, value in lists(content))


def apply(tree: NotesTree, entry: Entry, content: Decision | Event, state: bytes) -> tuple[str, ...]:
    """Put an entry into the tree of the commit that it is appended to; return the keys that it wrote.

    Args:
        tree: That tree, which becomes the one after the entry.
        entry: The entry.
        content: What it says.
        state: The document of what is in force after it.

    Raises:
        LedgerError: The entry is recorded already.
    """
    link = entry.link
    place = entry_key(link.entry_id)
    if tree.blob(place) is not None:
        raise LedgerError(f"entry {link.sequence}: its id {link.entry_id[:12]} is recorded already")
    written = [place, keys.STATE]
    tree.write(place, entry.line + b"\n")
    if document := document_of(content):
        key = keys.key(EVIDENCE, document.sha256)
        tree.place(key, document.git_blob)
        written.append(key)
    for kind, value in lists(content):
        line = entry.line if kind == REVISION else link.entry_id.encode()
        written.append(_append(tree, kind, value, line))
    tree.write(keys.STATE, state_note(entry.line, state))
    return tuple(written)


def _append(tree: NotesTree, kind: str, value: str, line: bytes) -> str:
    for n, note in notes(tree, kind, value):
        if note.count(b"\n") < keys.MAX_LINES:
            tree.write(list_key(kind, value, n), note + line + b"\n")
            break
    return list_key(kind, value, n)


def notes(tree: NotesTree, kind: str, value: str) -> Iterator[tuple[int, bytes]]:
    """Yield the notes of a list by their number, the last of them being the first that is not full (perhaps empty)."""
    n = 0
    while (note := tree.read(list_key(kind, value, n)) or b"").count(b"\n") >= keys.MAX_LINES:
        yield n, note
        n += 1
    yield n, note


def listed(tree: NotesTree, kind: str, value: str) -> tuple[str, ...]:
    """Return the entry ids in a list, in their order."""
    return tuple(line.decode() for _, note in notes(tree, kind, value) for line in note.split(b"\n") if line)
