"""What the ledger knows of what somebody wants to revoke: a digest that was never decided on is a slip of the pen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.errors import UsageError
from counterseal.gate.ledger import Asked
from counterseal.identifiers import MANIFEST_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterseal.gate.ledger import Tip
    from counterseal.gate.opening import Gate
    from counterseal.model import Entry, Revoked, Target

MANIFEST: Final = "manifest"


def require(gate: Gate, tip: Tip, target: Target) -> None:
    """Require that some decision was about a manifest or an artifact.

    Raises:
        UsageError: None was.
        LedgerError: The ledger is not what it was.
    """
    if target.kind == MANIFEST:
        found = bool(tip.on_manifest(target.value))
    else:  # what a stage has or had is looked at first: the rest needs all of the ledger
        found = _in_stages(tip, target.value) or _anywhere(gate, target.value)
    if not found:
        raise UsageError(
            f"the ledger knows no {target.kind} {target.value}",
            why="no decision was about it, so a revocation would stop nothing",
            fix="counterseal log --search DIGEST; the digest of a file: sha256sum FILE",
        )


def of_one_release(gate: Gate, tip: Tip, target: Target, others: Sequence[Revoked]) -> tuple[Revoked, ...]:
    """Return which revocations are of a thing itself, or of what a decision was about together with it.

    The decisions on a manifest are at hand. Only of two files is the whole ledger asked, once.

    Raises:
        LedgerError: The ledger is not what it was.
    """
    if all(known.target == target for known in others):
        return tuple(others)
    if target.kind == MANIFEST:
        about = [_digests(each.entry) for each in tip.on_manifest(target.value)]
    elif any(known.target.kind != MANIFEST and known.target != target for known in others):
        about = [_digests(entry) for entry in _mentioning(gate, target.value)]
    else:
        manifests = {known.target.value for known in others if known.target.kind == MANIFEST}
        about = [_digests(each.entry) for manifest in manifests for each in tip.on_manifest(manifest)]
    together = frozenset().union(*(digests for digests in about if target.value in digests))
    return tuple(known for known in others if known.target == target or known.target.value in together)


def _digests(entry: Entry) -> frozenset[str]:
    return frozenset(subject.digest for subject in entry.attestation.statement.subjects)


def _in_stages(tip: Tip, digest: str) -> bool:
    stages = tip.state.stages.values() if tip.state else ()
    allows = [each for stage in stages for each in (stage.current, *stage.before) if each is not None]
    tip.look_up(each.entry_id for each in allows)
    entries = (tip.find(each.entry_id) for each in allows)
    return any(_is_about(entry, digest) for entry in entries if entry)


def _anywhere(gate: Gate, digest: str) -> bool:
    return any(_is_about(entry, digest) for entry in _mentioning(gate, digest))


def _mentioning(gate: Gate, digest: str) -> Iterator[Entry]:
    """Return the decisions in which a digest occurs; all of the ledger is read for it."""
    whole = gate.reader.read_whole(gate.store, Asked(search=digest))
    return (whole.entries[told.sequence] for told in whole.history.query())


def _is_about(entry: Entry, digest: str) -> bool:
    """Return whether an artifact is among what a decision is about."""
    about = entry.attestation.statement.subjects
    return any(subject.digest == digest and subject.name != MANIFEST_FILE for subject in about)
