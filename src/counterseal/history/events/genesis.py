"""The beginning of a ledger."""

from __future__ import annotations

from dataclasses import dataclass

from counterseal.model import Predecessor


@dataclass(frozen=True, slots=True)
class Genesis:
    """Body of entry 0: which ledger begins, under which policy (sha256), and which one it follows (None: none)."""

    ledger_id: str
    policy_digest: str
    predecessor: Predecessor | None = None
