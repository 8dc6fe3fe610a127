"""The people of the policy: whether login and number are one account, what it may do, and whether enough are left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.model import Permission, Policy
from counterseal.project.observations import fault, unseen, warning, well
from counterseal.project.pages import settings_page
from counterseal.project.people import shortages
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
    stages = list(shortages(seen.policy))
    for sentence in stages:
        what, _, fix = sentence.rpartition("; ")
        yield warning("enough-people", what, fix=fix)
    if not stages:
        yield well("enough-people", "whoever asks, enough others are left to approve")


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
