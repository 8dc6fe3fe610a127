"""A policy as it was read: people, identities, stages and the rules that these name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from counterseal.model.people import Person

#: How long one person may hold a stage, where the policy does not say.
EMERGENCY_HOLD: Final = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class PolicyReference:
    """Which policy: file, its sha256, and the revision and full ref it was read at."""

    uri: str
    digest: str
    revision: str
    ref: str


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
class Redaction:
    """What a document that is published must not have: hosts, names of packages and projects, paths, each by `*`."""

    hosts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The ledger that another one follows: its id, its last entry that counts, and that one's line (sha256)."""

    id: str
    sequence: int
    head: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy file, checked.

    `groups` maps a group of people to its members, `predecessor` is the ledger that this one's follows (None: none),
    `emergency_hold` the longest time for which one person may hold a stage, and `states_hold` whether the file says so.
    """

    ledger_id: str
    groups: Mapping[str, tuple[Person, ...]]
    builder: BuilderIdentity
    gate: GateIdentity
    stages: tuple[Stage, ...]
    publish_names: bool
    digest: str
    redact: Redaction = Redaction()
    predecessor: Predecessor | None = None
    emergency_hold: timedelta = EMERGENCY_HOLD
    states_hold: bool = False

    def stage(self, name: str) -> Stage | None:
        """Return the stage of this name, or None."""
        return next((stage for stage in self.stages if stage.name == name), None)

    def known_as(self, by: str) -> str:
        """Return login and number of a person as the ledger's state names one (`github.com/1001`), if they are listed.

        For people only. Whoever is in no group any more stays what the state says.
        """
        people = (person for group in self.groups.values() for person in group)
        return next((f"{each.login} ({each.id})" for each in people if f"{each.host}/{each.id}" == by), by)
