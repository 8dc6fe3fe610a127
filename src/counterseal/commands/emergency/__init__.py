"""`hold` and `revoke`: start the gate's run in a person's own name, and wait for the entry. They record nothing.

`ordering.py` says at once what the gate would refuse, and what the run is to be told; `starting.py` starts it and
waits. Whether somebody may, the gate alone decides.
"""

from __future__ import annotations

from counterseal.commands.emergency.ordering import STOPS, Order, Place, hold, look, revoke
from counterseal.commands.emergency.starting import Ports, Started, run

__all__ = ["STOPS", "Order", "Place", "Ports", "Started", "hold", "look", "revoke", "run"]
