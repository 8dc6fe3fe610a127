"""The people of the policy: whether login and number are one account, what it may do, and whether enough are left."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from counterseal.model import Permission, Policy
from counterseal.project import people
from counterseal.project.observations import fault, unseen, warning, well
from counterseal.project.pages import settings_page
from counterseal.project.seen import Unseen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.project.observations import Observation
    from counterseal.project.seen import Member, Seen


def check(seen: Seen) -> Iterator[Observation]:
    """Yield what is to be said of the people."""
    if not isinstance(seen.policy, Policy):
        return
    odd = [observation for member in seen.members for observation in _member(seen, member)]
    yield from odd
    if not odd and seen.members:
        yield well("account", f"{len(seen.members)} people: each login has its number, and may write")
    stages = list(people.shortages(seen.policy))
    for sentence in stages:
        what, _, fix = sentence.rpartition("; ")
        yield warning("enough-people", what, fix=fix)
    if not stages:
        yield well("enough-people", "whoever asks, enough others are left to approve")
    yield from _holds(seen, seen.policy)


def _holds(seen: Seen, policy: Policy) -> Iterator[Observation]:
    """Yield who could hold a stage, and whether anybody is left to end a hold before its time."""
    if few := people.too_few_to_end(people.listed(policy)):
        yield _end(few, policy)
        return
    may = {member.login: member.permission for member in seen.members if isinstance(member.permission, Permission)}
    able = sum(permission >= Permission.WRITE for permission in may.values())
    if len(may) == len(seen.members) and may and (few := people.too_few_to_end(able, "listed who may write")):
        yield dataclasses.replace(_end(few, policy), page=settings_page(seen, "people"))
    least = seen.starters
    if isinstance(least, Unseen):
        yield unseen("who-may-hold", "who may start the gate's run", least)
        return
    for login, permission in may.items():
        if Permission.WRITE <= permission < least:  # who may not even write is told above
            yield warning(
                "who-may-hold",
                f"{login} could not hold a stage or revoke anything",
                why=people.too_little(seen.host, permission, least),
                fix=f"let {login} merge, or know whom to call",
                page=settings_page(seen, "people"),
            )


def _end(few: str, policy: Policy) -> Observation:
    """Return that a hold ends by time alone: well where the policy says so, else `policy check` refuses it."""
    if policy.states_hold:
        return well("holds-end", f"{few}; {people.by_time_alone(policy)}")
    return fault("holds-end", "nobody could end a hold before its time", why=few, fix=people.MORE_PEOPLE)


def _member(seen: Seen, member: Member) -> Iterator[Observation]:
    who = f"{member.login} (account {member.number})"
    if isinstance(member.now, Unseen):
        yield unseen("account", f"whether {member.login} is account {member.number}", member.now)
    elif member.now.id != member.number:
        yield fault(
            "account",
            f"{member.login}'s account is {member.now.id}, and the policy lists {member.number}",
            why="only the number counts, so no approval of theirs would",
            fix=f"if that is the same person: {{id: {member.now.id}, login: {member.login}}}",
        )
        return
    if isinstance(member.permission, Unseen):
        yield unseen("rights", f"what {who} may do", member.permission)
    elif member.permission < Permission.WRITE:
        yield fault(
            "rights",
            f"{who} may not write to the repository",
            why=f"approvals of people without write access do not count ({', '.join(member.groups)} has one less)",
            fix=f"give {member.login} write access, or take them out of the policy",
            page=settings_page(seen, "people"),
        )
