"""Says which of several whole ledgers is the one: the largest that has all that was published. Pure.

A ledger that verifies need not be the right one. Whoever may force-push can bring back one of its earlier states, and
can fork it with an entry that a gate signed in a lost race. So each published proof has to be in it, and of two ledgers
that both have them none may say something else than the other: then people have to find out, and nothing is chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.errors import LedgerError
from counterseal.formats import digests

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterseal.commands.repair.looking import Found, Whole
    from counterseal.model import Entry


def choose(found: Found, proofs: Mapping[str, Entry]) -> Whole:
    """Return the largest whole ledger that has every published proof.

    Args:
        found: What there is.
        proofs: The publication entry that each release proves, by tag.

    Raises:
        LedgerError: There is none, or two that are not one the continuation of the other.
    """
    if not found.whole:
        seen = "; ".join(f"{broken.commit[:12]}: {broken.why}" for broken in found.broken[:_SHOWN])
        raise LedgerError(
            "no commit that the forge still has is a whole ledger",
            why=seen or f"of {len(found.gone)} commits that the log of pushes names the forge has none any more",
            fix=_FROM_A_CLONE,
        )
    complete = [whole for whole in found.whole if not lacking(whole, proofs)]
    if not complete:
        largest = max(found.whole, key=lambda whole: whole.entries)
        tags = ", ".join(lacking(largest, proofs)[:_SHOWN])
        raise LedgerError(
            "no ledger that the forge still has contains everything that was published",
            why=f"the largest, {_named(largest)}, lacks the entry that the release proves of: {tags}",
            fix=_FROM_A_CLONE,
        )
    best = max(complete, key=lambda whole: whole.entries)
    for other in complete:
        if not best.extends(other):
            raise _forked(best, other)
    return best


def lacking(whole: Whole, proofs: Mapping[str, Entry]) -> Sequence[str]:
    """Return the tags whose proven entry a ledger does not have at its place."""
    return [
        tag
        for tag, proven in proofs.items()
        if proven.link.sequence >= whole.entries
        or whole.said[proven.link.sequence] != digests.sha256(proven.attestation.payload)
    ]


def parting(one: Whole, other: Whole) -> int:
    """Return the number of the first entry in which two ledgers differ, none being the continuation of the other."""
    low, high = 0, min(one.entries, other.entries)
    while low < high:  # each entry vouches for all before it
        middle = (low + high) // 2
        low, high = (middle + 1, high) if one.said[middle] == other.said[middle] else (low, middle)
    return low


def _forked(best: Whole, other: Whole) -> LedgerError:
    return LedgerError(
        "two ledgers are whole, and neither goes on from the other",
        why=f"{_named(best)} and {_named(other)} part at entry {parting(best, other)}, and no published proof decides",
        fix="nothing is proposed: look at both (git fetch origin COMMIT, then git log COMMIT), find out who pushed "
        "each, and decide with all maintainers which one people relied on",
    )


def _named(whole: Whole) -> str:
    return f"{whole.commit[:12]} with {whole.entries} {'entry' if whole.entries == 1 else 'entries'}"


_SHOWN = 5
_FROM_A_CLONE = "look for a clone that has it: counterseal log verify there; then push it from there"
