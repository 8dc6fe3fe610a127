"""The frozen types that travel through the flow. They hold data and decide nothing.

Digests are sha256 as 64 lower-case hex digits, revisions full git ids (40 hex digits),
moments aware datetimes in UTC. Every id is (forge host, kind, number): a number alone
says nothing (R40). Names and logins are for people only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

# --- who and where ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository at a forge; `name` (`owner/name`) may change hands, `id` may not."""

    host: str
    id: int
    name: str


class ActorKind(StrEnum):
    """What an account is. Only a `user` can approve (R13)."""

    USER = "user"
    BOT = "bot"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Actor:
    """An account at a forge, by number; the login is display only."""

    host: str
    id: int
    login: str
    kind: ActorKind = ActorKind.USER

    @property
    def key(self) -> tuple[str, int]:
        """Return what makes two actors the same person's account."""
        return (self.host, self.id)


class Permission(IntEnum):
    """What an account may do in a repository, in rising order."""

    NONE = 0
    READ = 1
    TRIAGE = 2
    WRITE = 3
    MAINTAIN = 4
    ADMIN = 5


@dataclass(frozen=True, slots=True)
class Run:
    """The CI run that this process is part of, as the claims of its OIDC token say.

    `issuer` is the token's issuer URL; `sandbox` is true exactly when that issuer is the
    loopback sandbox. `signer_ref`/`signer_digest` are GitHub's `job_workflow_ref` and
    `job_workflow_sha`, `config_ref`/`config_digest` are `workflow_ref` and `workflow_sha`.
    """

    issuer: str
    sandbox: bool
    repository: Repository
    ref: str
    ref_protected: bool
    revision: str
    event: str
    signer_ref: str
    signer_digest: str
    config_ref: str
    config_digest: str
    runner_environment: str
    run_id: int
    attempt: int
    actor: Actor
    triggering_login: str
    url: str
    visibility: str | None = None


# --- what a signature proves -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Certificate:
    """The identity in a Fulcio certificate: SAN, issuer and the extensions 1.3.6.1.4.1.57264.1.N.

    An absent extension is None. Source: Fulcio docs/oid-info.md.
    """

    san: str
    issuer: str
    signer_uri: str | None = None  # .9
    signer_digest: str | None = None  # .10
    runner_environment: str | None = None  # .11
    source_uri: str | None = None  # .12
    source_revision: str | None = None  # .13
    source_ref: str | None = None  # .14
    source_id: str | None = None  # .15
    owner_uri: str | None = None  # .16
    owner_id: str | None = None  # .17
    config_uri: str | None = None  # .18
    config_digest: str | None = None  # .19
    trigger: str | None = None  # .20
    run_uri: str | None = None  # .21
    visibility: str | None = None  # .22
    environment: str | None = None  # .23


@dataclass(frozen=True, slots=True)
class Subject:
    """What a statement is about: a name (no folder part for files) and its sha256."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class Statement:
    """An in-toto Statement v1 as parsed; `predicate` is plain JSON data."""

    subjects: tuple[Subject, ...]
    predicate_type: str
    predicate: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Attestation:
    """A statement whose signature, certificate chain, time and log entry were verified.

    Whose identity signed it is judged elsewhere (`identity.py`): verified does not mean trusted.
    `bundle` is the bundle as received, one JSON document; `digest` the sha256 of `bundle`.
    """

    statement: Statement
    payload: bytes
    certificate: Certificate
    signed_at: datetime
    log_index: int
    bundle: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom a verifier believes before any policy speaks (beside the cryptographic root of its `BundleVerifier`).

    `issuers` maps a forge host to the OIDC issuer of its CI; `released` and `withdrawn` are revisions of
    counterseal's reusable gate workflow. `sandbox` trust proves nothing to anybody and every result says so.
    """

    issuers: Mapping[str, str]
    released: tuple[str, ...]
    withdrawn: tuple[str, ...]
    sandbox: bool


# --- what is promoted ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Manifest:
    """The signed list at a gate: what the artifacts are and what they were made from (docs/formats.md#manifest)."""

    repository: Repository
    revision: str
    tag: str
    subjects: tuple[Subject, ...]
    sbom: str
    input_matrix: str


@dataclass(frozen=True, slots=True)
class BuildInputs:
    """What a build was made from and with, as far as it can be known here.

    `lock_files` maps a path in the project to its sha256, `tools` a tool to its version; both have to be equal in a
    rebuild. `platform` is for people. `variables` are environment variables by allow-list. `epoch` is
    SOURCE_DATE_EPOCH in seconds since 1970 (None: not set).
    """

    lock_files: Mapping[str, str]
    tools: Mapping[str, str]
    platform: Mapping[str, str]
    variables: Mapping[str, str]
    epoch: int | None


@dataclass(frozen=True, slots=True)
class Asset:
    """A file at a release; `digest` is what the forge says (None: it says nothing), not proof."""

    id: int
    name: str
    size: int
    digest: str | None = None
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Release:
    """A release of the forge; a draft is a candidate."""

    id: int
    tag: str
    draft: bool
    assets: tuple[Asset, ...]
    url: str
    immutable: bool = False


@dataclass(frozen=True, slots=True)
class PinnedAsset:
    """An asset of a candidate as a request names it."""

    id: int
    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class PinnedCandidate:
    """The candidate that a request is about: release and assets by id and digest."""

    release: int
    tag: str
    assets: tuple[PinnedAsset, ...]


@dataclass(frozen=True, slots=True)
class Requester:
    """The person behind a request; the login stands there for people."""

    host: str
    id: int
    login: str


@dataclass(frozen=True, slots=True)
class PromotionRequest:
    """The content of a promotion request file (docs/formats.md#request)."""

    request_id: str
    requested_by: Requester
    stage: str
    manifest: str
    candidate: PinnedCandidate
    policy: str
    reason: str
    valid_until: datetime


# --- reviews ---------------------------------------------------------------------------------


class ReviewState(StrEnum):
    """What a review says. Any other state that a forge may send is an error (R01)."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes-requested"
    COMMENTED = "commented"
    DISMISSED = "dismissed"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Review:
    """One actor's opinion on one revision; `actor` None is a deleted account, `revision` None a lost commit.

    Of a dismissed one `was` tells what it said before, `dismissed_by` and `dismissed_at` who ended it, and when; None
    where the forge does not tell (at GitLab people take back their own, and it was an approval).
    """

    id: int
    actor: Actor | None
    state: ReviewState
    revision: str | None
    submitted_at: datetime | None
    url: str
    was: ReviewState | None = None
    dismissed_by: Actor | None = None
    dismissed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of a change request: everybody who had a hand in it.

    `people` are author, committer and co-authors that the forge could name;
    `unattributed` counts those that it could not (R15).
    """

    revision: str
    people: tuple[Actor, ...]
    unattributed: int


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """A pull or merge request with all its reviews (in the forge's order) and commits, completely read.

    `base_ref` is a full ref, such as `refs/heads/main`. `head_came_back_at`: when its head was pushed once more after
    something else had been there (None: never). `limits` says what is so big that it could not be read completely, a
    sentence each; that will stay so, and nothing can be judged by the rest.
    """

    number: int
    url: str
    repository_id: int
    base_ref: str
    base_retargeted_at: datetime | None
    head: str
    author: Actor | None
    merged: bool
    merged_at: datetime | None
    merged_by: Actor | None
    merge_revision: str | None
    commits: tuple[Commit, ...]
    pushers: tuple[Actor, ...]
    unknown_pushers: int
    reviews: tuple[Review, ...]
    head_came_back_at: datetime | None = None
    limits: tuple[str, ...] = ()


class Mover(StrEnum):
    """Who moved a branch to a merged change request: the forge itself, or somebody who pushed its commits."""

    FORGE = "forge"
    PERSON = "person"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Merge:
    """How a revision came onto a branch: within the change request `number`, whose merge left the branch at `end`."""

    number: int
    end: str
    mover: Mover
    merged_at: datetime


@dataclass(frozen=True, slots=True)
class BuildStart:
    """Whose hands were on a builder's run.

    Who started it, whether people play it with variables of their own, and whether it was started again.
    """

    run: str
    people: tuple[Actor, ...]
    manual: bool
    again: bool


# --- policy ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PolicyReference:
    """Which policy: file, its sha256, and the revision and full ref it was read at."""

    uri: str
    digest: str
    revision: str
    ref: str


@dataclass(frozen=True, slots=True)
class Member:
    """A person of a group of the policy."""

    host: str
    id: int
    login: str

    @property
    def key(self) -> tuple[str, int]:
        """Return the key that `Actor.key` is compared with."""
        return (self.host, self.id)


@dataclass(frozen=True, slots=True)
class BuilderIdentity:
    """Who may build: a workflow or pipeline file of the repository, run from one of these refs.

    In a ref `*` stands for anything but `/`. `triggers` are the events that may start it, `runners` what may run it
    (none: the forge's own), `environment` the deployment environment that its job has to have.
    """

    workflow: str
    refs: tuple[str, ...]
    triggers: tuple[str, ...] = ("push",)
    runners: tuple[str, ...] = ()
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class OwnGate:
    """A gate in a file of the project's own, run from exactly this branch; `project` None: whichever is asked about.

    `environment` is the deployment environment that its job has to have, if the policy names one.
    """

    project: int | None
    file: str
    ref: str
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class GateIdentity:
    """Who may decide: counterseal's released reusable workflow, or an own gate.

    `revisions` are those of the reusable workflow that are accepted (None: the released list).
    """

    revisions: tuple[str, ...] | None = None
    own: OwnGate | None = None


@dataclass(frozen=True, slots=True)
class RuleUse:
    """A rule that a stage names, with its checked options (a dataclass of the rule's own)."""

    name: str
    options: Any


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of promotion."""

    name: str
    after: str | None
    publish: bool
    rules: tuple[RuleUse, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy file, checked. `groups` maps a group of people to its members."""

    ledger_id: str
    groups: Mapping[str, tuple[Member, ...]]
    builder: BuilderIdentity
    gate: GateIdentity
    stages: tuple[Stage, ...]
    publish_names: bool
    digest: str

    def stage(self, name: str) -> Stage | None:
        """Return the stage of this name, or None."""
        return next((stage for stage in self.stages if stage.name == name), None)


# --- ledger ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LedgerLink:
    """The `ledger` member of every predicate that we record: place in the ledger and proof of its past.

    `sequence` counts from 0; `previous` is the sha256 of the line before (None: genesis); the RFC 6962
    tree of `tree_size` lines before this one has `root_hash`, and `peaks` are the roots of its perfect
    subtrees, largest first (all hex).
    """

    id: str
    entry_id: str
    sequence: int
    previous: str | None
    tree_size: int
    root_hash: str
    peaks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger that was verified as an attestation; `line` are its bytes without newline."""

    line: bytes
    attestation: Attestation
    link: LedgerLink


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A line as a store holds it: the key of its note (40 hex digits) and its bytes."""

    note: str
    line: bytes


@dataclass(frozen=True, slots=True)
class StoredLedger:
    """What a store holds, unverified: tips of notes ref and mirror (None: absent), and the lines at the notes' tip.

    `removed` names what the mirror's history once had and its tip has not (None: nothing),
    with the commit that removed it.
    """

    notes: str | None
    mirror: str | None
    lines: tuple[StoredLine, ...]
    removed: str | None = None


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """RFC 6962 section 2.1.1: `hashes` (hex) lead from the leaf at `index` to `root_hash` of `tree_size` leaves."""

    index: int
    tree_size: int
    root_hash: str
    hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EarlierDecision:
    """A recorded decision on the same manifest, as the ledger's history tells it to the rules.

    `pushed`: the policy that it was made or signed under came onto the branch without a merge, and may have named
    anybody as the gate.
    """

    entry_id: str
    sequence: int
    stage: str
    outcome: Outcome
    decided_at: datetime
    withdrawn: bool
    pushed: bool = False


# --- evidence and judgement ------------------------------------------------------------------


class FindingOutcome(StrEnum):
    """What a rule says."""

    SATISFIED = "satisfied"
    VIOLATED = "violated"
    SKIPPED = "skipped"
    ERROR = "error"


class Outcome(StrEnum):
    """What a decision says; there is nothing between."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Counted:
    """Somebody or something that counted for a finding."""

    who: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Dismissed:
    """Somebody or something that did not count, and why."""

    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule found. `code` is stable, for machines; `reason` and `fix` are sentences for people."""

    rule: str
    outcome: FindingOutcome
    code: str
    reason: str
    fix: str = ""
    counted: tuple[Counted, ...] = field(default=())
    dismissed: tuple[Dismissed, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """What a program left: exit code, stdout and stderr as text, wall time in seconds."""

    exit_code: int
    output: str
    errors: str
    seconds: float
