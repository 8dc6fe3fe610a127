"""Who started this run: exactly one person, whom the policy lists, and who may write now (R13, R14, R52)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.errors import ServiceError, UsageError
from counterseal.model import Actor, ActorKind, Permission

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterseal.gate.opening import Gate
    from counterseal.model import BuildStart, Person

#: How many other people are named at most.
_MOST = 5


def who(gate: Gate) -> tuple[Actor, bool]:
    """Return the person who started this run, and whether it is one that is run again.

    The accounts are those that the forge tells of the run by number. No name in the environment counts, and nothing
    that a caller of the gate says: a job's token that starts a run is a bot, whomever its inputs name.

    Raises:
        UsageError: It is nobody, a bot, more than one, not in the policy, or may not write.
        ServiceError: The forge does not tell.
    """
    run = gate.run
    start = gate.sources.forge.build_start(run.url)
    if start is None:
        raise ServiceError(
            "who started this run cannot be read",
            why=f"the forge knows no {run.url}",
            fix="give the job actions: read (GitHub), or the project the variable COUNTERSEAL_GITLAB_TOKEN; start anew",
        )
    person = _one(run.actor, start)
    listed = [each for group in gate.policy.groups.values() for each in group]
    if person.key not in {each.key for each in listed}:
        raise _not_allowed(gate, person, f"{person.login} ({person.id}) is in no group of the policy")
    may = gate.sources.forge.permission(person)
    if may < Permission.WRITE:
        raise _not_allowed(gate, person, f"{person.login} may {may.name.lower()} here, and not write")
    return person, start.again or run.attempt > 1


def others(gate: Gate, person: Actor) -> str:
    """Return who else is listed, in words."""
    return _names(each for group in gate.policy.groups.values() for each in group if each.key != person.key)


def _one(actor: Actor, start: BuildStart) -> Actor:
    """Return the account whose hands alone were on the run: who started it, and for whom it runs."""
    hands = {actor.key: actor} | {each.key: each for each in start.people}
    if not start.people or len(hands) > 1 or start.manual:
        why = f"it has the hands of {', '.join(sorted(each.login for each in hands.values()))} on it"
        if not start.people:
            why = f"{actor.login} is no account any more"
        elif start.manual:
            why = "whoever plays a manual job gives it variables of their own"
        raise UsageError(
            "this run was not started by one person", why=why, fix="start a new run yourself, and do not run one again"
        )
    (person,) = hands.values()
    if person.kind is not ActorKind.USER:
        raise UsageError(
            f"{person.login} started this run, and is no person",
            why="what stops others is done in somebody's own name; a job's token has none",
            fix="start the run yourself: on its page, or with a token of your own",
        )
    return person


def _not_allowed(gate: Gate, person: Actor, why: str) -> UsageError:
    return UsageError(
        f"{person.login} may not hold or revoke anything here",
        why=why,
        fix=f"ask somebody who may: {others(gate, person) or 'nobody else is listed'}",
    )


def _names(people: Iterable[Person]) -> str:
    logins = list(dict.fromkeys(each.login for each in people))
    return ", ".join(logins[:_MOST]) + (f" and {len(logins) - _MOST} more" if len(logins) > _MOST else "")
