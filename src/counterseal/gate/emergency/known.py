"""Whether the ledger knows what somebody wants to revoke: a digest that was never decided on is a slip of the pen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.errors import UsageError
from counterseal.gate.ledger import Asked
from counterseal.identifiers import MANIFEST_FILE

if TYPE_CHECKING:
    from counterseal.gate.ledger import Tip
    from counterseal.gate.opening import Gate
    from counterseal.model import Entry, Target


def require(gate: Gate, tip: Tip, target: Target) -> None:
    """Require that some decision was about a manifest or an artifact.

    Raises:
        UsageError: None was.
        LedgerError: The ledger is not what it was.
    """
    if target.kind == "manifest":
        found = bool(tip.on_manifest(target.value))
    else:  # what a stage has or had is looked at first: the rest needs all of the ledger
        found = _in_stages(tip, target.value) or _anywhere(gate, target.value)
    if not found:
        raise UsageError(
            f"the ledger knows no {target.kind} {target.value}",
            why="no decision was about it, so a revocation would stop nothing",
            fix="counterseal log --search DIGEST; the digest of a file: sha256sum FILE",
        )


def _in_stages(tip: Tip, digest: str) -> bool:
    stages = tip.state.stages.values() if tip.state else ()
    allows = [each for stage in stages for each in (stage.current, *stage.before) if each is not None]
    tip.look_up(each.entry_id for each in allows)
    entries = (tip.find(each.entry_id) for each in allows)
    return any(_is_about(entry, digest) for entry in entries if entry)


def _anywhere(gate: Gate, digest: str) -> bool:
    whole = gate.reader.read_whole(gate.store, Asked(search=digest))
    return any(_is_about(whole.entries[told.sequence], digest) for told in whole.history.query())


def _is_about(entry: Entry, digest: str) -> bool:
    """Return whether an artifact is among what a decision is about."""
    about = entry.attestation.statement.subjects
    return any(subject.digest == digest and subject.name != MANIFEST_FILE for subject in about)
