"""Asks clone, forge and machine; what cannot be seen becomes a part of the answer, with why and what would show it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from counterseal import policy as policies
from counterseal.commands import policy_people
from counterseal.errors import NOT_VERIFIED, CountersealError
from counterseal.evaluation import rules
from counterseal.forges import ForgeKind, kind_of
from counterseal.identifiers import LEDGER_BRANCH, LEDGER_REF, POLICY_PATH
from counterseal.model import Actor, Permission, Policy, RefRules, Trust
from counterseal.ports import Clock, Clone, Forge, ProjectSurvey, Tell
from counterseal.project import people
from counterseal.project.checks import CloneState, InLedger, Member, Seen, Unseen
from counterseal.project.pipelines import Pipeline, parse_pipeline, parse_workflow

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")

_WORKFLOWS: Final = ".github/workflows/"
_PIPELINE: Final = ".gitlab-ci.yml"
_TAGS: Final = "refs/tags/"
#: More workflow files than any repository has.
_MAX_FILES: Final = 200


@dataclass(frozen=True, slots=True)
class Sources:
    """Where to ask. `name` is empty if nobody knows which repository this is about.

    `ledger` reads and verifies the clone's, `tip` says where the ledger is at the forge, `refreshed` when
    Sigstore's root was last brought here (None: it is a sandbox's, which has no such thing).
    """

    host: str
    name: str
    clone: Clone
    survey: ProjectSurvey | Unseen
    forge: Forge | Unseen
    trust: Trust
    clock: Clock
    gate_inputs: frozenset[str]
    git: str
    ledger: Callable[[], InLedger]
    tip: Callable[[], str | None]
    refreshed: Callable[[], datetime] | None


def look(call: Callable[[], T]) -> T | Unseen:
    """Return what a call returns, or why it could not."""
    try:
        return call()
    except CountersealError as error:
        return Unseen(error.what, error.why, error.fix, broken=error.exit_code == NOT_VERIFIED)


def collect(sources: Sources, tell: Tell) -> Seen:
    """Return all that can be seen."""
    tell("reading the clone")
    clone, policy = sources.clone, look(lambda: _policy(sources.clone))
    now = sources.clock.now()
    tell("asking the forge about the repository")
    project = _ask(sources, lambda survey: survey.project())
    if isinstance(project, Unseen):  # nothing below it will be shown either, and each try takes its time
        sources = dataclasses.replace(sources, survey=project, forge=project, tip=_refused(project))
    default_ref = "refs/heads/main" if isinstance(project, Unseen) else project.default_ref
    tags = [ref for ref in policy.builder.refs if ref.startswith(_TAGS)] if isinstance(policy, Policy) else []
    skew = _ask(sources, lambda survey: sources.clock.now() - survey.clock())
    tell("asking the forge about rules and settings")
    return Seen(
        host=sources.host,
        name=sources.name,
        policy=policy,
        pipelines={each.path: each for each in _pipelines(clone, policy, kind_of(sources.host))},
        trust=sources.trust,
        project=project,
        members=_members(sources, policy),
        branch=_ask(sources, lambda survey: survey.branch_rules(default_ref)),
        ledger_branch=_ask(sources, lambda survey: survey.branch_rules(LEDGER_REF)),
        tags={pattern: _tag_rules(sources, pattern) for pattern in tags},
        settings=_ask(sources, lambda survey: survey.settings()),
        schedules=_ask(sources, lambda survey: survey.schedules()),
        variables=_ask(sources, lambda survey: survey.variables()),
        inherited=_ask(sources, lambda survey: survey.inherited_variables()),
        tokens=_ask(sources, lambda survey: survey.access_tokens()),
        gate_inputs=sources.gate_inputs,
        clone=_clone(clone, sources.git),
        forge_ledger=look(sources.tip),
        ledger=look(sources.ledger),
        clock=skew,
        root_age=None if sources.refreshed is None else _age(now, sources.refreshed),
        now=now,
        starters=_starters(sources.forge),
    )


def _starters(forge: Forge | Unseen) -> Permission | Unseen:
    return forge if isinstance(forge, Unseen) else look(forge.least_to_start)


def _refused(by: Unseen) -> Callable[[], str | None]:
    def ask() -> str | None:
        raise CountersealError(by.what, why=by.why, fix=by.fix)

    return ask


def _ask(sources: Sources, question: Callable[[ProjectSurvey], T]) -> T | Unseen:
    survey = sources.survey
    return survey if isinstance(survey, Unseen) else look(lambda: question(survey))


def _tag_rules(sources: Sources, pattern: str) -> RefRules | Unseen:
    return _ask(sources, lambda survey: survey.tag_rules(pattern))


def _age(now: datetime, refreshed: Callable[[], datetime]) -> timedelta | Unseen:
    return look(lambda: now - refreshed())


def _policy(clone: Clone) -> Policy:
    content = clone.read(POLICY_PATH)
    if content is None:
        raise CountersealError(
            f"there is no {POLICY_PATH} in this clone",
            why="without a policy nothing is allowed",
            fix="counterseal init writes one, with the files that go with it",
        )
    policy = policies.load(content, rules=rules.RULES, name=POLICY_PATH)
    policy_people.check_names(policy)
    return policy


def _pipelines(clone: Clone, policy: Policy | Unseen, kind: ForgeKind) -> Iterable[Pipeline]:
    """Yield the workflow files of a clone, or the pipeline files that its policy names."""
    own = policy.gate.own if isinstance(policy, Policy) else None
    named = [policy.builder.workflow] if isinstance(policy, Policy) else [_PIPELINE]
    paths = dict.fromkeys((*named, *([own.file] if own else ())))
    if kind is ForgeKind.GITHUB:
        found = [path for path in clone.files() if path.startswith(_WORKFLOWS) and path.endswith((".yml", ".yaml"))]
        paths |= dict.fromkeys(path for path in found[:_MAX_FILES] if "/" not in path.removeprefix(_WORKFLOWS))
    for path in paths:
        content = look(partial(clone.read, path))
        if isinstance(content, Unseen):
            yield Pipeline(path, problem=content.what)
        elif content is not None:
            yield parse_workflow(path, content) if kind is ForgeKind.GITHUB else parse_pipeline(path, content)


def _clone(clone: Clone, git: str) -> CloneState:
    ledger = clone.revision(f"refs/remotes/origin/{LEDGER_BRANCH}") or clone.revision(LEDGER_REF)
    return CloneState(clone.shallow(), ledger, git)


def _members(sources: Sources, policy: Policy | Unseen) -> list[Member]:
    """Return the people of the policy who are at this forge, as the forge knows them."""
    if isinstance(policy, Unseen):
        return []
    groups: dict[tuple[str, int], tuple[str, list[str]]] = {}
    for group, person in people.members(policy):
        if person.host == sources.host:
            groups.setdefault(person.key, (person.login, []))[1].append(group)
    asked = list(groups.items())[: policy_people.MAX_ASKED]
    return [_member(sources, number, login, tuple(of)) for (_, number), (login, of) in asked]


def _member(sources: Sources, number: int, login: str, groups: tuple[str, ...]) -> Member:
    forge = sources.forge
    if isinstance(forge, Unseen):
        return Member(login, number, groups, forge, forge)
    now = look(lambda: forge.actor(login))
    permission = look(lambda: forge.permission(Actor(sources.host, number, login)))
    return Member(login, number, groups, now, permission)
