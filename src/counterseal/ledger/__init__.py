"""A log of signed statements: lines, their chain, the proofs of their past (RFC 6962), and the tree that they lie in.

It knows nothing of decisions: what lines say, and so where they lie, is told by `history/`.
"""

from __future__ import annotations

from counterseal.ledger import keys
from counterseal.ledger.chain import RESTORE, Chain
from counterseal.ledger.entry import (
    FORMAT,
    MAX_LINE,
    MAX_PROOF,
    MAX_SKEW,
    STOPPED,
    UPGRADE,
    LedgerProof,
    check_line,
    check_link,
    entry_id,
    entry_of,
    link_of,
    moment_problem,
    parse_proof,
    state_note,
    state_of,
    verify_proof,
)
from counterseal.ledger.notes import NotesTree

__all__ = [
    "FORMAT",
    "MAX_LINE",
    "MAX_PROOF",
    "MAX_SKEW",
    "RESTORE",
    "STOPPED",
    "UPGRADE",
    "Chain",
    "LedgerProof",
    "NotesTree",
    "check_line",
    "check_link",
    "entry_id",
    "entry_of",
    "keys",
    "link_of",
    "moment_problem",
    "parse_proof",
    "state_note",
    "state_of",
    "verify_proof",
]
