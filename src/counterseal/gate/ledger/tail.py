"""Reads a ledger from its newest audit on: a few commits, the lines that they add, the notes that those touch (R51).

What lies before is believed for the audit's word, "entries 0 to n, all of them", under a gate's signature; its own
commit is checked like the later ones, on the tree of its parent. From the genesis on, nothing is believed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.errors import AbsentError, FormatError, LedgerError
from counterseal.evaluation import Decision
from counterseal.formats import digests
from counterseal.gate.ledger.walk import Walk, not_an_entry
from counterseal.history import content_of, places
from counterseal.history import state as states
from counterseal.history.events import Audit, Genesis
from counterseal.ledger import Chain, NotesTree, keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from counterseal.gate.ledger.lines import Lines
    from counterseal.history.events import Event
    from counterseal.model import Entry, LedgerCommit
    from counterseal.ports import LedgerSource

#: How many entries a gate reads after the newest audit; with more it audits first.
MAX_TAIL: Final = 64
#: The audit itself, the commit before it, and one whose parents git does not tell where a history is cut off.
_MORE: Final = 3


def read(lines: Lines, source: LedgerSource, look_up: Iterable[str] = ()) -> tuple[Walk, Sequence[Entry]] | None:
    """Return the ledger at its tip and the entries from the newest audit on; None: that lies too far back.

    Args:
        lines: Verifies lines.
        source: Where the ledger lies.
        look_up: Keys that will be asked for.

    Raises:
        LedgerError: A commit is not an entry appended to the one before.
        VerificationError: A line is not validly signed by a gate.
        ServiceError: Something did not come.
    """
    commits = source.commits(MAX_TAIL + _MORE)
    if not commits:
        return Walk(Chain(lines.ledger_id), NotesTree(), lines.judge), ()
    distance = commits[0].since_audit
    if distance is None:
        raise not_an_entry(commits[0], "its message does not say what it adds: no gate wrote it")
    if distance > MAX_TAIL:
        return None
    if len(commits) <= distance:
        raise not_an_entry(
            commits[0], f"it claims to be {distance} entries after an audit, and has {len(commits)} commits"
        )
    window = commits[distance::-1]
    before = commits[distance + 1] if len(commits) > distance + 1 else None
    tree, entries = _brought(lines, source, window, before)
    contents = [content_of(entry) for entry in entries]
    walk = _start(lines, tree, entries, contents, before, look_up)
    for commit, entry, content in zip(window, entries, contents, strict=True):
        walk.step(commit, entry, content)
    return walk, entries


def _brought(
    lines: Lines, source: LedgerSource, window: Sequence[LedgerCommit], before: LedgerCommit | None
) -> tuple[NotesTree, list[Entry]]:
    """Return the tree that the first of some commits is checked on, and the entries of all, brought in one go."""
    for commit in window:
        if commit.line is None:
            raise not_an_entry(commit, "its message does not say what it adds: no gate wrote it")
    notes = [str(commit.line) for commit in window]
    try:
        brought = source.objects({*notes, before.tree} if before else notes)
    except AbsentError as error:
        why = f"its message names a line that nobody pushed, or {error.why}"
        raise not_an_entry(window[-1], f"{error.what}: {why}") from error
    tree = NotesTree(before.tree if before else None, source.objects)
    if before:
        tree.know(brought[before.tree])
    places = zip(window, notes, strict=True)
    return tree, [lines.entry(brought[note], f"commit {commit.id[:12]}") for commit, note in places]


def _start(
    lines: Lines,
    tree: NotesTree,
    entries: Sequence[Entry],
    contents: Sequence[Decision | Event],
    before: LedgerCommit | None,
    look_up: Iterable[str],
) -> Walk:
    """Return the walk before the first entry, which has to be an audit or the genesis."""
    first, link = contents[0], entries[0].link
    if isinstance(first, Decision) or not isinstance(first.body, Audit | Genesis):
        raise LedgerError(
            f"entry {link.sequence} is not the audit that the newest commit takes it for",
            fix="find out who pushed that commit: counterseal log repair",
        )
    if link.sequence == 0:
        return Walk(Chain(lines.ledger_id), NotesTree(), lines.judge)
    if before is None:
        raise LedgerError(f"entry {link.sequence} lies on no commit", why="the ledger's branch was cut off below it")
    pairs = list(zip(entries, contents, strict=True))
    touched = {key for entry, content in pairs for key in places.touched(content, entry.link.entry_id)}
    tree.look_up({*touched, *look_up})
    tree.look_up({keys.STATE, *(key for content in contents for key in places.appended_to(content))}, contents=True)
    line, state = (tree.read(keys.STATE) or b"").split(b"\n")[:2] if tree.blob(keys.STATE) else (b"", b"")
    if digests.sha256(line) != link.previous:
        raise LedgerError(f"entry {link.sequence}: the line before it is not the one that it names")
    try:
        state_before = states.parse(state, f"the state before entry {link.sequence}")
    except FormatError as error:
        raise LedgerError(error.what, why=error.why, fix="upgrade counterseal, if a newer one wrote it") from error
    return Walk(Chain(lines.ledger_id, link), tree, lines.judge, before.id, state_before)
