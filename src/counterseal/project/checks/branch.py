"""The default branch: protected, changed by change requests only, past nobody, with approvals that a push ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.model import RefRules, Repair
from counterseal.project.observations import fault, hidden, unseen, warning, well
from counterseal.project.pages import settings_page
from counterseal.project.seen import Unseen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.project.observations import Observation
    from counterseal.project.seen import Seen

_PUSHED: Final = "what is pushed was reviewed by nobody: the policy and promotion requests may be among it"


def check(seen: Seen) -> Iterator[Observation]:
    """Yield what is to be said of the default branch."""
    branch, rules = seen.default_branch, seen.branch
    if isinstance(rules, Unseen):
        yield unseen("branch-protected", f"how {branch} is guarded", rules)
        return
    if not rules.protected:
        yield fault(
            "branch-protected",
            f"{branch} is not protected",
            why="the gate refuses to decide: policy and requests could be pushed past every review",
            fix=_how(seen),
            page=settings_page(seen, "branches"),
            repair=Repair.PROTECT_BRANCH,
            target=seen.default_ref,
        )
        return
    yield well("branch-protected", f"{branch} is protected")
    yield from _by_change_request(seen, rules)
    yield from _around(seen, rules)
    if rules.by_change_request is not False and not seen.at_gitlab:
        yield from _late_pushes(seen, rules)


def _how(seen: Seen) -> str:
    if seen.at_gitlab:
        return f"protect {seen.default_branch}: Allowed to merge: Maintainers, Allowed to push and merge: No one"
    return f"a ruleset for {seen.default_branch}: require a pull request before merging, empty bypass list"


def _by_change_request(seen: Seen, rules: RefRules) -> Iterator[Observation]:
    branch = seen.default_branch
    if rules.by_change_request:
        yield well("branch-by-request", f"{branch} changes by change requests only")
    elif rules.by_change_request is None:
        yield hidden("branch-by-request", f"whether people may push to {branch}")
    else:
        who = f" ({', '.join(rules.pushers)})" if rules.pushers else ""
        yield fault(
            "branch-by-request",
            f"people may push to {branch}{who}",
            why=_PUSHED,
            fix=_how(seen),
            page=settings_page(seen, "branches"),
            repair=None if seen.at_gitlab else Repair.PROTECT_BRANCH,
            target=seen.default_ref,
        )


def _around(seen: Seen, rules: RefRules) -> Iterator[Observation]:
    branch = seen.default_branch
    if rules.bypassers is None and rules.by_change_request is not None and not seen.at_gitlab:
        yield hidden("branch-bypass", f"who may bypass the rules of {branch}")
    elif rules.bypassers:
        yield warning(
            "branch-bypass",
            f"{', '.join(rules.bypassers)} may bypass the rules of {branch}",
            why="what they bring in past the rules was reviewed by nobody; the gate denies requests that came so",
            fix="empty the bypass list",
            page=settings_page(seen, "branches"),
        )
    if rules.forced:
        yield fault(
            "branch-forced",
            f"{branch} may be force-pushed",
            why="what was merged and decided can be taken out of its history",
            fix="forbid force pushes",
            page=settings_page(seen, "branches"),
            repair=None if seen.at_gitlab else Repair.PROTECT_BRANCH,
            target=seen.default_ref,
        )


def _late_pushes(seen: Seen, rules: RefRules) -> Iterator[Observation]:
    if rules.stale_approvals is None or rules.last_push_approved is None:
        yield hidden("stale-approvals", "whether a push takes approvals away")
        return
    lacks = [
        *(["dismiss stale approvals when new commits are pushed"] if rules.stale_approvals else []),
        *([] if rules.last_push_approved else ["require approval of the most recent push"]),
    ]
    if lacks:
        yield warning(
            "stale-approvals",
            f"a pull request can be pushed to after its approval, and merged ({seen.default_branch})",
            why="counterseal counts approvals of the merged revision only, so that becomes a deny instead of a review",
            fix=f"in the rule: {', '.join(lacks)}",
            page=settings_page(seen, "branches"),
        )
    else:
        yield well("stale-approvals", "a push takes approvals away, and the last one needs somebody else's")
