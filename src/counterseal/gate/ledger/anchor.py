"""Holds the ledger against the proof of the newest published release: what was public once has to be in it (R32)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal import ledger
from counterseal.errors import FormatError, LedgerError, VerificationError
from counterseal.evaluation import LedgerFacts
from counterseal.history import events
from counterseal.history.events import Publication
from counterseal.identifiers import EVENT, PROOF_FILE
from counterseal.ledger import MAX_PROOF

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.gate.ledger.lines import Lines
    from counterseal.gate.ledger.tip import Tip
    from counterseal.model import Entry, Release
    from counterseal.ports import AssetStore

#: How many worthless proofs in published releases are passed over (R32); more of them are an error.
MAX_WORTHLESS: Final = 20


@dataclass(frozen=True, slots=True)
class Anchor:
    """Which published proof the ledger extends; `warning` says why a published proof was passed over."""

    extends: str = ""
    warning: str = ""


def check_anchor(tip: Tip, assets: AssetStore, work: Path) -> Anchor:
    """Check that the ledger extends the proof of the newest published release that has one of its own (R32).

    A proof that no gate signed, or that is another release's, is passed over and warned of: anybody with write access
    can publish a release with a file of this name, which must not hide the real ones. One of the ledger that this one
    follows is older than all of this one.

    Raises:
        LedgerError: It does not: it was rewound. Or too many releases carry worthless proofs.
        ServiceError: The proof cannot be read.
    """
    warnings: dict[int, str] = {}
    for release in assets.proven():
        try:
            entry = publication_of(release, assets, tip.lines, work)
        except (FormatError, VerificationError) as error:
            why = f"{error.what}: {error.why}" if error.why else error.what
            warnings[release.id] = f"{PROOF_FILE} of {release.tag} proves nothing and was passed over: {why}"
            if len(warnings) > MAX_WORTHLESS:
                raise LedgerError(
                    f"{len(warnings)} releases carry a {PROOF_FILE} that proves nothing",
                    why=f"the newest is {release.tag}; what they hide cannot be told",
                    fix="find out who published them, and delete these assets",
                ) from error
            continue
        if is_of_predecessor(entry, tip.lines):
            continue
        number, recorded = entry.link.sequence, tip.find(entry.link.entry_id)
        if recorded is None or recorded.attestation.payload != entry.attestation.payload:
            raise LedgerError(
                f"the ledger was rewound: release {release.tag} proves an entry {number} that it does not have",
                why=f"the ledger has {tip.size} entries",
                fix=ledger.RESTORE,
            )
        if recorded.line != entry.line:
            warnings[release.id] = (
                f"{PROOF_FILE} of {release.tag} carries entry {number} in another envelope than the ledger: "
                "parts of it that no signature covers were changed"
            )
        return Anchor(f"release {release.tag} (entry {number})", "; ".join(warnings.values()))
    return Anchor(warning="; ".join(warnings.values()))


def is_of_predecessor(entry: Entry, lines: Lines) -> bool:
    """Return whether a published entry is one of the ledger that this one follows, by the policy.

    Raises:
        LedgerError: It is, and comes after what the policy calls that ledger's last entry.
    """
    before, link = lines.predecessor, entry.link
    if before is None or link.id != before.id:
        return False
    if link.sequence > before.sequence:
        raise LedgerError(
            f"the ledger that this one follows is longer than the policy says: its entry {link.sequence} is published",
            why=f"the policy names entry {before.sequence} of {before.id} as the last one",
            fix="find the newest entry that anybody has of it (counterseal log repair), and name that in the policy",
        )
    return True


def publication_of(release: Release, assets: AssetStore, lines: Lines, work: Path) -> Entry:
    """Return the publication entry in a release's proof, signed by a gate and about this release.

    Raises:
        FormatError: It is none.
        VerificationError: No gate signed it, it is about another release, too large, or there more than once.
    """
    what = f"{PROOF_FILE} of {release.tag}"
    asset, *others = (asset for asset in release.assets if asset.name == PROOF_FILE)
    if others:
        raise VerificationError(f"{what}: it is there more than once", why="it is unclear which one was meant")
    if asset.size > MAX_PROOF:
        raise VerificationError(f"{what}: it has {asset.size} bytes", why=f"at most {MAX_PROOF} are read")
    target = work / f"proof-{asset.id}"
    assets.download(release, asset.id, target, max_bytes=MAX_PROOF)
    line = ledger.parse_proof(target.read_bytes()).publication_line
    attestation = lines.verifier.verify_statement(line, what)
    lines.judge(attestation, what)
    if attestation.statement.predicate_type != EVENT:
        raise VerificationError(f"{what}: it is about no event")
    body = events.parse(attestation.statement, what).body
    if not isinstance(body, Publication) or body.release != release.id:
        raise VerificationError(f"{what}: it is the proof of another release")
    return ledger.entry_of(line, attestation)


def facts(tip: Tip, anchor: Anchor | None = None) -> LedgerFacts:
    """Return what the rules may know of the ledger."""
    extends = (anchor.extends,) if anchor and anchor.extends else ()
    holds, revoked = (tip.state.holds, tip.state.revoked) if tip.state else ((), ())
    return LedgerFacts(tip.id, tip.size, extends, holds, revoked)
