"""Whom somebody accepts as the gate: what a policy or a consumer says, in the form that `identity.py` judges by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from counterseal import forges
from counterseal.identifiers import GATE_ID
from counterseal.model import OwnGate

if TYPE_CHECKING:
    from counterseal.model import GateIdentity, Repository, Trust


@dataclass(frozen=True, slots=True)
class AcceptedGate:
    """Whom somebody accepts as the gate: an own gate, or counterseal's at one of these revisions.

    Args:
        revisions: The accepted revisions of counterseal's gate: the released ones, or the policy's.
        own_revision: The revision of the gate that asks, which accepts itself.
        own: An own gate; then the revisions mean nothing.
        emergency: In a run that records what one person wants at once, for which they have to have started it (R52).
        signed_at: When it signed, as the timestamp authority or the transparency log proves: neither what a statement
            says nor the clock of whoever asks counts. None: it signed nothing yet.
    """

    revisions: Sequence[str] = ()
    own_revision: str | None = None
    own: OwnGate | None = None
    emergency: bool = False
    signed_at: datetime | None = None


def accepted_gate(gate: GateIdentity, trust: Trust, own_revision: str | None = None) -> AcceptedGate:
    """Return whom a policy accepts as the gate."""
    if gate.own is not None:
        return AcceptedGate(own=gate.own)
    if gate.revisions is not None:
        return AcceptedGate(gate.revisions)  # whoever pins revisions means these: other readers would refuse ours
    return AcceptedGate(trust.released, own_revision)


def verifier_id(gate: GateIdentity, repository: Repository) -> str:
    """Return the URI that stands for a policy's gate in summaries: its definition, without a ref."""
    if gate.own is None:
        return GATE_ID
    return forges.definition(repository.host, repository.name, gate.own.file)
