"""Who: accounts at a forge, and the repository that they work in. A name or login is for people only; ids count."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository at a forge; `name` (`owner/name`) may change hands, `id` may not."""

    host: str
    id: int
    name: str


class ActorKind(StrEnum):
    """What an account is. Only a `user` can approve (R13)."""

    USER = "user"
    BOT = "bot"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Actor:
    """An account at a forge, by number; the login is display only."""

    host: str
    id: int
    login: str
    kind: ActorKind = ActorKind.USER

    @property
    def key(self) -> tuple[str, int]:
        """Return what makes two actors the same person's account."""
        return (self.host, self.id)


class Permission(IntEnum):
    """What an account may do in a repository, in rising order."""

    NONE = 0
    READ = 1
    TRIAGE = 2
    WRITE = 3
    MAINTAIN = 4
    ADMIN = 5


@dataclass(frozen=True, slots=True)
class Person:
    """A person as a file of ours names them: in a group of the policy, or as who asks for a promotion.

    What kind of account it is, only the forge can tell (`Actor`).
    """

    host: str
    id: int
    login: str

    @property
    def key(self) -> tuple[str, int]:
        """Return the key that `Actor.key` is compared with."""
        return (self.host, self.id)
