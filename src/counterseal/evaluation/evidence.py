"""What is known at decision time: collected once, completely, then frozen. Rules read it and never fetch.

Also here: what follows from the evidence for more than one rule (which approvals count).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from counterseal import forges
from counterseal.evaluation.request_file import RequestFile
from counterseal.evaluation.sbom_facts import SbomFacts
from counterseal.formats import digests, wire
from counterseal.model import (
    Actor,
    Asset,
    Attestation,
    BuildStart,
    Certificate,
    ChangeRequest,
    DocumentDigest,
    EarlierDecision,
    Held,
    Manifest,
    Merge,
    Mover,
    Permission,
    Policy,
    PolicyReference,
    Release,
    Repository,
    Revoked,
    Run,
    Subject,
    Trust,
)
from counterseal.policy import Need

SCHEMA: Final = "counterseal.evidence/v1"


@dataclass(frozen=True, slots=True)
class ObservedAsset:
    """An asset of the candidate whose bytes were read: their sha256 beside what the forge says of it."""

    id: int
    name: str
    digest: str
    forge_digest: str | None
    size: int


@dataclass(frozen=True, slots=True)
class Source:
    """How tag and revision stand to the protected branch (R06, R43).

    `tag_revision` None: no such tag. `on_first_parent_line`: the branch itself was at the revision, not only something
    merged into it. `merge` is the change request that brought it (None: none did).
    """

    tag_revision: str | None
    on_protected_branch: bool
    on_first_parent_line: bool
    merge: Merge | None
    default_ref: str


@dataclass(frozen=True, slots=True)
class PolicyOrigin:
    """How the policy that judges came onto the branch (R44).

    `revision` is the newest commit of the branch's first-parent line that changed it, `first` whether there was none
    before, `merge` the change request that brought that commit (None: none did).
    """

    revision: str
    first: bool
    merge: Merge | None

    @property
    def merged(self) -> bool:
        """Return whether the commit is what a merge by the forge left; the branch's first policy needs none."""
        merge = self.merge
        return self.first or (merge is not None and merge.end == self.revision and merge.mover is Mover.FORGE)


@dataclass(frozen=True, slots=True)
class SignatureFacts:
    """The signature that lies beside an artifact: who signed the listed digest, or why none did."""

    subject: str
    certificate: Certificate | None
    problem: str


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """The verified ledger that a decision is made on: id, size, published proofs that it extends, what it restricts."""

    id: str
    entries: int
    anchors: tuple[str, ...]
    holds: tuple[Held, ...] = ()
    revoked: tuple[Revoked, ...] = ()

    @property
    def restricting(self) -> dict[str, Held | Revoked]:
        """Return holds and revocations by the id of their entry."""
        return {**{held.entry_id: held for held in self.holds}, **{known.entry_id: known for known in self.revoked}}


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that a decision about one request may rest on, and what of it was not read (`unread`).

    A preview reads a part, and runs in nobody's name (`run` None). What was not read is empty or None here, and no rule
    that needs it is asked. `home` is the repository that the gate decides for. `permissions` holds one pair for each
    reviewer; `builds` the builder's attestations that verified, `build_problems` why others did not, `starts` whose
    hands were on their runs (of those that nobody can have steered, GitHub is not asked), or on the revoked runs that a
    reinstatement is about; `signatures` what lies beside
    the artifacts as theirs; `history` the earlier decisions on the same manifest, `trust` whom the gate believes before
    any policy speaks.
    """

    now: datetime
    home: Repository
    run: Run | None
    policy: Policy
    policy_reference: PolicyReference
    policy_origin: PolicyOrigin | None
    stage: str
    request: RequestFile
    change: ChangeRequest | None
    permissions: tuple[tuple[Actor, Permission], ...]
    run_actors: tuple[Actor, ...]
    candidate: Release | None
    observed: tuple[ObservedAsset, ...]
    manifest: Manifest | None
    manifest_digest: str | None
    builds: tuple[Attestation, ...]
    build_problems: tuple[str, ...]
    starts: tuple[BuildStart, ...]
    sbom: SbomFacts | None
    source: Source | None
    ledger: LedgerFacts
    history: tuple[EarlierDecision, ...]
    trust: Trust
    signatures: tuple[SignatureFacts, ...] = ()
    unread: frozenset[Need] = frozenset()

    @property
    def change_name(self) -> str:
        """Return what people call the change request (`#17`, at GitLab `!17`); empty if there is none."""
        return forges.change_name(self.home.host, self.change.number) if self.change else ""


def groups_of(actor: Actor, policy: Policy) -> tuple[str, ...]:
    """Return the names of the policy's groups that list this account, by (host, id)."""
    return tuple(name for name, members in policy.groups.items() if any(member.key == actor.key for member in members))


@dataclass(frozen=True, slots=True)
class Candidate:
    """The draft release as the forge describes it, with the assets that the request pins."""

    release: int
    tag: str
    assets: tuple[Asset, ...]


@dataclass(frozen=True, slots=True)
class Build:
    """A builder's bundle that verified (its sha256), and what it is about."""

    bundle: str
    predicate_type: str
    subjects: tuple[Subject, ...]
    certificate: Certificate
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """What a decision rests on; its canonical bytes (RFC 8785) have the decision's evidenceDigest."""

    schema: str
    policy: PolicyReference
    policy_origin: PolicyOrigin | None
    stage: str
    request: RequestFile
    change: ChangeRequest | None
    permissions: tuple[tuple[Actor, str], ...]
    candidate: Candidate | None
    observed: tuple[ObservedAsset, ...]
    manifest: Manifest | None
    manifest_digest: str | None
    builds: tuple[Build, ...]
    build_problems: tuple[str, ...]
    starts: tuple[BuildStart, ...]
    signatures: tuple[SignatureFacts, ...]
    sbom: SbomFacts | None
    source: Source | None


def document(evidence: Evidence) -> dict[str, Any]:
    """Return the evidence as the closed document that is stored and hashed (docs/formats.md#evidence).

    Without what changes by itself: the moment, the run that looks, the ledger's head. So two readings of
    an unchanged world are equal (R24). No e-mail addresses, no review texts, no raw answers.
    """
    encoded: dict[str, Any] = wire.encode(
        EvidenceFile(
            schema=SCHEMA,
            policy=evidence.policy_reference,
            policy_origin=evidence.policy_origin,
            stage=evidence.stage,
            request=evidence.request,
            change=evidence.change,
            permissions=tuple((actor, permission.name.lower()) for actor, permission in evidence.permissions),
            candidate=_candidate(evidence),
            observed=evidence.observed,
            manifest=evidence.manifest,
            manifest_digest=evidence.manifest_digest,
            builds=tuple(map(_build, evidence.builds)),
            build_problems=evidence.build_problems,
            starts=evidence.starts,
            signatures=evidence.signatures,
            sbom=evidence.sbom,
            source=evidence.source,
        )
    )
    return encoded


def _candidate(evidence: Evidence) -> Candidate | None:
    content, release = evidence.request.promotion, evidence.candidate
    pinned = {asset.id for asset in content.candidate.assets} if content else set()
    if release is None:
        return None
    return Candidate(release.id, release.tag, tuple(asset for asset in release.assets if asset.id in pinned))


def _build(attestation: Attestation) -> Build:
    statement, signed_at = attestation.statement, attestation.signed_at
    return Build(attestation.digest, statement.predicate_type, statement.subjects, attestation.certificate, signed_at)


def canonical(evidence: Evidence) -> bytes:
    """Return the canonical bytes (RFC 8785) of the evidence document, as it is stored."""
    return wire.canonical(document(evidence))


def digest(evidence: Evidence) -> str:
    """Return the sha256 of the stored evidence document."""
    return digests.sha256(canonical(evidence))


def document_digest(evidence: Evidence) -> DocumentDigest:
    """Return the digests of the stored evidence document."""
    document = canonical(evidence)
    return DocumentDigest(digests.sha256(document), digests.git_object("blob", document))
