"""Reads a stored ledger: verifies every line, judges who signed it, checks the chain and what it must extend."""

from __future__ import annotations

import base64
import contextlib
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from counterseal import ledger
from counterseal.errors import (
    CountersealError,
    FormatError,
    LedgerError,
    SandboxSignedError,
    ServiceError,
    VerificationError,
)
from counterseal.evaluation import LedgerFacts
from counterseal.formats import wire
from counterseal.gate.collect import read_policy
from counterseal.gate.judge import Judge
from counterseal.history import events
from counterseal.history.events import Publication
from counterseal.identifiers import EVENT, MIRROR_BRANCH, NOTES_REF, PROOF_FILE, page
from counterseal.ledger import MAX_PROOF, moment_problem
from counterseal.model import Entry, Repository
from counterseal.ports import BundleVerifier

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.gate.collect import Sources
    from counterseal.ledger import Ledger
    from counterseal.model import Release, StoredLedger, StoredLine, Trust
    from counterseal.ports import AssetStore, LedgerStore, SourceRepository

#: How many worthless proofs in published releases are passed over (R32); more of them are an error.
MAX_WORTHLESS: Final = 20


def tip(repository: SourceRepository) -> str:
    """Return the commit at the tip of the default branch.

    Raises:
        ServiceError: There is none.
    """
    head = repository.default_tip()
    if head is None:
        raise ServiceError(
            f"the default branch {repository.default_ref()} cannot be read",
            why="the repository is empty, or lost the branch",
            fix=f"push it, with a policy ({page('policy-reference.md')}); in a clone: git fetch origin",
        )
    return head


def remote(sources: Sources, store: LedgerStore) -> tuple[str, StoredLedger, Ledger]:
    """Return the tip of the default branch, the ledger at the remote, and what it says, verified as a whole.

    Raises:
        CountersealError: Branch, policy or ledger cannot be read, or the ledger is not what it was.
    """
    head, home = tip(sources.repository), sources.forge.repository()
    reader = open_reader(sources.repository, head, sources.trust, sources.verifier, home=home)
    stored = store.fetch()
    return head, stored, reader.read(stored)


def open_reader(
    repository: SourceRepository,
    head: str,
    trust: Trust,
    verifier: BundleVerifier,
    *,
    home: Repository | None = None,
    own_revision: str | None = None,
) -> LedgerReader:
    """Return a reader for the ledger of the policy at the tip of a branch: its lines are judged by that branch.

    Args:
        repository: Where the policies are.
        head: The tip of the default branch.
        trust: Whom to believe before any policy speaks.
        verifier: Verifies the lines.
        home: The repository that the gate decides for; None: the one that the ledger's id names.
        own_revision: The revision of the gate that asks, which accepts itself.

    Raises:
        PolicyError: The branch has no usable policy.
    """
    policy, _ = read_policy(repository, head)
    if home is None:
        host, number, _ = policy.ledger_id.split("/")
        home = Repository(host, int(number), "")
    return LedgerReader(policy.ledger_id, verifier, Judge(repository, trust, home, head, own_revision))


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
        entries = [self._entry(stored_line) for stored_line in stored.lines]
        entries.sort(key=lambda entry: entry.link.sequence)
        checked = ledger.check(entries, self.ledger_id)
        self._check_order(checked)
        return checked

    def _check_order(self, checked: Ledger) -> None:
        """Require that no entry was signed by a run of an older branch than the entry before it (R44)."""
        for before, entry in pairwise(checked.entries):
            old, new = (neighbour.attestation.certificate.source_revision for neighbour in (before, entry))
            if old != new and self.is_older(new, old):
                raise LedgerError(
                    f"entry {entry.link.sequence} was signed by a run of {(new or '')[:12]}, "
                    f"older than {(old or '')[:12]}, of the entry before",
                    why="a run from before the branch moved was started again, and may have an old policy or gate",
                    fix=ledger.RESTORE,
                )

    def is_older(self, revision: str | None, other: str | None) -> bool:
        """Return whether a revision of the default branch is older than another; also if either is not on it."""
        age, other_age = self.judge.age(revision), self.judge.age(other)
        return age is None or other_age is None or age > other_age

    def _entry(self, stored: StoredLine) -> Entry:
        line = stored.line
        if line not in self._known:
            what = _place(stored)
            try:
                attestation = self.verifier.verify_statement(line, what)
                self._known[line] = ledger.entry_of(line, attestation)
            except SandboxSignedError as error:
                raise LedgerError(error.what, why=error.why, fix=error.fix) from error
            except (FormatError, VerificationError) as error:
                raise LedgerError(
                    f"{what} is not what a gate signed", why=error.why or error.what, fix=ledger.RESTORE
                ) from error
            self.judge(attestation, f"entry {self._known[line].link.sequence}")
            if problem := moment_problem(attestation):
                raise LedgerError(
                    f"entry {self._known[line].link.sequence} is not of the time that it names", why=problem
                )
        return self._known[line]


def _place(stored: StoredLine) -> str:
    """Return where a line stands, with the number that it claims for itself (unverified, for people)."""
    with contextlib.suppress(CountersealError, KeyError, TypeError, ValueError):
        bundle = wire.load_json(stored.line, "a line")
        payload = wire.load_json(base64.b64decode(bundle["dsseEnvelope"]["payload"]), "its payload")
        if isinstance(sequence := payload["predicate"]["ledger"]["sequence"], int):
            return f"ledger entry {sequence} (note {stored.note[:12]})"
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


def check_anchor(current_ledger: Ledger, assets: AssetStore, reader: LedgerReader, work: Path) -> Anchor:
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
            entry = publication_of(release, assets, reader, work)
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
        recorded = current_ledger.entries[number] if number < len(current_ledger.entries) else None
        if recorded is None or recorded.attestation.payload != entry.attestation.payload:
            raise LedgerError(
                f"the ledger was rewound: release {release.tag} proves an entry {number} that it does not have",
                why=f"the ledger has {len(current_ledger.entries)} entries",
                fix=ledger.RESTORE,
            )
        if recorded.line != entry.line:
            warnings[release.id] = (
                f"{PROOF_FILE} of {release.tag} carries entry {number} in another envelope than the ledger: "
                "parts of it that no signature covers were changed"
            )
        return Anchor(f"release {release.tag} (entry {number})", "; ".join(warnings.values()))
    return Anchor(warning="; ".join(warnings.values()))


def publication_of(release: Release, assets: AssetStore, reader: LedgerReader, work: Path) -> Entry:
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
    attestation = reader.verifier.verify_statement(line, what)
    reader.judge(attestation, what)
    if attestation.statement.predicate_type != EVENT:
        raise VerificationError(f"{what}: it is about no event")
    body = events.parse(attestation.statement, what).body
    if not isinstance(body, Publication) or body.release != release.id:
        raise VerificationError(f"{what}: it is the proof of another release")
    return ledger.entry_of(line, attestation)


def facts(current_ledger: Ledger, *, mirror: bool, anchor: Anchor) -> LedgerFacts:
    """Return what the rules may know of the ledger."""
    return LedgerFacts(
        current_ledger.id, len(current_ledger.entries), mirror, (anchor.extends,) if anchor.extends else ()
    )
