"""Who may be in a policy: people by login and number, as an option names them or as the forge lists them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal.errors import UsageError
from counterseal.formats import names, yaml
from counterseal.model import ActorKind, Permission, Person
from counterseal.project.people import number_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.model import Collaborator


#: From so many on, not all who may write are proposed.
_MANY: Final = 6


@dataclass(frozen=True, slots=True)
class Named:
    """The people that an option named, and what is odd about them."""

    people: tuple[Person, ...]
    warnings: tuple[str, ...] = ()


def people_of(collaborators: Sequence[Collaborator], least: Permission = Permission.WRITE) -> tuple[Person, ...]:
    """Return the people, and no bots, who may do at least this much in a repository."""
    return tuple(
        Person(each.actor.host, each.actor.id, each.actor.login)
        for each in collaborators
        if each.permission >= least and each.actor.kind is ActorKind.USER and names.LOGIN.fits(each.actor.login)
    )


def approvers_of(collaborators: Sequence[Collaborator], owners: str) -> tuple[Person, ...]:
    """Return who is proposed as approver: all who may write, or of many those who own code or maintain.

    Args:
        collaborators: Who has a role in the repository.
        owners: The text of its code owners.
    """
    people = people_of(collaborators)
    if len(people) <= _MANY:
        return people
    mentioned = {login.lower() for login in re.findall(r"(?:^|\s)@([A-Za-z0-9_.-]+)(?=\s|$)", owners, re.MULTILINE)}
    owning = tuple(person for person in people if person.login.lower() in mentioned)
    maintaining = people_of(collaborators, Permission.MAINTAIN)
    return next((some for some in (owning, maintaining) if len(some) > 1), people)


def named(
    text: str,
    option: str,
    host: str,
    collaborators: Sequence[Collaborator] | None,
    others: Sequence[Person] = (),
) -> Named:
    """Return the people whom an option names: `alice,bob`, or with their numbers `alice=1001,bob=1002`.

    Args:
        text: What was given.
        option: Which option it was, for messages.
        host: The forge that the accounts are at.
        collaborators: Who has a role in the repository; None: nobody could see that.
        others: Who was named before, with their numbers.

    Raises:
        UsageError: A login without a number that nobody knows, one twice, or none at all.
    """
    people: list[Person] = []
    warnings: list[str] = []
    known = {each.actor.login.lower(): each for each in collaborators or ()}
    for word in (word.strip().removeprefix("@") for word in text.split(",") if word.strip()):
        login, _, number = word.partition("=")
        there = known.get(login.lower())
        if not names.LOGIN.fits(login):
            raise UsageError(
                f"{option} {word!r}: no login", why=f"it is {names.LOGIN.words}", fix=f"{option} alice,bob"
            )
        before = next((other for other in others if other.login.lower() == login.lower()), None)
        person = before if before and not number else _person(login, number, option, host, there)
        if any(person.key == other.key or person.login.lower() == other.login.lower() for other in people):
            raise UsageError(f"{option}: {login} stands twice", why="a person counts once", fix="name them once")
        if there is not None and there.permission < Permission.WRITE:
            warnings.append(f"{login} may not write to the repository, so no approval of theirs would count")
        if collaborators is not None and there is None:
            warnings.append(f"{login} has no role in the repository that this token sees")
        people.append(person)
    if not people:
        raise UsageError(f"{option} names nobody", why="a group has at least one member", fix=f"{option} alice,bob")
    return Named(tuple(people), tuple(warnings))


def _person(login: str, number: str, option: str, host: str, there: Collaborator | None) -> Person:
    if not number:
        if there is None:
            raise UsageError(
                f"{option}: nobody knows the account number of {login}",
                why="only the number counts: a login can change hands",
                fix=f"write {login}=NUMBER; {number_command(host, login)}",
            )
        return Person(host, there.actor.id, there.actor.login)
    if not number.isascii() or not number.isdigit() or not 0 < int(number) <= yaml.MAX_NUMBER:
        raise UsageError(f"{option} {login}={number}: no account number", why="it is digits", fix=f"{login}=1001")
    if there is not None and there.actor.id != int(number):
        raise UsageError(
            f"{option}: {login}'s account is {there.actor.id}, not {number}",
            why="only the number counts, so no approval of theirs would",
            fix=f"write {login}={there.actor.id} if that is who you mean",
        )
    return Person(host, int(number), login)
