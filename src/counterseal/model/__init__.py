"""The frozen types that travel through the flow, a file a topic. They hold data and decide nothing.

Digests are sha256 as 64 lower-case hex digits, revisions full git ids (40 hex digits),
moments aware datetimes in UTC. Every id is (forge host, kind, number): a number alone
says nothing (R40). Names and logins are for people only.
"""

from __future__ import annotations

from counterseal.model.artifacts import (
    Asset,
    BuildInputs,
    DigestSet,
    DocumentDigest,
    Manifest,
    Release,
    SbomDocument,
    Subject,
)
from counterseal.model.certificates import Attestation, Certificate, Run, Statement, Trust, TrustMaterial
from counterseal.model.changes import (
    BranchMove,
    BuildStart,
    ChangeRequest,
    Commit,
    Merge,
    Mover,
    OpenChange,
    Review,
    ReviewState,
)
from counterseal.model.findings import Counted, Dismissed, EarlierDecision, Finding, FindingOutcome, Outcome, Reason
from counterseal.model.ledger import Entry, InclusionProof, LedgerCommit, LedgerLink, NewCommit, Pushed
from counterseal.model.people import Actor, ActorKind, Permission, Person, Repository
from counterseal.model.policy import (
    EMERGENCY_HOLD,
    BuilderIdentity,
    GateIdentity,
    OwnGate,
    Policy,
    PolicyReference,
    Predecessor,
    Redaction,
    RuleUse,
    Stage,
)
from counterseal.model.project import (
    AccessToken,
    Collaborator,
    Project,
    ProjectSettings,
    RefRules,
    Repair,
    Schedule,
    SettingCall,
    Variable,
    Visibility,
)
from counterseal.model.requests import EventRequest, PinnedAsset, PinnedCandidate, PromotionRequest
from counterseal.model.restrictions import Held, Revoked, Target
from counterseal.model.runs import RunState, StartedRun

__all__ = [
    "EMERGENCY_HOLD",
    "AccessToken",
    "Actor",
    "ActorKind",
    "Asset",
    "Attestation",
    "BranchMove",
    "BuildInputs",
    "BuildStart",
    "BuilderIdentity",
    "Certificate",
    "ChangeRequest",
    "Collaborator",
    "Commit",
    "Counted",
    "DigestSet",
    "Dismissed",
    "DocumentDigest",
    "EarlierDecision",
    "Entry",
    "EventRequest",
    "Finding",
    "FindingOutcome",
    "GateIdentity",
    "Held",
    "InclusionProof",
    "LedgerCommit",
    "LedgerLink",
    "Manifest",
    "Merge",
    "Mover",
    "NewCommit",
    "OpenChange",
    "Outcome",
    "OwnGate",
    "Permission",
    "Person",
    "PinnedAsset",
    "PinnedCandidate",
    "Policy",
    "PolicyReference",
    "Predecessor",
    "Project",
    "ProjectSettings",
    "PromotionRequest",
    "Pushed",
    "Reason",
    "Redaction",
    "RefRules",
    "Release",
    "Repair",
    "Repository",
    "Review",
    "ReviewState",
    "Revoked",
    "RuleUse",
    "Run",
    "RunState",
    "SbomDocument",
    "Schedule",
    "SettingCall",
    "Stage",
    "StartedRun",
    "Statement",
    "Subject",
    "Target",
    "Trust",
    "TrustMaterial",
    "Variable",
    "Visibility",
]
