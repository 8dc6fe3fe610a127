"""`status`: what each stage has now, what waits and what it lacks; of one tag its whole way. It writes nothing.

`clone.py` reads the verified ledger and the branch of a clone, `forge.py` what only the forge knows, `answer.py` puts
both together. What could not be seen is a part of the answer (`Unseen`).
"""

from __future__ import annotations

from counterseal.commands.status.answer import Candidate, StageState, Status, Way, now, way
from counterseal.commands.status.clone import Clone, Merged, Proven, Unseen, read
from counterseal.commands.status.forge import MOST, AtForge, Opened, look, nothing
from counterseal.commands.status.in_force import InForce

__all__ = [
    "MOST",
    "AtForge",
    "Candidate",
    "Clone",
    "InForce",
    "Merged",
    "Opened",
    "Proven",
    "StageState",
    "Status",
    "Unseen",
    "Way",
    "look",
    "nothing",
    "now",
    "read",
    "way",
]
