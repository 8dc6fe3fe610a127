"""A log of signed statements: lines, their chain, the proofs of their past (RFC 6962). It knows nothing of decisions.

Where lines lie is the business of a store, what they say that of `history/`.
"""

from __future__ import annotations

from counterseal.ledger.chain import RESTORE, Ledger, build_proof, check
from counterseal.ledger.entry import (
    MAX_LINE,
    MAX_LINES_IN_NOTE,
    MAX_PROOF,
    MAX_SKEW,
    LedgerProof,
    check_line,
    choose_note,
    entry_id,
    entry_of,
    link_of,
    moment_problem,
    note_key,
    parse_proof,
    verify_proof,
)

__all__ = [
    "MAX_LINE",
    "MAX_LINES_IN_NOTE",
    "MAX_PROOF",
    "MAX_SKEW",
    "RESTORE",
    "Ledger",
    "LedgerProof",
    "build_proof",
    "check",
    "check_line",
    "choose_note",
    "entry_id",
    "entry_of",
    "link_of",
    "moment_problem",
    "note_key",
    "parse_proof",
    "verify_proof",
]
