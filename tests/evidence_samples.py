"""Evidence for tests, readable: `evidence()` is a production request that everything speaks for; change one thing.

The story: app 1.2.0 (manifest MANIFEST) is built from REVISION by release.yml at v1.2.0 and was allowed into staging
in entry 40. erin opened request #18 on behalf of bob; alice (maintainers) and dora (security) approved
its head HEAD an hour before frank merged it. NOW is half an hour after that.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

from counterseal import identifiers
from counterseal.evaluation.evidence import (
    Evidence,
    LedgerFacts,
    ObservedAsset,
    PolicyOrigin,
    SignatureFacts,
    Source,
)
from counterseal.evaluation.request_file import MergedFile, RequestFile
from counterseal.evaluation.rules import enough_reviews, licences_allowed, sbom_present
from counterseal.evaluation.sbom_facts import LicenceUse, SbomContent, SbomFacts
from counterseal.formats import digests, provenance
from counterseal.model import (
    Actor,
    ActorKind,
    Asset,
    Attestation,
    BuilderIdentity,
    Certificate,
    ChangeRequest,
    Commit,
    EarlierDecision,
    Finding,
    GateIdentity,
    Manifest,
    Merge,
    Mover,
    Outcome,
    Permission,
    Person,
    PinnedAsset,
    PinnedCandidate,
    Policy,
    PolicyReference,
    PromotionRequest,
    Release,
    Repository,
    Review,
    ReviewState,
    RuleUse,
    Run,
    Stage,
    Statement,
    Subject,
    Trust,
)
from counterseal.policy.rule import NoOptions
from counterseal.render import findings

HOST = "github.com"
ISSUER = "https://token.actions.githubusercontent.com"
REPOSITORY = Repository(HOST, 777, "acme/app")
SOURCE = f"https://{HOST}/{REPOSITORY.name}"
MAIN = "refs/heads/main"
TAG = "v1.2.0"
LEDGER_ID = f"{HOST}/777/{'5d1c' * 8}"


def actor(number: int, login: str, kind: ActorKind = ActorKind.USER, host: str = HOST) -> Actor:
    return Actor(host, number, login, kind)


ALICE, BOB, CAROL = actor(1001, "alice"), actor(1002, "bob"), actor(1003, "carol")  # maintainers
DORA = actor(1010, "dora")  # security
ERIN = actor(1020, "erin")  # opens requests, in no group
FRANK = actor(1030, "frank")  # merges, in no group
MALLORY = actor(1666, "mallory")  # in no group, with write
ROBOT = actor(1777, "robot[bot]", ActorKind.BOT)


def revision(start: str) -> str:
    """Return a full git id that begins like this."""
    return start.ljust(40, "0")


def sha256(word: str) -> str:
    return digests.sha256(word.encode())


HEAD = revision("8d1e07b")  # of the request
OLD_HEAD = revision("1d0e77a")
BASE = revision("ba5e001")
MERGE = revision("3e49e01")
POLICY_CHANGE = revision("90110c1")
REVISION = revision("4f2c9e1")  # of the source
GATE_REVISION = "a" * 40
WITHDRAWN_REVISION = "e" * 40
BUILDER_SAN = f"{SOURCE}/.github/workflows/release.yml@refs/tags/{TAG}"

NOW = datetime(2026, 11, 24, 9, 10, 44, tzinfo=UTC)
MERGED_AT = NOW - timedelta(minutes=30)
APPROVED_AT = MERGED_AT - timedelta(hours=1)

WHEEL, SDIST = Subject("app-1.2.0-py3-none-any.whl", sha256("wheel")), Subject("app-1.2.0.tar.gz", sha256("sdist"))
SBOM_DIGEST, MATRIX_DIGEST = sha256("sbom"), sha256("matrix")
MANIFEST_DIGEST = sha256("manifest")
POLICY_DIGEST = sha256("policy")
MANIFEST = Manifest(REPOSITORY, REVISION, TAG, (WHEEL, SDIST), SBOM_DIGEST, MATRIX_DIGEST)

TRUST = Trust({HOST: ISSUER}, released=(GATE_REVISION,), withdrawn={WITHDRAWN_REVISION: None}, sandbox=False)

# --- who signed ------------------------------------------------------------------------------

BUILDER_CERTIFICATE = Certificate(
    san=BUILDER_SAN,
    issuer=ISSUER,
    signer_uri=BUILDER_SAN,
    signer_digest=REVISION,
    runner_environment="github-hosted",
    source_uri=SOURCE,
    source_revision=REVISION,
    source_ref=f"refs/tags/{TAG}",
    source_id="777",
    owner_uri=f"https://{HOST}/acme",
    owner_id="99",
    config_uri=BUILDER_SAN,
    config_digest=REVISION,
    trigger="push",
    run_uri=f"{SOURCE}/actions/runs/41/attempts/1",
    visibility="public",
)
GATE_SAN = f"{identifiers.GATE_ID}@{GATE_REVISION}"
GATE_CERTIFICATE = dataclasses.replace(
    BUILDER_CERTIFICATE,
    san=GATE_SAN,
    signer_uri=GATE_SAN,
    signer_digest=GATE_REVISION,
    source_revision=MERGE,
    source_ref=MAIN,
    config_uri=f"{SOURCE}/.github/workflows/promote.yml@{MAIN}",
    config_digest=MERGE,
    run_uri=f"{SOURCE}/actions/runs/42/attempts/1",
)
RUN = Run(
    issuer=ISSUER,
    sandbox=False,
    repository=REPOSITORY,
    ref=MAIN,
    ref_protected=True,
    revision=MERGE,
    event="push",
    signer_ref=f"{identifiers.REPOSITORY}/{identifiers.GATE_WORKFLOW}@{GATE_REVISION}",
    signer_digest=GATE_REVISION,
    config_ref=f"{REPOSITORY.name}/.github/workflows/promote.yml@{MAIN}",
    config_digest=MERGE,
    runner_environment="github-hosted",
    run_id=42,
    attempt=1,
    actor=FRANK,
    triggering_login="frank",
    url=f"{SOURCE}/actions/runs/42/attempts/1",
)
BUILD_RUN = dataclasses.replace(
    RUN,
    ref=f"refs/tags/{TAG}",
    revision=REVISION,
    signer_ref=f"{REPOSITORY.name}/.github/workflows/release.yml@refs/tags/{TAG}",
    signer_digest=REVISION,
    config_ref=f"{REPOSITORY.name}/.github/workflows/release.yml@refs/tags/{TAG}",
    config_digest=REVISION,
    run_id=41,
    url=f"{SOURCE}/actions/runs/41/attempts/1",
)


def attestation(
    predicate_type: str,
    predicate: dict[str, Any],
    subjects: tuple[Subject, ...] = (WHEEL, SDIST),
    certificate: Certificate = BUILDER_CERTIFICATE,
) -> Attestation:
    """Return a verified attestation of the builder."""
    statement = Statement(subjects, predicate_type, predicate)
    digest = sha256(repr((statement, certificate)))
    return Attestation(statement, b"{}", certificate, NOW - timedelta(days=2), 1881, b"{}", digest)


def provenance_attestation(certificate: Certificate = BUILDER_CERTIFICATE) -> Attestation:
    predicate = provenance.predicate(BUILD_RUN, {"mustEqual": {"lockFiles": {"uv.lock": {"sha256": sha256("lock")}}}})
    manifest = Subject(identifiers.MANIFEST_FILE, MANIFEST_DIGEST)
    return attestation(identifiers.PROVENANCE, predicate, (WHEEL, SDIST, manifest), certificate)


def sbom_attestation(certificate: Certificate = BUILDER_CERTIFICATE) -> Attestation:
    return attestation(identifiers.SBOM, {"bomFormat": "CycloneDX"}, certificate=certificate)


# --- people and reviews ----------------------------------------------------------------------


def member(who: Actor) -> Person:
    return Person(who.host, who.id, who.login)


def review(
    who: Actor | None,
    state: ReviewState = ReviewState.APPROVED,
    *,
    of: str | None = HEAD,
    at: datetime | None = APPROVED_AT,
) -> Review:
    """Return what somebody told about a revision."""
    return Review(1, who, state, of, at, f"{SOURCE}/pull/18#review")


def commit(*people: Actor, unattributed: int = 0, start: str = "8d1e07b") -> Commit:
    return Commit(revision(start), people, unattributed)


CHANGE = ChangeRequest(
    number=18,
    url=f"{SOURCE}/pull/18",
    repository_id=REPOSITORY.id,
    base_ref=MAIN,
    base_retargeted_at=None,
    head=HEAD,
    author=ERIN,
    merged=True,
    merged_at=MERGED_AT,
    merged_by=FRANK,
    merge_revision=MERGE,
    commits=(commit(ERIN),),
    pushers=(ERIN,),
    unknown_pushers=0,
    reviews=(review(ALICE), review(DORA)),
)

# --- policy and request ----------------------------------------------------------------------

POLICY = Policy(
    ledger_id=LEDGER_ID,
    groups={"maintainers": (member(ALICE), member(BOB), member(CAROL)), "security": (member(DORA),)},
    builder=BuilderIdentity(".github/workflows/release.yml", ("refs/tags/v*",)),
    gate=GateIdentity(),
    stages=(
        Stage(
            "staging",
            None,
            publish=False,
            rules=(
                RuleUse("sbom-present", sbom_present.Options()),
                RuleUse("enough-reviews", enough_reviews.Options(1, {"maintainers": 1})),
            ),
        ),
        Stage(
            "production",
            "staging",
            publish=True,
            rules=(
                RuleUse("sbom-present", sbom_present.Options()),
                RuleUse("licences-allowed", licences_allowed.Options(("MIT", "Apache-2.0"))),
                RuleUse("enough-reviews", enough_reviews.Options(2, {"maintainers": 1, "security": 1})),
                RuleUse("author-did-not-approve", NoOptions()),
            ),
        ),
    ),
    publish_names=False,
    digest=POLICY_DIGEST,
)

OBSERVED = (
    ObservedAsset(501, WHEEL.name, WHEEL.digest, WHEEL.digest, 1000),
    ObservedAsset(502, SDIST.name, SDIST.digest, SDIST.digest, 1000),
    ObservedAsset(503, identifiers.MANIFEST_FILE, MANIFEST_DIGEST, None, 400),
    ObservedAsset(504, identifiers.SBOM_FILE, SBOM_DIGEST, SBOM_DIGEST, 9000),
    ObservedAsset(505, identifiers.BUILD_BUNDLES_FILE, sha256("bundles"), None, 20000),
    ObservedAsset(506, f"{WHEEL.name}.sigstore.json", sha256("wheel's"), None, 6000),
    ObservedAsset(507, f"{SDIST.name}.sigstore.json", sha256("sdist's"), None, 6000),
)
SIGNATURES = tuple(SignatureFacts(subject.name, BUILDER_CERTIFICATE, "") for subject in (WHEEL, SDIST))
CONTENT = PromotionRequest(
    request_id="0123456789abcdef",
    requested_by=Person(HOST, BOB.id, BOB.login),
    stage="production",
    manifest=MANIFEST_DIGEST,
    candidate=PinnedCandidate(55, TAG, tuple(PinnedAsset(asset.id, asset.name, asset.digest) for asset in OBSERVED)),
    policy=POLICY_DIGEST,
    reason="fixes the import of old changelogs, see #16",
    valid_until=NOW + timedelta(days=6),
)
MERGED_FILE = MergedFile(
    merge_revision=MERGE,
    base_revision=BASE,
    other_changes=(),
    mode="100644",
    added_before=False,
    same_at_head=True,
    mover=Mover.FORGE,
)
REQUEST = RequestFile(
    path=f"promotions/production/{MANIFEST_DIGEST}.{CONTENT.request_id}.json",
    digest=sha256("request"),
    content=CONTENT,
    problem="",
    merged=MERGED_FILE,
)
RELEASE = Release(
    id=55,
    tag=TAG,
    draft=True,
    assets=tuple(Asset(asset.id, asset.name, asset.size, asset.forge_digest) for asset in OBSERVED),
    url=f"{SOURCE}/releases/55",
)


def earlier(stage: str, outcome: Outcome, *, sequence: int = 40, withdrawn: bool = False) -> EarlierDecision:
    """Return a recorded decision on the same manifest, 26 hours old."""
    return EarlierDecision(sha256(f"{stage}{sequence}"), sequence, stage, outcome, NOW - timedelta(hours=26), withdrawn)


CONTENT_OF_SBOM = SbomContent(
    elements=29,
    missing={},
    licences=(LicenceUse(("MIT",), 20), LicenceUse(("Apache-2.0 OR BSD-3-Clause",), 9)),
    origins=("lock",),
)
SOURCE_FACTS = Source(
    REVISION,
    on_protected_branch=True,
    on_first_parent_line=True,
    merge=Merge(16, REVISION, Mover.FORGE, MERGED_AT - timedelta(days=2)),
    default_ref=MAIN,
)

_EVIDENCE = Evidence(
    now=NOW,
    home=REPOSITORY,
    run=RUN,
    policy=POLICY,
    policy_reference=PolicyReference(identifiers.POLICY_PATH, POLICY_DIGEST, BASE, MAIN),
    policy_origin=PolicyOrigin(POLICY_CHANGE, first=False, merge=Merge(7, POLICY_CHANGE, Mover.FORGE, MERGED_AT)),
    stage="production",
    request=REQUEST,
    change=CHANGE,
    permissions=tuple((who, Permission.WRITE) for who in (ALICE, BOB, CAROL, DORA, ERIN, MALLORY)),
    run_actors=(),
    candidate=RELEASE,
    observed=OBSERVED,
    manifest=MANIFEST,
    manifest_digest=MANIFEST_DIGEST,
    builds=(provenance_attestation(), sbom_attestation()),
    build_problems=(),
    starts=(),
    sbom=SbomFacts(SBOM_DIGEST, components=31, same_as_attested=True, content=CONTENT_OF_SBOM),
    source=SOURCE_FACTS,
    ledger=LedgerFacts(LEDGER_ID, 42, anchors=("release v1.1.4",)),
    history=(earlier("staging", Outcome.ALLOW),),
    trust=TRUST,
    signatures=SIGNATURES,
)


def with_sbom(**changes: Any) -> Evidence:
    """Return evidence whose SBOM lists something else."""
    facts = _EVIDENCE.sbom
    assert facts is not None
    return evidence(sbom=dataclasses.replace(facts, content=dataclasses.replace(CONTENT_OF_SBOM, **changes)))


# --- in words --------------------------------------------------------------------------------


def told(finding: Finding, stage: str = "production") -> str:
    """Return the reason of a finding on this request, as people read it."""
    return findings.reason(finding, findings.About(stage, REQUEST.path, HOST, CHANGE.number))


def advised(finding: Finding, stage: str = "production") -> str:
    """Return the fix of a finding on this request, as people read it."""
    return findings.fix(finding, findings.About(stage, REQUEST.path, HOST, CHANGE.number))


# --- one thing different ---------------------------------------------------------------------


def evidence(**changes: Any) -> Evidence:
    """Return the good evidence with these fields instead."""
    return dataclasses.replace(_EVIDENCE, **changes)


def with_change(start: Evidence = _EVIDENCE, **changes: Any) -> Evidence:
    """Return evidence whose change request differs in these fields."""
    assert start.change is not None
    return dataclasses.replace(start, change=dataclasses.replace(start.change, **changes))


def with_reviews(*reviews: Review, start: Evidence = _EVIDENCE) -> Evidence:
    """Return evidence whose change request has exactly these reviews."""
    return with_change(start, reviews=reviews)


_MERGED = {field.name for field in dataclasses.fields(MergedFile)}


def with_request(start: Evidence = _EVIDENCE, **changes: Any) -> Evidence:
    """Return evidence whose request file, or how it was merged, differs in these fields."""
    came = {name: changes.pop(name) for name in tuple(changes) if name in _MERGED}
    if came:
        assert start.request.merged is not None
        changes["merged"] = dataclasses.replace(start.request.merged, **came)
    return dataclasses.replace(start, request=dataclasses.replace(start.request, **changes))


def with_content(start: Evidence = _EVIDENCE, **changes: Any) -> Evidence:
    """Return evidence whose request says something else."""
    assert start.request.content is not None
    return with_request(start, content=dataclasses.replace(start.request.content, **changes))


def malformed(start: Evidence = _EVIDENCE) -> Evidence:
    """Return evidence of a request file that is no request."""
    return with_request(start, content=None, problem="promotions/production/x.json: not valid JSON")


def with_certificate(**changes: Any) -> Evidence:
    """Return evidence whose builds were signed by a certificate that differs in these fields."""
    other = dataclasses.replace(BUILDER_CERTIFICATE, **changes)
    signatures = tuple(SignatureFacts(subject.name, other, "") for subject in (WHEEL, SDIST))
    return evidence(builds=(provenance_attestation(other), sbom_attestation(other)), signatures=signatures)
