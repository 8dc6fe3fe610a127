"""Fixed values behind the known-answer vectors in tests/assets/vectors.

Nothing here may change with the rest of the tests: a vector that needs another value here is another format.
`CASES` maps a vector file to its cases, each made by the code that writes the format.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterseal import __version__, identifiers, ledger
from counterseal.evaluation import decision, evidence
from counterseal.evaluation.evidence import (
    Evidence,
    LedgerFacts,
    ObservedAsset,
    PolicyOrigin,
    SignatureFacts,
    Source,
)
from counterseal.evaluation.request_file import MergedFile, RequestFile
from counterseal.evaluation.sbom_facts import LicenceUse, SbomContent, SbomFacts
from counterseal.formats import event_request, manifest, provenance, statement, wire
from counterseal.formats.inputs import matrix, observation
from counterseal.formats.rebuilding import result
from counterseal.history import events as event
from counterseal.history import state as states
from counterseal.history.events import (
    Audit,
    Consent,
    EntryReference,
    Event,
    EventKind,
    Genesis,
    Hold,
    Moved,
    Publication,
    PublishedAsset,
    Reinstatement,
    Resume,
    Revocation,
    Swept,
    Waiting,
    Withdrawn,
)
from counterseal.identifiers import GATE_ID, REBUILD
from counterseal.ledger import merkle
from counterseal.model import (
    Actor,
    Around,
    Asset,
    Attestation,
    BuilderIdentity,
    BuildInputs,
    BuildStart,
    Certificate,
    ChangeRequest,
    CheckedOut,
    Commit,
    ComparedArtifact,
    Container,
    Counted,
    Definition,
    Difference,
    DigestSet,
    Dismissed,
    DocumentDigest,
    EventRequest,
    Finding,
    FindingOutcome,
    GateIdentity,
    Input,
    Isolation,
    LedgerLink,
    Limits,
    Manifest,
    Merge,
    Mover,
    Observation,
    ObservedStep,
    Permission,
    Person,
    PinnedAsset,
    PinnedCandidate,
    Policy,
    PolicyReference,
    PromotionRequest,
    RebuildResult,
    RebuildSource,
    RebuiltFile,
    Release,
    Repository,
    Review,
    ReviewState,
    Run,
    Stage,
    Statement,
    StepEnd,
    Subject,
    Target,
    Trust,
    Used,
    WrittenFile,
    Wrote,
)
from counterseal.verification import vsa

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

VECTORS = Path(__file__).parents[1] / "assets" / "vectors"


def cases(name: str) -> list[dict[str, Any]]:
    """Return the cases of a vector file."""
    vectors: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_text())["cases"]
    return vectors


def document(name: str, case: str) -> Any:
    """Return the JSON of a case."""
    return next(vector["document"] for vector in cases(name) if vector["case"] == case)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def revision(text: str) -> str:
    return digest(text)[:40]


def moment(hour: int, minute: int = 0, *, day: int = 24) -> datetime:
    return datetime(2026, 11, day, hour, minute, 44, tzinfo=UTC)


HOST = "github.com"
HOME = Repository(HOST, 4710021, "acme/app")
SOURCE = f"https://{HOST}/{HOME.name}"
LEDGER = f"{HOST}/{HOME.id}/9f3b1a7c5d2e4f60718293a4b5c6d7e8"
MAIN = "refs/heads/main"
ALICE, BOB, CAROL, DORA, ERIN = (
    Actor(HOST, number, login)
    for number, login in ((1001, "alice"), (1002, "bob"), (1003, "carol"), (1004, "dora"), (1005, "erin"))
)

WHEEL = Subject("app-1.2.0-py3-none-any.whl", digest("wheel"))
SDIST = Subject("app-1.2.0.tar.gz", digest("sdist"))
SBOM_DIGEST, POLICY_DIGEST, MATRIX_DIGEST = digest("sbom"), digest("policy"), digest("matrix")
REVISION, HEAD, MERGE, BASE, OLD_HEAD = map(revision, ("source", "head", "merge", "base", "old head"))

# --- what `sign` writes ----------------------------------------------------------------------

INPUTS = BuildInputs(
    lock_files={"uv.lock": digest("uv.lock"), "sub/pylock.toml": digest("pylock")},
    tools={"python": "3.11.9", "counterseal": "0.1.0", "hatchling": "1.33.0"},
    platform={"system": "Linux", "machine": "x86_64"},
    variables={"PYTHONHASHSEED": "0"},
    epoch=1795511444,
    checkout=CheckedOut(REVISION, ("src/app/version.py",), 1, {"vendor/parser": revision("submodule")}),
    definition=Definition(
        ".github/workflows/release.yml",
        DigestSet(digest("release.yml")),
        (
            Used("action", "actions/checkout", revision("checkout")),
            Used("image", "docker.io/library/python", f"sha256:{digest('python image')}"),
            Used("local", "./.github/actions/build", None),
        ),
        complete=True,
    ),
    container=Container("python:3.12", DigestSet(digest("python image"))),
    parameters={"channel": "stable"},
)
SEEN = Observation(
    "8801",
    (
        ObservedStep(
            command=("python", "-m", "build", "--password=[redacted]"),
            started_at=moment(8, 1),
            duration_ms=41_200,
            exit=0,
            signal=None,
            around=Around(
                tools={"gcc": "gcc (Ubuntu 13.2.0-23ubuntu4) 13.2.0", "python3": "Python 3.12.3"},
                unanswered=("mvn",),
                platform={"arch": "x86_64", "ImageVersion": "20261101.1.0"},
                container=Container("python:3.12", None),
                umask="0022",
                locale="C.UTF-8",
                time_zone="Etc/UTC",
                limits=Limits("2.5", 8 << 30, 4),
                variables={"CFLAGS": "-O2", "SOURCE_DATE_EPOCH": "1795511444"},
            ),
            wrote=Wrote((WrittenFile("dist/app-1.2.0.tar.gz", 5120, DigestSet(digest("sdist"))),), 2, complete=False),
        ),
        ObservedStep(
            command=("make", "docs"),
            started_at=moment(8, 2),
            duration_ms=0,
            exit=137,
            signal="SIGKILL",
            around=Around({}, (), {}, None, "0077", "C", "", Limits(None, None, 1), {}),
            wrote=Wrote((), 0, complete=True),
        ),
    ),
)
NO_INPUTS = BuildInputs({}, {}, {}, {}, None)
MANIFEST = Manifest(HOME, REVISION, "v1.2.0", (SDIST, WHEEL), SBOM_DIGEST, MATRIX_DIGEST)
MANIFEST_DIGEST = hashlib.sha256(manifest.build(MANIFEST)).hexdigest()
RUN = Run(
    issuer="https://token.actions.githubusercontent.com",
    sandbox=False,
    repository=HOME,
    ref="refs/tags/v1.2.0",
    ref_protected=True,
    revision=REVISION,
    event="push",
    signer_ref=f"{HOME.name}/.github/workflows/release.yml@refs/tags/v1.2.0",
    signer_digest=REVISION,
    config_ref=f"{HOME.name}/.github/workflows/release.yml@refs/tags/v1.2.0",
    config_digest=REVISION,
    runner_environment="github-hosted",
    run_id=8801,
    attempt=1,
    actor=ERIN,
    triggering_login="erin",
    url=f"{SOURCE}/actions/runs/8801/attempts/1",
)

# --- request and evidence --------------------------------------------------------------------

ASSETS = (
    Asset(501, WHEEL.name, 18211, WHEEL.digest),
    Asset(502, SDIST.name, 20480, SDIST.digest),
    Asset(503, "manifest.json", 755, MANIFEST_DIGEST),
    Asset(504, "sbom.cdx.json", 9120, None),
    Asset(505, "build.intoto.jsonl", 24015, digest("bundles")),
)
_READ = (WHEEL.digest, SDIST.digest, MANIFEST_DIGEST, SBOM_DIGEST, digest("bundles"))
OBSERVED = tuple(
    ObservedAsset(asset.id, asset.name, read, asset.digest, asset.size)
    for asset, read in zip(ASSETS, _READ, strict=True)
)
REQUEST = PromotionRequest(
    request_id="20261124-0910-4f2c",
    requested_by=Person(HOST, BOB.id, BOB.login),
    stage="production",
    manifest=MANIFEST_DIGEST,
    candidate=PinnedCandidate(
        55, "v1.2.0", tuple(PinnedAsset(observed.id, observed.name, observed.digest) for observed in OBSERVED)
    ),
    policy=POLICY_DIGEST,
    reason="fixes the import of old changelogs, see #16",
    valid_until=moment(9, 0, day=30),
)
#: Every character that a serialiser can get wrong: quotes, escapes, a line break, one, two and four bytes of UTF-8.
AWKWARD = 'says "now" \\ <why> & /how/\nzweite Zeile: für €5 \N{GRINNING FACE} é'
PATH = f"promotions/production/{MANIFEST_DIGEST}.{REQUEST.request_id}.json"
REQUEST_FILE = RequestFile(
    path=PATH,
    digest=digest("request"),
    content=REQUEST,
    problem="",
    merged=MergedFile(
        merge_revision=MERGE,
        base_revision=BASE,
        other_changes=(),
        mode="100644",
        added_before=False,
        same_at_head=True,
        mover=Mover.FORGE,
    ),
)
CHANGE = ChangeRequest(
    number=18,
    url=f"{SOURCE}/pull/18",
    repository_id=HOME.id,
    base_ref=MAIN,
    base_retargeted_at=None,
    head=HEAD,
    author=BOB,
    merged=True,
    merged_at=moment(9, 10),
    merged_by=ALICE,
    merge_revision=MERGE,
    commits=(Commit(HEAD, (BOB,), 0),),
    pushers=(BOB,),
    unknown_pushers=0,
    reviews=(
        Review(9001, ALICE, ReviewState.APPROVED, HEAD, moment(8, 30), f"{SOURCE}/pull/18#pullrequestreview-9001"),
        Review(9002, None, ReviewState.COMMENTED, None, None, f"{SOURCE}/pull/18#pullrequestreview-9002"),
        Review(9003, DORA, ReviewState.APPROVED, HEAD, moment(8, 40), f"{SOURCE}/pull/18#pullrequestreview-9003"),
    ),
)
POLICY = Policy(
    ledger_id=LEDGER,
    groups={
        "maintainers": (Person(HOST, ALICE.id, ALICE.login), Person(HOST, BOB.id, BOB.login)),
        "security": (Person(HOST, DORA.id, DORA.login),),
    },
    builder=BuilderIdentity(".github/workflows/release.yml", ("refs/tags/v*",)),
    gate=GateIdentity(),
    stages=(Stage("staging", None, publish=False, rules=()), Stage("production", "staging", publish=True, rules=())),
    publish_names=False,
    digest=POLICY_DIGEST,
)
CERTIFICATE = Certificate(
    san=f"https://{HOST}/{RUN.signer_ref}",
    issuer=RUN.issuer,
    signer_uri=f"https://{HOST}/{RUN.signer_ref}",
    signer_digest=REVISION,
    runner_environment="github-hosted",
    source_uri=SOURCE,
    source_revision=REVISION,
    source_ref="refs/tags/v1.2.0",
    source_id=str(HOME.id),
    owner_uri=f"https://{HOST}/acme",
    owner_id="4710000",
    config_uri=f"https://{HOST}/{RUN.config_ref}",
    config_digest=REVISION,
    trigger="push",
    run_uri=RUN.url,
    visibility="public",
)


def _build(predicate_type: str, *subjects: Subject) -> Attestation:
    line = f"bundle {predicate_type}".encode()
    content = Statement(subjects, predicate_type, {})
    return Attestation(content, b"", CERTIFICATE, moment(7, 55), 301, line, hashlib.sha256(line).hexdigest())


SBOM_CONTENT = SbomContent(
    elements=29,
    missing={"supplier": 4, "identifier": 1},
    licences=(LicenceUse(("MIT",), 20), LicenceUse(("Apache-2.0 OR BSD-3-Clause", "the own words of Zoë"), 7)),
    origins=("lock", "syft 1.32.0"),
)
EVIDENCE = Evidence(
    now=moment(9, 12),
    home=HOME,
    run=dataclasses.replace(RUN, ref=MAIN, actor=ALICE, event="push"),
    policy=POLICY,
    policy_reference=PolicyReference(".counterseal/policy.yml", POLICY_DIGEST, BASE, MAIN),
    policy_origin=PolicyOrigin(BASE, first=False, merge=Merge(7, BASE, Mover.FORGE, moment(7, 0))),
    stage="production",
    request=REQUEST_FILE,
    change=CHANGE,
    permissions=((ALICE, Permission.MAINTAIN), (DORA, Permission.WRITE)),
    run_actors=(ERIN,),
    candidate=Release(55, "v1.2.0", draft=True, assets=(*ASSETS, Asset(599, "unpinned.txt", 1)), url=SOURCE),
    observed=OBSERVED,
    manifest=MANIFEST,
    manifest_digest=MANIFEST_DIGEST,
    builds=(
        _build(identifiers.PROVENANCE, SDIST, WHEEL, Subject("manifest.json", MANIFEST_DIGEST)),
        _build(identifiers.SBOM, SDIST, WHEEL),
    ),
    build_problems=("build.intoto.jsonl line 3: signed by nobody known",),
    starts=(BuildStart(RUN.url, (BOB,), manual=False, again=True),),
    sbom=SbomFacts(SBOM_DIGEST, components=31, same_as_attested=True, content=SBOM_CONTENT),
    source=Source(
        REVISION,
        on_protected_branch=True,
        on_first_parent_line=True,
        merge=Merge(16, REVISION, Mover.FORGE, moment(7, 30)),
        default_ref=MAIN,
    ),
    ledger=LedgerFacts(LEDGER, 41, anchors=()),
    history=(),
    trust=Trust({HOST: RUN.issuer}, (), {}, sandbox=False),
    signatures=(
        SignatureFacts(SDIST.name, CERTIFICATE, ""),
        SignatureFacts(WHEEL.name, None, f"{WHEEL.name}.sigstore.json: does not verify"),
    ),
)
MALFORMED = dataclasses.replace(
    EVIDENCE,
    stage="staging",
    request=RequestFile(
        path="promotions/staging/oops.json",
        digest=digest("oops"),
        content=None,
        problem="promotions/staging/oops.json: not valid JSON",
        merged=MergedFile(
            merge_revision=MERGE,
            base_revision=BASE,
            other_changes=("README.md",),
            mode="120000",
            added_before=True,
            same_at_head=False,
        ),
    ),
    change=None,
    permissions=(),
    candidate=None,
    observed=(),
    manifest=None,
    manifest_digest=None,
    builds=(),
    build_problems=(),
    starts=(),
    sbom=None,
    source=None,
    signatures=(),
)

# --- what the gate writes --------------------------------------------------------------------


def link(sequence: int, kind: str, *parts: str) -> LedgerLink:
    """Return a place in a ledger whose lines are the numbers from 0 on."""
    lines = [b"%d" % number for number in range(sequence)]
    peaks = merkle.peaks_of(map(merkle.leaf, lines))
    return LedgerLink(
        ledger.FORMAT,
        LEDGER,
        ledger.entry_id(kind, LEDGER, *parts),
        sequence,
        hashlib.sha256(lines[-1]).hexdigest() if lines else None,
        revision(f"commit {sequence}") if lines else None,
        revision(f"tree {sequence}") if lines else None,
        sequence,
        merkle.root_of_peaks(peaks).hex(),
        tuple(peak.hex() for peak in peaks),
        digest(f"state {sequence}"),
    )


ALLOW_FINDINGS = (
    Finding(
        "enough-reviews",
        FindingOutcome.SATISFIED,
        "satisfied",
        {"filled": 2, "required": 2, "head": HEAD},
        counted=(Counted(ALICE, ("maintainers",)), Counted(DORA, ("security",))),
        dismissed=(Dismissed(CAROL, "older-revision", {"revision": OLD_HEAD}),),
    ),
    Finding(
        "previous-stage-passed",
        FindingOutcome.SATISFIED,
        "satisfied",
        {"after": "staging", "entry": 40, "secondsAgo": 90000},
    ),
    Finding("sbom-present", FindingOutcome.SKIPPED, "no-request"),
)
DENY_FINDINGS = (
    Finding(
        "review-of-this-revision",
        FindingOutcome.VIOLATED,
        "request-malformed",
        {"detail": "promotions/staging/oops.json: not valid JSON"},
    ),
)
EVALUATOR = decision.EvaluatorUse("1.0.0", decision.RULE_SET)  # our own version may change
ALLOW = dataclasses.replace(decision.decide(EVIDENCE, ALLOW_FINDINGS, abandoned=(digest("lost"),)), evaluator=EVALUATOR)
DENY = dataclasses.replace(decision.decide(MALFORMED, DENY_FINDINGS), evaluator=EVALUATOR)
ALLOW_REFERENCE = EntryReference(link(41, "decision", PATH).entry_id, 41, digest("line 41"))
USE = decision.policy_use(EVIDENCE)


def _event(kind: EventKind, body: Any) -> Event:
    return Event(kind, moment(9, 13), ALICE, USE, body)


GENESIS = _event(EventKind.GENESIS, Genesis(LEDGER, POLICY_DIGEST))
PUBLICATION = _event(
    EventKind.PUBLICATION,
    Publication(
        "production",
        "v1.2.0",
        MANIFEST_DIGEST,
        ALLOW_REFERENCE,
        55,
        (
            PublishedAsset("SHA256SUMS", digest("sums"), 1033),
            PublishedAsset(WHEEL.name, WHEEL.digest, 18211),
            PublishedAsset(SDIST.name, SDIST.digest, 20480),
        ),
    ),
)
WITHDRAWN = _event(
    EventKind.WITHDRAWN,
    Withdrawn("production", MANIFEST_DIGEST, ALLOW_REFERENCE, "tag-moved", {"tag": "v1.2.0", "now": None}),
)
SWEPT = Swept(
    MERGE, (Waiting(f"promotions/staging/{MANIFEST_DIGEST}.2.json", MERGE), Waiting(f"promotions@{BASE}", BASE))
)


def _audit(verified: int) -> Event:
    moved = Moved(moment(8, 12), BOB, "91c6be04a2f1" + "0" * 28, "4bd4b1c2a8e0" + "0" * 28)
    return _event(EventKind.AUDIT, Audit(verified, "schedule", SWEPT, (moved,)))


AUDIT = _audit(41)
BEGUN = states.after(None, GENESIS, LEDGER, link(0, "genesis").entry_id)
HELD_ID, REVOKED_ID = link(43, "hold", "a run").entry_id, link(44, "revocation", "a run").entry_id
CONSENT = Consent(
    "promotions/_events/resume.20261124-0910-4f2c.json",
    MERGE,
    BOB,
    (CAROL, DORA),
    DocumentDigest(digest("evidence"), revision("evidence")),
)
ENDING = EventRequest(
    request_id="20261124-0910-4f2c",
    requested_by=Person(HOST, BOB.id, BOB.login),
    kind="resume",
    entries=(HELD_ID,),
    target=None,
    since=None,
    policy=POLICY_DIGEST,
    reason="it was another machine",
    valid_until=moment(9, 0, day=30),
)
STOLEN = Target("identity", CERTIFICATE.san, moment(7, 0), moment(9, 0))
REVOKING = dataclasses.replace(ENDING, kind="revocation", entries=(), target=STOLEN, since=moment(7, 0))
HOLD = _event(EventKind.HOLD, Hold("production", "promote", moment(9, 13, day=27), "a build machine was broken into"))
RESUME = _event(EventKind.RESUME, Resume((HELD_ID,), "it was another machine", CONSENT))
AT_ONCE = _event(
    EventKind.REVOCATION,
    Revocation(Target("manifest", MANIFEST_DIGEST), moment(9, 13), moment(9, 13, day=27), None, "malware", None),
)
CONFIRMED = _event(
    EventKind.REVOCATION,
    Revocation(Target("manifest", MANIFEST_DIGEST), moment(9, 13), None, REVOKED_ID, "malware", CONSENT),
)
BY_TWO = _event(EventKind.REVOCATION, Revocation(STOLEN, moment(7, 0), None, None, "a stolen key", CONSENT))
LATER = states.after(BEGUN, ALLOW, LEDGER, ALLOW_REFERENCE.entry_id)
LATER = states.after(states.after(LATER, DENY, LEDGER, digest("deny")), _audit(2), LEDGER, digest("audit"))
LATER = states.after(states.after(LATER, HOLD, LEDGER, HELD_ID), AT_ONCE, LEDGER, REVOKED_ID)
REINSTATEMENT = _event(EventKind.REINSTATEMENT, Reinstatement((REVOKED_ID,), "a false alarm", CONSENT))
ABOUT = decision.subjects(EVIDENCE)
POLICY_FILE = (Subject(".counterseal/policy.yml", POLICY_DIGEST),)


def _matrix(inputs: BuildInputs) -> bytes:
    return wire.canonical(matrix.build(inputs, REVISION))


def _provenance() -> bytes:
    seen = wire.load_json(observation.build(SEEN), "observation")
    predicate = provenance.predicate(RUN, matrix.build(INPUTS, REVISION), seen)
    return statement.build([WHEEL, Subject("manifest.json", MANIFEST_DIGEST), SDIST], identifiers.PROVENANCE, predicate)


def _tests() -> bytes:
    counts = {"passed": ["tests.test_app::b", "tests.test_app::a"], "failed": [], "skipped": ["tests.test_app::c"]}
    predicate = provenance.test_results(RUN, counts, ("report.xml", digest("report")))
    return statement.build([WHEEL, SDIST], identifiers.TEST_RESULT, predicate)


def _summary() -> bytes:
    data = vsa.payload(WHEEL, ALLOW, ALLOW_REFERENCE.line, verifier=GATE_ID, at=moment(9, 14), levels=(vsa.BUILD_L2,))
    return data.replace(b'"counterseal":"%s"' % __version__.encode(), b'"counterseal":"1.0.0"')  # that one may change


REBUILT = RebuildResult(
    source=RebuildSource("https://github.com/acme/app", REVISION),
    build_file=DigestSet(digest("build.yml")),
    subjects=(
        RebuiltFile("app-1.2.0-py3-none-any.whl", DigestSet(WHEEL.digest)),
        RebuiltFile("app-1.2.0.tar.gz", DigestSet(digest("other")), fetched=True),
    ),
    isolation=Isolation("bubblewrap", isolated=True),
    inputs=(
        Input("python", "3.11.9", "3.11.9", recreated=True),
        Input("generator of app", "hatchling 1.33.0", None, recreated=False, why="it cannot be asked for its version"),
    ),
    steps=(StepEnd("fetch", 0), StepEnd("build", 0, left=("gradle",))),
    log=DigestSet(digest("log")),
)
NOT_BUILT = dataclasses.replace(
    REBUILT,
    subjects=(),
    isolation=Isolation("none", isolated=False, why="bubblewrap: setting up uid map: Permission denied"),
    inputs=(),
    steps=(StepEnd("build", 137, "it took more than 3600 seconds"),),
)
COMPARED = (
    ComparedArtifact("app-1.2.0-py3-none-any.whl", DigestSet(WHEEL.digest), DigestSet(WHEEL.digest), equal=True),
    ComparedArtifact(
        "app-1.2.0.tar.gz",
        DigestSet(digest("sdist")),
        DigestSet(digest("other")),
        equal=False,
        differences=(Difference("mode", "app-1.2.0/PKG-INFO", "0644", "0664"),),
        more=3,
    ),
    ComparedArtifact("app.exe", DigestSet(digest("exe")), None, equal=False),
)


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def rebuilt(subjects: Sequence[Subject], revision: str = REVISION) -> RebuildResult:
    """Return the result of a second build that counts, of other artifacts."""
    files = tuple(RebuiltFile(each.name, DigestSet(each.digest)) for each in subjects)
    source = RebuildSource("https://github.com/acme/app", revision)
    return dataclasses.replace(REBUILT, source=source, subjects=files)


def _rebuild(content: RebuildResult, compared: tuple[ComparedArtifact, ...]) -> bytes:
    subjects = [Subject(each.name, each.digest.sha256) for each in compared]
    return statement.build(subjects, REBUILD, result.predicate(content, result.build(content), compared))


CASES: Mapping[str, Mapping[str, Callable[[], bytes]]] = {
    "rebuild-result": {"built": lambda: result.build(REBUILT), "stopped": lambda: result.build(NOT_BUILT)},
    "rebuild": {
        "different": lambda: _rebuild(REBUILT, COMPARED),
        "equal": lambda: _rebuild(dataclasses.replace(REBUILT, subjects=REBUILT.subjects[:1]), COMPARED[:1]),
    },
    "manifest": {
        "two artifacts": lambda: manifest.build(MANIFEST),
        "one artifact": lambda: manifest.build(
            dataclasses.replace(MANIFEST, tag="app/v1.2.0-rc.1+x", subjects=(WHEEL,))
        ),
    },
    "input-matrix": {"everything": lambda: _matrix(INPUTS), "nothing": lambda: _matrix(NO_INPUTS)},
    "observation": {
        "two commands": lambda: observation.build(SEEN),
        "of no run": lambda: observation.build(Observation(None, SEEN.steps[1:])),
    },
    "request": {
        "production": lambda: manifest.request(REQUEST),
        "awkward reason": lambda: manifest.request(dataclasses.replace(REQUEST, reason=AWKWARD)),
    },
    "event-request": {
        "resume": lambda: event_request.build(ENDING),
        "reinstatement": lambda: event_request.build(
            dataclasses.replace(ENDING, kind="reinstatement", entries=(REVOKED_ID,), reason="a false alarm")
        ),
        "revocation": lambda: event_request.build(REVOKING),
        "awkward reason": lambda: event_request.build(dataclasses.replace(ENDING, reason=AWKWARD)),
    },
    "evidence": {
        "everything": lambda: evidence.canonical(EVIDENCE),
        "malformed": lambda: evidence.canonical(MALFORMED),
    },
    "statement": {
        "order of subjects": lambda: statement.build(
            [Subject(name, digest(name)) for name in ("b", "a.b", "a-b", "B", "é", "")],
            "https://x.example/v1",
            {"z": 1, "a": [True, None, AWKWARD]},
        ),
        "provenance": _provenance,
        "test results": _tests,
    },
    "decision": {
        "allow": lambda: decision.payload(ALLOW, ABOUT, link(41, "decision", PATH)),
        "deny": lambda: decision.payload(
            DENY, decision.subjects(MALFORMED), link(1, "decision", "promotions/staging/oops.json")
        ),
    },
    "event-genesis": {"genesis": lambda: event.payload(GENESIS, POLICY_FILE, link(0, "genesis"))},
    "event-publication": {
        "publication": lambda: event.payload(PUBLICATION, ABOUT, link(42, "publication", "v1.2.0", MANIFEST_DIGEST))
    },
    "event-withdrawn": {
        "withdrawn": lambda: event.payload(WITHDRAWN, ABOUT, link(42, "withdrawn", ALLOW_REFERENCE.entry_id))
    },
    "event-audit": {
        "audit": lambda: event.payload(AUDIT, POLICY_FILE, link(42, "audit", "a run")),
        "too many requests": lambda: event.payload(
            _event(EventKind.AUDIT, Audit(41, "push", None)), POLICY_FILE, link(42, "audit", "a run")
        ),
    },
    "event-hold": {"hold": lambda: event.payload(HOLD, POLICY_FILE, link(43, "hold", "a run"))},
    "event-resume": {"resume": lambda: event.payload(RESUME, POLICY_FILE, link(44, "resume", CONSENT.request))},
    "event-revocation": {
        "revocation": lambda: event.payload(AT_ONCE, POLICY_FILE, link(44, "revocation", "a run")),
        "confirmed": lambda: event.payload(CONFIRMED, POLICY_FILE, link(45, "revocation", CONSENT.request)),
        "by two": lambda: event.payload(BY_TWO, POLICY_FILE, link(45, "revocation", CONSENT.request)),
    },
    "event-reinstatement": {
        "reinstatement": lambda: event.payload(REINSTATEMENT, POLICY_FILE, link(46, "reinstatement", CONSENT.request))
    },
    "state": {"genesis": lambda: states.document(BEGUN), "later": lambda: states.document(LATER)},
    "vsa": {"production": _summary},
}
