"""The environment, read once, and the adapters that it chooses, imported when they are first needed.

Nothing else names an adapter, and nothing else reads the environment.
"""

from __future__ import annotations

from counterseal.wiring.ports import Wiring
from counterseal.wiring.surroundings import Surroundings

__all__ = ["Surroundings", "Wiring", "archives", "builds", "knowledge", "lost", "project", "rebuilding"]
