"""The formats that no record is by itself: what stands beside a record, and files that readers take apart by hand.

`typing.Annotated` says what a type cannot: a grammar, the only words, a description, or keywords of JSON Schema. In the
shapes of the policy a default stands for "may be left out".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from counterseal.adapters.sigstore import trust
from counterseal.evaluation import RULES, Decision
from counterseal.forges import DIALECTS, RUNNERS, ForgeKind
from counterseal.formats import digests, event_request, manifest, names
from counterseal.history.events import Event
from counterseal.identifiers import POLICY_API_VERSION
from counterseal.model import EventRequest, LedgerLink, PromotionRequest

# --- records, and what stands beside them ----------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class DecisionPredicate(Decision):
    """The predicate https://counterseal.dev/decision/v1.

    Later minor versions may add members; `critical` lists those that a reader has to know.
    """

    critical: tuple[str, ...] = ()
    ledger: LedgerLink


@dataclass(frozen=True, kw_only=True)
class EventPredicate(Event):
    """The predicate https://counterseal.dev/event/v1: everything that is recorded beside decisions.

    A kind that is not listed here is an error to this version.
    """

    critical: tuple[str, ...] = ()
    ledger: LedgerLink


@dataclass(frozen=True, kw_only=True)
class RequestDocument(PromotionRequest):
    """A file promotions/<stage>/<sha256 of manifest.json>.<request id>.json.

    `counterseal` checks more: that the path says the same.
    """

    schema: Annotated[str, {"const": manifest.REQUEST_SCHEMA}]
    kind: Annotated[str, {"const": manifest.PROMOTION}]


@dataclass(frozen=True, kw_only=True)
class EventRequestDocument(EventRequest):
    """A file promotions/_events/<kind>.<request id>.json.

    `counterseal` checks more: that the path says the same, and what each kind names.
    """

    schema: Annotated[str, {"const": event_request.SCHEMA}]


# --- the trust document ----------------------------------------------------------------------

Revisions = tuple[Annotated[str, digests.REVISION], ...]


@dataclass(frozen=True)
class WithdrawnGate:
    """A revision that is not to sign any more, and the time before which what it signed counts (null: nothing does)."""

    revision: Annotated[str, digests.REVISION]
    until: datetime | None


@dataclass(frozen=True)
class TrustConfig:
    """A Sigstore ClientTrustConfig."""

    trusted_root: Mapping[str, Any]


@dataclass(frozen=True)
class TrustFile:
    """Whom a verifier believes before any policy speaks."""

    schema: Annotated[str, {"const": trust.SCHEMA}]
    sandbox: bool
    issuers: Annotated[Mapping[Annotated[str, names.HOST], str], {"minProperties": 1}]
    released: Revisions
    withdrawn: tuple[WithdrawnGate, ...]
    trust_config: TrustConfig


# --- the policy ------------------------------------------------------------------------------

ONE_OF_THEM: Final = {"minProperties": 1, "maxProperties": 1}
AT_LEAST_ONE: Final = {"minProperties": 1}
_TRIGGERS: Final = {kind: tuple(sorted(dialect.builder_triggers)) for kind, dialect in DIALECTS.items()}
_STARTS: Final = "Events that may start a build; without this only the push of the tag."

Refs = Annotated[tuple[Annotated[str, names.REF_PATTERN], ...], "Full refs; * stands for anything but /."]
Runners = Annotated[
    tuple[Annotated[str, tuple(sorted(RUNNERS))], ...],
    "What may run a build; without this only the forge's own runners.",
]
Environment = Annotated[str, "The deployment environment that the job has to have."]
Branch = Annotated[str, names.BRANCH]


@dataclass(frozen=True)
class GithubBuilder:
    """One workflow of this repository, run from one of these refs."""

    workflow: Annotated[str, names.WORKFLOW_FILE]
    refs: Refs
    triggers: Annotated[tuple[Annotated[str, _TRIGGERS[ForgeKind.GITHUB]], ...], _STARTS] = ()
    runners: Runners = ()
    environment: Environment = ""


@dataclass(frozen=True)
class GitlabBuilder:
    """One pipeline file of this project, run from one of these refs."""

    file: Annotated[str, names.PIPELINE_FILE]
    refs: Refs
    triggers: Annotated[tuple[Annotated[str, _TRIGGERS[ForgeKind.GITLAB]], ...], _STARTS] = ()
    runners: Runners = ()
    environment: Environment = ""


@dataclass(frozen=True)
class Builder:
    """Who may build, at the ledger's forge."""

    github: GithubBuilder | None = None
    gitlab: GitlabBuilder | None = None


@dataclass(frozen=True)
class ReusableGate:
    """counterseal's reusable workflow, at one of these revisions."""

    revisions: Revisions


@dataclass(frozen=True)
class GithubGate:
    """A workflow of the repository's own, at one branch."""

    workflow: Annotated[str, names.WORKFLOW_FILE]
    ref: Branch
    environment: Environment = ""


@dataclass(frozen=True)
class GitlabGate:
    """A pipeline file of the project's own, at one branch."""

    project: int
    file: Annotated[str, names.PIPELINE_FILE]
    ref: Branch
    environment: Environment = ""


@dataclass(frozen=True)
class Gate:
    """Who may decide, where it is not the released reusable workflow."""

    counterseal: ReusableGate | None = None
    github: GithubGate | None = None
    gitlab: GitlabGate | None = None


@dataclass(frozen=True)
class Identities:
    """Who may build and who may decide, never the same."""

    builder: Annotated[Builder, ONE_OF_THEM]
    gate: Annotated[
        Literal["counterseal"] | Gate,
        ONE_OF_THEM,
        "On GitHub counterseal's reusable workflow, at a released revision or at one of yours; or a file of the"
        " project's own, at one branch.",
    ]


@dataclass(frozen=True)
class PredecessorLedger:
    """The ledger that this one follows, where nobody could append to that any more."""

    id: Annotated[str, names.LEDGER_ID, "The old ledger."]
    sequence: Annotated[int, {"minimum": 0}, "The number of its last entry that counts."]
    head: Annotated[str, digests.HEX256, "The sha256 of that entry's line."]


@dataclass(frozen=True)
class PolicyLedger:
    """Which ledger this policy is of."""

    id: Annotated[str, names.LEDGER_ID, "Host, repository id and 128 random bits; chosen once."]
    predecessor: Annotated[PredecessorLedger | None, "Not there: it follows none."] = None


@dataclass(frozen=True)
class GroupMember:
    """A person; the number decides who somebody is, the login is for readers."""

    id: Annotated[int, "The account's number at the forge."]
    login: Annotated[str, names.LOGIN]
    host: Annotated[str, names.HOST, "The forge, if it is not the ledger's."] = ""


if TYPE_CHECKING:

    class Rules:
        """The rules that a policy may choose."""

else:
    Rules = dataclasses.make_dataclass(
        "Rules",
        [
            (spec.name.replace("-", "_"), Annotated[spec.options, spec.title], field(default=None))
            for spec in RULES.values()
            if not spec.always
        ],
        namespace={"__doc__": "The rules that this stage chooses; others always apply."},
    )


@dataclass(frozen=True)
class PolicyStage:
    """A step of promotion."""

    rules: Rules
    after: Annotated[str, names.STAGE, "The stage before it; only the first has none."] = ""
    publish: Annotated[bool, "An allow publishes the release."] = False


@dataclass(frozen=True)
class PolicyRedaction:
    """What an SBOM must not have, by patterns in which `*` stands for anything."""

    hosts: Annotated[tuple[str, ...], "Names of hosts."] = ()
    names: Annotated[tuple[str, ...], "Names of packages and projects, with their scope or group."] = ()
    paths: Annotated[tuple[str, ...], "Paths of files and folders."] = ()


@dataclass(frozen=True)
class PolicyEmergency:
    """What one listed person may do at once, and for how long."""

    hold: Annotated[str, names.HOURS, "The longest time of a hold; without this 72h."] = "72h"


@dataclass(frozen=True)
class PolicyFile:
    """The file .counterseal/policy.yml.

    `counterseal policy check` says more: groups and stages that do not exist, numbers that nobody can fulfil.
    """

    api_version: Annotated[str, {"const": POLICY_API_VERSION}] = field(metadata={"key": "apiVersion"})
    ledger: PolicyLedger
    people: Annotated[Mapping[Annotated[str, names.GROUP], tuple[GroupMember, ...]], AT_LEAST_ONE, "People by group."]
    identities: Identities
    stages: Annotated[
        Mapping[Annotated[str, names.STAGE], PolicyStage], AT_LEAST_ONE, "Steps of promotion in their order."
    ]
    publish_names: Annotated[
        bool, "Names of a repository that is not public may appear in public transparency logs."
    ] = False
    redact: PolicyRedaction = PolicyRedaction()
    emergency: PolicyEmergency = PolicyEmergency()
