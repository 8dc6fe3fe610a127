"""Who of a policy's people can ask for what: whether enough of them are left to approve once one of them asks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from counterseal import evaluation, forges
from counterseal.forges import ForgeKind
from counterseal.model import Permission

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.model import Person, Policy

_HOUR: Final = timedelta(hours=1)


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


#: A resume takes so many approvals by people whom the policy lists, none of them by whoever holds.
TO_RESUME: Final = 2
#: What is to be done where too few are left for that.
MORE_PEOPLE: Final = (
    "name more people who may write, or say in the policy how long a stage may stand still then: emergency: {hold: 24h}"
)


def listed(policy: Policy) -> int:
    """Return how many people a policy lists."""
    return len({member.key for _, member in members(policy)})


def too_few_to_end(count: int, who: str = "listed") -> str:
    """Return why nobody could end a hold before its time if so many people are listed; nothing if somebody could."""
    if count > TO_RESUME:
        return ""
    people = "one person is" if count == 1 else f"{count} people are"
    return f"{people} {who}, and it takes {TO_RESUME} beside whoever holds to end a hold before its time"


def by_time_alone(policy: Policy) -> str:
    """Return what follows from that where the policy states it."""
    return f"so a hold ends by time alone, after at most {policy.emergency_hold // _HOUR} hours, as the policy says"


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
