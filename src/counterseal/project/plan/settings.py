"""The settings that only a person can change, each with its page and the reason; those that are right are left out.

What a token was not shown is never taken for right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.forges import ForgeKind
from counterseal.identifiers import LEDGER_BRANCH
from counterseal.model import ProjectSettings, RefRules, Schedule, Variable
from counterseal.project import pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.project.plan.answers import Facts

_API_TOKEN = "COUNTERSEAL_GITLAB_TOKEN"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True)
class Settings:
    """What a forge says of a repository's settings; None: this token was not shown it."""

    branch: RefRules | None = None
    tags: RefRules | None = None
    ledger_branch: RefRules | None = None
    switches: ProjectSettings | None = None
    variables: tuple[Variable, ...] | None = None
    schedules: tuple[Schedule, ...] | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """Something to set: what, on which page, and why in one line."""

    what: str
    page: str
    why: str


def left_to_do(facts: Facts, seen: Settings) -> tuple[Setting, ...]:
    """Return what is not known to be set well."""
    each = _gitlab if facts.kind is ForgeKind.GITLAB else _github
    return tuple(
        Setting(what, f"{facts.page}/{pages.path(facts.kind, page)}", why)
        for right, what, page, why in each(facts, seen)
        if not right
    )


_Row = tuple[bool, str, str, str]


def _github(facts: Facts, seen: Settings) -> Iterator[_Row]:
    branch, tags, ledger, switches = seen.branch, seen.tags, seen.ledger_branch, seen.switches
    yield (
        _by_requests_alone(branch),
        f"rule for {facts.branch}: changes by pull request only, nobody may bypass it",
        "rules",
        "the gate does not decide from a branch that nothing protects",
    )
    yield (
        branch is not None and branch.stale_approvals is False and branch.last_push_approved is True,
        "the same rule: dismiss approvals on push, approval of the last push by somebody else",
        "rules",
        "a late push then asks for a new review; without it, it becomes a deny",
    )
    yield (
        _unmoved(tags),
        f"rule for tags {facts.tag_pattern}: created by few, no update, no deletion",
        "rules",
        "a moved tag is a deny, and the release has to be built again",
    )
    yield (
        ledger is not None and ledger.forced is False and ledger.deletable is False,
        f"rule for the branch {LEDGER_BRANCH}: no force push, no deletion; the workflow's token may push",
        "rules",
        "otherwise whoever may write can rewind the ledger, which the next gate and every verifier notice",
    )
    yield (
        switches is not None and switches.immutable_releases is True,
        "General → Releases: enable release immutability",
        "general",
        "without it whoever may write can replace files of a published release",
    )


def _gitlab(facts: Facts, seen: Settings) -> Iterator[_Row]:
    branch, tags, ledger, switches = seen.branch, seen.tags, seen.ledger_branch, seen.switches
    yield (
        switches is not None and switches.job_token_may_push is True,
        "CI/CD → Job token permissions: allow Git push requests to the repository",
        "job token",
        "the gate pushes the ledger with the job's token",
    )
    yield (
        any(variable.name == _API_TOKEN for variable in seen.variables or ()),
        f"a token (role Reporter, scope read_api) as the masked variable {_API_TOKEN}",
        "tokens",
        "a job's token cannot read approvals; a Free project of gitlab.com takes a personal token of a service account",
    )
    yield (
        any(each.active and each.ref == facts.default_ref for each in seen.schedules or ()),
        f"a pipeline schedule on {facts.branch}, every hour, owned by a maintainer",
        "schedules",
        "it decides what a cancelled pipeline left undecided",
    )
    yield (
        _by_requests_alone(branch),
        f"protected branch {facts.branch}: nobody pushes, maintainers merge",
        "branches",
        "the gate does not decide from a branch that nothing protects",
    )
    yield (
        ledger is not None and ledger.protected and ledger.forced is False,
        f"protected branch {LEDGER_BRANCH}: those who merge may push, nobody force-pushes",
        "branches",
        "otherwise somebody can rewind the ledger; shut, nothing can be recorded",
    )
    yield (
        _unmoved(tags),
        f"protected tags {facts.tag_pattern}: created by few",
        "tags",
        "a moved tag is a deny",
    )
    yield (
        switches is not None and switches.pipeline_variables == "no_one_allowed",
        "CI/CD → Variables → minimum role to use pipeline variables: no one allowed",
        "variables",
        "whoever may set variables of a pipeline can steer the shell that signs",
    )


def _by_requests_alone(rules: RefRules | None) -> bool:
    return rules is not None and rules.protected and rules.by_change_request is True and rules.bypassers == ()


def _unmoved(rules: RefRules | None) -> bool:
    return rules is not None and rules.protected and rules.forced is False
