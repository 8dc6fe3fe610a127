"""Whether the people of a policy are whom it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.errors import CountersealError, PolicyError
from counterseal.identifiers import POLICY_PATH
from counterseal.model import Actor, Permission
from counterseal.project import people as project_people

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.model import Policy
    from counterseal.ports import Forge

#: How many accounts the forge is asked about.
MAX_ASKED: Final = 100
_WHO_MAY: Final = "listed who may write"


def check_names(policy: Policy) -> None:
    """Refuse a number under two logins, and a login under two numbers: nobody means that.

    Raises:
        PolicyError: There is one.
    """
    logins: dict[tuple[str, int], tuple[str, str]] = {}
    numbers: dict[tuple[str, str], tuple[int, str]] = {}
    for group, member in project_people.members(policy):
        login, first = logins.setdefault(member.key, (member.login, group))
        if login.lower() != member.login.lower():
            raise PolicyError(
                f"{POLICY_PATH}: account {member.id} is {login} in {first} and {member.login} in {group}",
                why="a number is one person's account",
                fix=f"correct one of them: {project_people.number_command(member.host, member.login)}",
            )
        number, first = numbers.setdefault((member.host, member.login.lower()), (member.id, group))
        if number != member.id:
            raise PolicyError(
                f"{POLICY_PATH}: {member.login} is account {number} in {first} and {member.id} in {group}",
                why="a login is one account, and only the number counts",
                fix=f"correct one of them: {project_people.number_command(member.host, member.login)}",
            )


def check_accounts(policy: Policy, host: str, forge: Forge) -> Iterator[str]:
    """Compare logins with numbers at the forge; yield what cannot be compared.

    Raises:
        PolicyError: A login has another number there.
    """
    people = list(dict.fromkeys(member for _, member in project_people.members(policy) if member.host == host))
    for member in people[:MAX_ASKED]:
        try:
            actor = forge.actor(member.login)
        except CountersealError as error:
            yield f"{member.login} was not compared with account {member.id}: {error.what}"
            continue
        if actor.id != member.id:
            raise PolicyError(
                f"{POLICY_PATH}: {member.login}'s account is {actor.id}, and the policy lists {member.id}",
                why="only the number counts, so no approval of theirs would",
                fix=f"if that is the same person: {{id: {actor.id}, login: {member.login}}}",
            )
    if len(people) > MAX_ASKED:
        yield f"{len(people) - MAX_ASKED} people were not compared with the forge"


def check_end_of_holds(policy: Policy, count: int, who: str = "listed") -> str:
    """Require that somebody could end a hold, or that the policy says how long one lasts; return what is odd about it.

    Args:
        policy: The policy.
        count: How many people count.
        who: Who they are, in words.

    Raises:
        PolicyError: Nobody could, and it does not say.
    """
    few = project_people.too_few_to_end(count, who)
    if few and not policy.states_hold:
        raise PolicyError(
            f"{POLICY_PATH}: nobody could end a hold before its time", why=few, fix=project_people.MORE_PEOPLE
        )
    return f"{few}; {project_people.by_time_alone(policy)}" if few else ""


def check_starters(policy: Policy, host: str, forge: Forge) -> Iterator[str]:
    """Yield who of the policy's people could not start the gate's run, and so could hold or revoke nothing.

    Raises:
        PolicyError: Too few may write to end a hold, and the policy does not say how long one lasts.
    """
    people = list(dict.fromkeys(member for _, member in project_people.members(policy) if member.host == host))
    try:
        least = forge.least_to_start()
    except CountersealError as error:
        yield f"who may start the gate's run was not seen: {error.what}"
        return
    able, seen = 0, 0
    for member in people[:MAX_ASKED]:
        try:
            may = forge.permission(Actor(member.host, member.id, member.login))
        except CountersealError as error:
            yield f"whether {member.login} could hold a stage was not seen: {error.what}"
            continue
        able, seen = able + (may >= Permission.WRITE), seen + 1
        if may < least:
            yield f"{member.login} could not hold or revoke anything: {project_people.too_little(host, may, least)}"
    everybody = project_people.listed(policy)
    if seen == everybody > project_people.TO_RESUME and (odd := check_end_of_holds(policy, able, _WHO_MAY)):
        yield odd
