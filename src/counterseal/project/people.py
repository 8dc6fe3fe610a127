"""Who of a policy's people can ask for what: whether enough of them are left to approve once one of them asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal import evaluation

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


def number_command(host: str, login: str) -> str:
    """Return the command that prints the number of an account."""
    if host == "gitlab.com":
        return f"glab api 'users?username={login}' prints the number of {login}"
    return f"gh api users/{login} --jq .id prints the number of {login}"
