"""The ledger as a gate has it: read at its tip or as a whole, believed only as far as it was verified, and appended to.

`lines` verifies one by one, `walk` goes from commit to commit, `tail` and `whole` say where to begin, `tip` is what
comes of it, `anchor` holds it against published releases, `recording` adds to it.
"""

from __future__ import annotations

from counterseal.gate.ledger.anchor import Anchor, check_anchor, facts, is_of_predecessor, publication_of
from counterseal.gate.ledger.reader import LedgerReader, branch_tip, open_reader, remote
from counterseal.gate.ledger.remembering import memory_name
from counterseal.gate.ledger.stream import ANYHOW, Asked
from counterseal.gate.ledger.tip import Tip
from counterseal.gate.ledger.whole import Whole

__all__ = [
    "ANYHOW",
    "Anchor",
    "Asked",
    "LedgerReader",
    "Tip",
    "Whole",
    "branch_tip",
    "check_anchor",
    "facts",
    "is_of_predecessor",
    "memory_name",
    "open_reader",
    "publication_of",
    "remote",
]
