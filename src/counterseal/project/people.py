"""Who of a policy's people can ask for what: whether enough of them are left to approve once one of them asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal import evaluation, forges
from counterseal.forges import ForgeKind
from counterseal.model import Permission

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.model import Person, Policy


def members(policy: Policy) -> list[tuple[str, Person]]:
    """Return each member of each group, with the group's name."""
    return [(group, member) for group, people in policy.groups.items() for member in people]


def shortages(policy: Policy) -> Iterator[str]:
    """Yield for which stages nobody is left to approve once one of the policy's people asks."""
    for stage in policy.stages:
        stuck = list(
            dict.fromkeys(
                asker.login for _, asker in members(policy) if not evaluation.possible_without(policy, stage, asker)
            )
        )
        if stuck:
            everybody = len(stuck) == len({member.login for _, member in members(policy)})
            who = "nobody whom the policy names" if everybody else f"{', '.join(stuck)}"
            can = "can" if everybody else "cannot"
            yield (
                f"{who} {can} ask for {stage.name} and get it: whoever asks does not count, and too few are left to "
                "approve; name more people, or lower the counts"
            )


#: A resume takes so many approvals by people whom the policy lists, beside whoever asks.
TO_RESUME: Final = 2


def holds_end(policy: Policy) -> str:
    """Return what it means that few people are listed: who could end a hold before its time; nothing if enough are."""
    count = len({member.key for _, member in members(policy)})
    if count > TO_RESUME:
        return ""
    who = "one person is" if count == 1 else f"{count} people are"
    takes = f"{who} listed, and it takes {TO_RESUME} beside whoever asks to end a hold"
    if count < TO_RESUME:
        return f"{takes}; so a hold ends by time alone: name more people"
    return f"{takes}; so it ends by time alone, unless somebody asks who is not listed: name one more person"


def too_little(host: str, may: Permission, least: Permission) -> str:
    """Return why somebody cannot start the gate's run, in the forge's words."""
    if forges.kind_of(host) is ForgeKind.GITHUB:
        return f"that takes write access, and theirs is {may.name.lower()}"
    whom = "maintainers" if least > Permission.WRITE else "developers"
    return (
        f"that takes the right to merge or push to the default branch, which {whom} have: Settings → Repository → "
        "Protected branches, unless they are named there themselves"
    )


def number_command(host: str, login: str) -> str:
    """Return the command that prints the number of an account."""
    if host == "gitlab.com":
        return f"glab api 'users?username={login}' prints the number of {login}"
    return f"gh api users/{login} --jq .id prints the number of {login}"
