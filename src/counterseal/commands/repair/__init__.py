"""`log repair`: which commit the ledger branch has to be put back to, and the commands for whoever may do that.

It reads and prints; nothing is pushed. `looking` finds lost tips in the forge's log of pushes and verifies each whole,
`choosing` says which of them is the ledger, `advice` holds that against what the forge has now.
"""

from __future__ import annotations

from counterseal.commands.repair.advice import Repair, run
from counterseal.commands.repair.looking import Broken, Found, Whole

__all__ = ["Broken", "Found", "Repair", "Whole", "run"]
