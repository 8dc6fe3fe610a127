"""The tags that are built, which nobody may move; the ledger's branch, open to the gate, which nobody may rewind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.identifiers import LEDGER_BRANCH, LEDGER_REF
from counterseal.model import RefRules, Repair
from counterseal.project.observations import fault, hidden, unseen, warning, well
from counterseal.project.pages import settings_page
from counterseal.project.seen import Unseen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.project.observations import Observation
    from counterseal.project.seen import Seen

_TAGS: Final = "refs/tags/"
#: How the survey calls the app in whose name GitHub's workflows push.
_ACTIONS: Final = "app 15368"
_REWOUND: Final = "somebody can rewind the ledger, which the next gate and every verifier notice (exit 11)"


def check(seen: Seen) -> Iterator[Observation]:
    """Yield what is to be said of tags and of the ledger's branch."""
    for pattern, rules in seen.tags.items():
        yield _tags(seen, pattern.removeprefix(_TAGS), rules)
    if isinstance(seen.ledger_branch, Unseen):
        yield unseen("ledger-branch", f"how {LEDGER_BRANCH} is guarded", seen.ledger_branch)
    else:
        yield _ledger_branch(seen, seen.ledger_branch)


def _tags(seen: Seen, pattern: str, rules: RefRules | Unseen) -> Observation:
    if isinstance(rules, Unseen):
        return unseen("tags", f"how tags {pattern} are guarded", rules)
    if rules.forced is False and rules.deletable is False:
        return well("tags", f"tags {pattern} can be neither moved nor deleted")
    return warning(
        "tags",
        f"tags {pattern} can be moved{' or deleted' if rules.deletable else ''}",
        why="a moved tag is a deny, and the release has to be built again",
        fix=f"protect tags {pattern}: {'created by few' if seen.at_gitlab else 'restrict updates and deletions'}",
        page=settings_page(seen, "tags"),
        repair=Repair.PROTECT_TAGS if rules.protected is False else None,
        target=f"{_TAGS}{pattern}",
    )


def _ledger_branch(seen: Seen, rules: RefRules) -> Observation:
    if rules.protected and _shut(seen, rules):
        return fault(
            "ledger-branch",
            f"the rules of {LEDGER_BRANCH} shut the gate out",
            why="each decision stops at its push, and nothing is recorded",
            fix=f"let those who merge push to {LEDGER_BRANCH}"
            if seen.at_gitlab
            else f"take {LEDGER_BRANCH} out of rules that require pull requests or restrict updates",
            page=settings_page(seen, "branches"),
        )
    if not rules.protected or rules.forced or rules.deletable:
        how = "is not protected" if not rules.protected else "may be force-pushed or deleted"
        return warning(
            "ledger-branch",
            f"the ledger's branch {LEDGER_BRANCH} {how}",
            why=_REWOUND,
            fix=f"a rule for {LEDGER_BRANCH}: no force pushes, no deletion, open to those who merge",
            page=settings_page(seen, "branches"),
            repair=Repair.PROTECT_LEDGER if not (rules.protected and seen.at_gitlab) else None,
            target=LEDGER_REF,
        )
    if rules.forced is None:
        return hidden("ledger-branch", f"whether {LEDGER_BRANCH} may be force-pushed")
    return well("ledger-branch", f"{LEDGER_BRANCH} can be neither rewound nor deleted")


def _shut(seen: Seen, rules: RefRules) -> bool:
    if seen.at_gitlab:
        return rules.by_change_request is True
    return rules.by_change_request is True and _ACTIONS not in (rules.bypassers or ())
