"""Reads a stored ledger: verifies every line, judges who signed it, checks the chain and what it must extend."""

from __future__ import annotations

import base64
import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from counterseal import event as events
from counterseal import identity, ledger, wire
from counterseal.commands.collect import read_policy
from counterseal.entry import MAX_PROOF
from counterseal.errors import CountersealError, FormatError, LedgerError, VerificationError
from counterseal.event import Publication
from counterseal.evidence import LedgerFacts
from counterseal.identifiers import EVENT, MIRROR_BRANCH, NOTES_REF, PROOF_FILE
from counterseal.model import Entry, Policy, Repository, Trust
from counterseal.ports import BundleVerifier, SourceRepository

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.ledger import Ledger
    from counterseal.model import Attestation, Certificate, Release, Statement, StoredLedger, StoredLine
    from counterseal.ports import AssetStore

#: So many worthless proofs in published releases are passed over (R32); more of them are an error.
MAX_WORTHLESS: Final = 20


@dataclass(slots=True)
class Judge:
    """Says whether an attestation was made by the gate that the policy it names accepts (R29).

    The policy is read at the revision that the entry names, which has to be an ancestor of `head`, the tip of the
    default branch.
    """

    repository: SourceRepository
    trust: Trust
    home: Repository
    head: str
    own_revision: str | None = None
    _policies: dict[str, Policy] = field(default_factory=dict)

    def __call__(self, attestation: Attestation, what: str) -> None:
        """Accept the signer of `attestation`.

        Raises:
            VerificationError: The signer is not the gate, or the policy it names is not the branch's.
        """
        self.check(attestation.certificate, attestation.statement, what)

    def check(self, certificate: Certificate, statement: Statement, what: str) -> None:
        """Accept a signer of a statement, as `__call__` does; before signing it tells whether readers will."""
        used = self._policy(statement, what)
        problem = identity.gate_problem(
            certificate,
            trust=self.trust,
            host=self.home.host,
            repository=self.home,
            default_ref=self.repository.default_ref(),
            accepted=identity.accepted_gate(used.gate, self.trust, self.own_revision),
        )
        if problem:
            raise VerificationError(f"{what}: not signed by the gate", why=problem)

    def _policy(self, statement: Statement, what: str) -> Policy:
        named = statement.predicate.get("policy")
        revision = named.get("revision") if isinstance(named, dict) else None
        digest = named.get("digest", {}).get("sha256") if isinstance(named, dict) else None
        if not isinstance(revision, str):
            raise VerificationError(f"{what}: it names no policy revision")
        if revision not in self._policies:
            if not self.repository.is_ancestor(revision, self.head):
                raise VerificationError(f"{what}: policy revision {revision[:12]} is not on the default branch")
            self._policies[revision], _ = read_policy(self.repository, revision)
        used = self._policies[revision]
        if used.digest != digest:
            raise VerificationError(f"{what}: the policy at {revision[:12]} is not the one that the entry names")
        return used


@dataclass(slots=True)
class LedgerReader:
    """Turns what a store holds into a checked ledger; a line is verified once in the life of a reader."""

    ledger_id: str
    verifier: BundleVerifier
    judge: Judge
    _known: dict[bytes, Entry] = field(default_factory=dict)

    def read(self, stored: StoredLedger) -> Ledger:
        """Return the ledger after every check: signatures, signers, chain, mirror.

        Raises:
            LedgerError: The chain is broken, notes and mirror differ, or the mirror's history once had more.
            VerificationError: A line is not validly signed by a gate.
        """
        _check_mirror(stored)
        entries = [self._entry(each) for each in stored.lines]
        entries.sort(key=lambda entry: entry.link.sequence)
        return ledger.check(entries, self.ledger_id)

    def _entry(self, stored: StoredLine) -> Entry:
        line = stored.line
        if line not in self._known:
            what = _place(stored)
            try:
                attestation = self.verifier.verify_statement(line, what)
                self._known[line] = ledger.entry_of(line, attestation)
            except (FormatError, VerificationError) as error:
                raise LedgerError(
                    f"{what} is not what a gate signed", why=error.why or error.what, fix=ledger.RESTORE
                ) from error
            self.judge(attestation, f"entry {self._known[line].link.sequence}")
        return self._known[line]


def _place(stored: StoredLine) -> str:
    """Return where a line stands, with the number that it claims for itself (unverified, for people)."""
    with contextlib.suppress(CountersealError, KeyError, TypeError, ValueError):
        bundle = wire.load_json(stored.line, "a line")
        predicate = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))["predicate"]
        return f"ledger entry {int(predicate['ledger']['sequence'])} (note {stored.note[:12]})"
    return f"a line of the ledger (note {stored.note[:12]})"


def _check_mirror(stored: StoredLedger) -> None:
    if stored.removed:
        raise LedgerError(
            "the ledger lost entries",
            why=stored.removed,
            fix=ledger.RESTORE,
        )
    if stored.mirror and stored.notes != stored.mirror:
        raise LedgerError(
            f"{NOTES_REF} and the branch {MIRROR_BRANCH} differ",
            why=f"notes are at {(stored.notes or 'nothing')[:12]}, the mirror at {stored.mirror[:12]}; "
            "every append moves both, so one was pushed by something else",
            fix=f"if the mirror is right: git push --force origin refs/remotes/origin/{MIRROR_BRANCH}:{NOTES_REF}",
        )


def require_mirror(stored: StoredLedger) -> None:
    """Refuse to sign on a ledger without its mirror (R32): only the branch can be protected against rewinding.

    Raises:
        LedgerError: There are notes but no mirror.
    """
    if stored.notes and not stored.mirror:
        raise LedgerError(
            f"the mirror branch {MIRROR_BRANCH} is missing",
            why="without it a rewound ledger could not be told from a whole one",
            fix=f"verify the ledger (counterseal log verify), then: git push origin {NOTES_REF}:"
            f"refs/heads/{MIRROR_BRANCH}, and protect the branch against force pushes and deletion",
        )


@dataclass(frozen=True, slots=True)
class Anchor:
    """What the ledger extends beside its mirror's history; `warning` says why a published proof was passed over."""

    extends: str = ""
    warning: str = ""


def check_anchor(found: Ledger, assets: AssetStore, reader: LedgerReader, work: Path) -> Anchor:
    """Check that the ledger extends the proof of the newest published release that has one of its own (R32).

    A proof that no gate signed, or that is another release's, is passed over and warned of: anybody with write access
    can publish a release with a file of this name, which must not hide the real ones.

    Raises:
        LedgerError: It does not: it was rewound. Or too many releases carry worthless proofs.
        ServiceError: The proof cannot be read.
    """
    warnings: dict[int, str] = {}
    while release := assets.newest_published(warnings):
        try:
            entry = _publication_of(release, assets, reader, work)
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
        number = entry.link.sequence
        if number >= len(found.entries) or found.entries[number].line != entry.line:
            raise LedgerError(
                f"the ledger was rewound: release {release.tag} proves an entry {number} that it has not",
                why=f"the ledger has {len(found.entries)} entries",
                fix=ledger.RESTORE,
            )
        return Anchor(f"release {release.tag} (entry {number})", "; ".join(warnings.values()))
    return Anchor(warning="; ".join(warnings.values()))


def _publication_of(release: Release, assets: AssetStore, reader: LedgerReader, work: Path) -> Entry:
    """Return the publication entry in a release's proof, signed by a gate and about this release.

    Raises:
        FormatError: It is none.
        VerificationError: No gate signed it, or it is about another release.
    """
    asset = next(each for each in release.assets if each.name == PROOF_FILE)
    target = work / f"proof-{asset.id}"
    assets.download(release, asset.id, target, max_bytes=MAX_PROOF)
    what = f"{PROOF_FILE} of {release.tag}"
    line = ledger.parse_proof(target.read_bytes()).publication_line
    attestation = reader.verifier.verify_statement(line, what)
    reader.judge(attestation, what)
    if attestation.statement.predicate_type != EVENT:
        raise VerificationError(f"{what}: it is about no event")
    body = events.parse(attestation.statement, what).body
    if not isinstance(body, Publication) or body.release != release.id:
        raise VerificationError(f"{what}: it is the proof of another release")
    return ledger.entry_of(line, attestation)


def facts(found: Ledger, *, mirror: bool, anchor: Anchor) -> LedgerFacts:
    """Return what the rules may know of the ledger."""
    return LedgerFacts(found.id, len(found.entries), mirror, (anchor.extends,) if anchor.extends else ())
