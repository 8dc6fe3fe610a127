"""Findings to decision to statement, failing closed; and back. It neither collects nor judges.

The predicate `decision/v1` is described in docs/formats.md#decision. The signed statement
is the ledger's line, so what stands here is what is kept for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from counterseal import __version__
from counterseal.errors import CountersealError
from counterseal.formats import statement as statements
from counterseal.formats import wire
from counterseal.identifiers import BUNDLE_MEDIA_TYPE, DECISION, EVIDENCE_FILE, MANIFEST_FILE, SBOM, SBOM_FILE
from counterseal.model import (
    Actor,
    DigestSet,
    DocumentDigest,
    Finding,
    FindingOutcome,
    LedgerLink,
    Outcome,
    Repository,
    ReviewState,
    Statement,
    Subject,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.evaluation.approvals import Approvals
    from counterseal.evaluation.evidence import Evidence
    from counterseal.model import Review

MAX_REVIEWS: Final = 64
#: Raised when a rule answers otherwise on the same evidence; `evidence.json` judged again tells (docs/formats.md).
RULE_SET: Final = "counterseal-rules/v1"


@dataclass(frozen=True, slots=True)
class PolicyUse:
    """The policy that judged: file, digest, and the revision and ref it was read at."""

    uri: str
    digest: DigestSet
    revision: str
    ref: str


@dataclass(frozen=True, slots=True)
class SourceUse:
    """What the artifacts were built from; `merged`: the revision is the end of a merged change request (R43)."""

    repository: Repository
    revision: str
    ref: str
    tag: str
    merged: bool


@dataclass(frozen=True, slots=True)
class RequestUse:
    """The promotion request; `number` and `head` are None for a file pushed without a change request."""

    id: str
    number: int | None
    file: str
    head: str | None
    merge_revision: str


@dataclass(frozen=True, slots=True)
class ReviewUse:
    """A review as it stood, with the policy's groups of its author."""

    actor: Actor | None
    revision: str | None
    state: ReviewState
    submitted_at: datetime | None
    url: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Responsible:
    """Who asked, who approved, whose run decided, and whom the run excluded from approving (R14)."""

    requester: Actor | None
    approvers: tuple[Actor, ...]
    run_actor: Actor
    excluded_by_run: tuple[Actor, ...]


@dataclass(frozen=True, slots=True)
class EvidenceUse:
    """A document that the decision rests on."""

    uri: str
    digest: DigestSet
    media_type: str
    predicate_type: str | None


@dataclass(frozen=True, slots=True)
class BuildUse:
    """A builder run whose statements were used."""

    invocation_uri: str | None
    log_uri: str | None
    image_layers: tuple[str, ...]
    builder: str


@dataclass(frozen=True, slots=True)
class EnvironmentUse:
    """Input matrix: what the policy declares (later), the digest of what was observed, and where they differ."""

    declared: str | None
    observed: str | None
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EvaluatorUse:
    """What judged: the version of counterseal, and of its rules; equal rules make equal findings of equal evidence."""

    version: str
    rule_set: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision, complete but for its place in the ledger: the predicate `decision/v1` without `ledger`."""

    stage: str
    previous_stage: str | None
    publishes: bool  # what the stage lets in is to be published, as the policy that judged has it
    outcome: Outcome
    decided_at: datetime
    reason: str
    policy: PolicyUse
    source: SourceUse | None
    request: RequestUse
    manifest: DigestSet | None
    findings: tuple[Finding, ...]
    reviews: tuple[ReviewUse, ...]
    responsible: Responsible
    evidence: tuple[EvidenceUse, ...]
    evidence_digest: DocumentDigest
    builds: tuple[BuildUse, ...]
    environment: EnvironmentUse
    evaluator: EvaluatorUse
    abandoned: tuple[str, ...]


def decide(evidence: Evidence, findings: Sequence[Finding], *, abandoned: Sequence[str] = ()) -> Decision:
    """Return the decision that follows from the findings.

    Args:
        evidence: What the findings were made from.
        findings: One for each rule of the stage.
        abandoned: sha256 of bundles that were signed for this entry and lost a race.

    Raises:
        CountersealError: A finding is in error, or not everything was read: nothing can be decided (exit code 1).
    """
    from counterseal.evaluation import approvals, judging  # noqa: PLC0415 - whoever reads a decision makes none
    from counterseal.evaluation import evidence as evidence_room  # noqa: PLC0415 - as above

    run, merged = evidence.run, evidence.request.merged
    unread = evidence.unread & judging.needs(evidence.policy, evidence.stage)
    if unread or run is None or merged is None:
        raise CountersealError(f"could not decide on {evidence.request.path}", why="not everything was read")
    outcome = judging.outcome(findings)
    if outcome is None:
        broken = next(finding for finding in findings if finding.outcome is FindingOutcome.ERROR)
        raise CountersealError(
            f"could not decide on {evidence.request.path}", why=f"{broken.rule}: {broken.data.get('detail')}"
        )
    stage = evidence.policy.stage(evidence.stage)
    content, tally = evidence.request.content, approvals.approvals(evidence)
    digest = evidence_room.document_digest(evidence)
    return Decision(
        stage=evidence.stage,
        previous_stage=stage.after if stage else None,
        publishes=stage is not None and stage.publish,
        outcome=outcome,
        decided_at=evidence.now,
        reason=content.reason if content else "",
        policy=policy_use(evidence),
        source=_source(evidence),
        request=RequestUse(
            id=content.request_id if content else "",
            number=evidence.change.number if evidence.change else None,
            file=evidence.request.path,
            head=evidence.change.head if evidence.change else None,
            merge_revision=merged.merge_revision,
        ),
        manifest=DigestSet(evidence.manifest_digest) if evidence.manifest_digest else None,
        findings=tuple(findings),
        reviews=_reviews(evidence, tally),
        responsible=_responsible(evidence, tally, run.actor),
        evidence=tuple(_evidence(evidence, DigestSet(digest.sha256))),
        evidence_digest=digest,
        builds=tuple(_builds(evidence)),
        environment=EnvironmentUse(None, evidence.manifest.input_matrix if evidence.manifest else None, ()),
        evaluator=EvaluatorUse(__version__, RULE_SET),
        abandoned=tuple(abandoned),
    )


def policy_use(evidence: Evidence) -> PolicyUse:
    """Return the reference to the policy that judges this evidence."""
    reference = evidence.policy_reference
    return PolicyUse(reference.uri, DigestSet(reference.digest), reference.revision, reference.ref)


def _source(evidence: Evidence) -> SourceUse | None:
    manifest = evidence.manifest
    if manifest is None:
        return None
    merge = evidence.source.merge if evidence.source else None
    merged = merge is not None and merge.end == manifest.revision
    return SourceUse(manifest.repository, manifest.revision, f"refs/tags/{manifest.tag}", manifest.tag, merged)


def _reviews(evidence: Evidence, tally: Approvals) -> tuple[ReviewUse, ...]:
    """Return the reviews in the forge's order; if there are too many, what counts or objects goes before all else.

    Then the policy's people, then others, then nobody, the latest ones each time: anybody may write reviews.
    """
    weighty = [approval.review for approval in (*tally.counted, *tally.objections)]
    listed = [(review, _review(review, evidence)) for review in (evidence.change.reviews if evidence.change else ())]

    def rank(place: int) -> tuple[int, int]:
        review, use = listed[place]
        weight = 0 if review in weighty else 1 if use.groups else 2 if use.actor else 3
        return weight, -place

    places = sorted(sorted(range(len(listed)), key=rank)[:MAX_REVIEWS])
    return tuple(listed[place][1] for place in places)


def _review(review: Review, evidence: Evidence) -> ReviewUse:
    from counterseal.evaluation.evidence import groups_of  # noqa: PLC0415 - as above

    groups = groups_of(review.actor, evidence.policy) if review.actor else ()
    return ReviewUse(review.actor, review.revision, review.state, review.submitted_at, review.url, groups)


def _responsible(evidence: Evidence, tally: Approvals, run_actor: Actor) -> Responsible:
    person = evidence.request.content.requested_by if evidence.request.content else None
    requester = Actor(person.host, person.id, person.login) if person else None
    approvers = tuple(approval.actor for approval in tally.counted)
    return Responsible(requester, approvers, run_actor, evidence.run_actors)


def _evidence(evidence: Evidence, digest: DigestSet) -> list[EvidenceUse]:
    documents = [EvidenceUse(EVIDENCE_FILE, digest, "application/json", None)]
    for build in evidence.builds:
        kind = build.statement.predicate_type
        documents.append(EvidenceUse(f"sha256:{build.digest}", DigestSet(build.digest), BUNDLE_MEDIA_TYPE, kind))
    if evidence.sbom:
        sbom = DigestSet(evidence.sbom.digest)
        documents.append(EvidenceUse(SBOM_FILE, sbom, "application/vnd.cyclonedx+json", SBOM))
    return documents


def _builds(evidence: Evidence) -> list[BuildUse]:
    runs = dict.fromkeys((build.certificate.run_uri, build.certificate.san) for build in evidence.builds)
    return [BuildUse(run, run, (), builder) for run, builder in runs]


def subjects(evidence: Evidence) -> tuple[Subject, ...]:
    """Return what the decision is about: every artifact and the manifest; without a manifest the request file."""
    manifest = evidence.manifest
    if manifest is None or evidence.manifest_digest is None:
        return (Subject(evidence.request.path, evidence.request.digest),)
    return (*manifest.subjects, Subject(MANIFEST_FILE, evidence.manifest_digest))


def payload(decision: Decision, about: Sequence[Subject], link: LedgerLink) -> bytes:
    """Return the canonical bytes of the decision statement at its place in the ledger."""
    predicate: dict[str, Any] = {**wire.encode(decision), "ledger": wire.encode(link)}
    return statements.build(about, DECISION, predicate)


def parse(statement: Statement, what: str) -> Decision:
    """Return the decision in a statement; unknown fields of the same major version are ignored.

    Raises:
        FormatError: It is no decision, or lists a critical field that is not known here.
    """
    statements.check_critical(statement.predicate, (*wire.keys(Decision), "ledger"), what)
    return wire.decode_lenient(Decision, dict(statement.predicate), what)
