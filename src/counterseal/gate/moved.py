"""How the ledger's branch was moved otherwise than by a gate's append: what an audit records of it (R51).

A gate moves the branch from one entry to the next. Whatever else the forge's log of pushes has, somebody with more
rights did: a rewind, a deletion, another branch in its place, and the repair of that.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from counterseal.errors import CountersealError
from counterseal.history.events import Moved
from counterseal.identifiers import LEDGER_REF

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from counterseal.gate.opening import Gate
    from counterseal.model import BranchMove

#: How many lines of the log are looked at, and how many moves an audit names: the newest.
MAX_READ: Final = 300
MAX_MOVES: Final = 16


def unrecorded(gate: Gate, known: Collection[Moved]) -> tuple[Moved, ...] | None:
    """Return the moves that no audit names yet, oldest first; None: the forge's log cannot be read.

    Args:
        gate: The gate.
        known: Those that audits name.
    """
    try:
        commits = gate.store.commits(None)
        places = {commit.id: len(commits) - 1 - number for number, commit in enumerate(commits)}
        moves = islice(gate.sources.forge.moves(LEDGER_REF), MAX_READ)
        return tuple(move for move in strange(moves, places) if move not in known)[-MAX_MOVES:]
    except CountersealError:
        return None


def strange(moves: Iterable[BranchMove], places: Mapping[str, int]) -> list[Moved]:
    """Return the moves that are no append, oldest first.

    Args:
        moves: The log, newest first.
        places: Of each commit of the branch the entry that it adds.
    """
    found: list[Moved] = []
    for move in moves:
        before = -1 if move.before is None else places.get(move.before)
        after = None if move.after is None else places.get(move.after)
        if before is None or after is None or after != before + 1:
            found.append(Moved(move.at, move.actor, move.before, move.after))
    return found[::-1]
