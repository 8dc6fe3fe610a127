"""Where things lie in the ledger's tree: a key for each question, and its path. All keys follow from what is signed.

A key looks like an object id, since the tree is one of git notes: the first 40 hex digits of SHA-256 over the canonical
array [schema, kind, value, n]. Which kinds there are is the business of `history/places.py`. Fan-out is 2/2/36 for
every note, whatever their number, so that a tree follows from its lines alone.
"""

from __future__ import annotations

from typing import Final

from counterseal.formats import digests, wire

SCHEMA: Final = "counterseal/note/v1"
#: At most so many lines are appended to one note; the next ones go to the next `n`.
MAX_LINES: Final = 16


def key(kind: str, value: str, n: int = 0) -> str:
    """Return the key of a note (40 hex digits).

    Args:
        kind: What is asked.
        value: Of what.
        n: Which of several notes; 0 is the first.
    """
    return digests.sha256(wire.canonical_record([SCHEMA, kind, value, n]))[:40]


def path(note: str) -> str:
    """Return the path of a note in the tree."""
    return f"{note[:2]}/{note[2:4]}/{note[4:]}"


#: The note that has the newest line, and under it the state document.
STATE: Final = key("state", "")
