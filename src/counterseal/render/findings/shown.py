"""What a sentence is made from: the data of a finding, and what it is about. Small words that many sentences share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from counterseal import forges
from counterseal.identifiers import EVENT_STAGE
from counterseal.model import Counted, Dismissed

if TYPE_CHECKING:
    from counterseal.evaluation import Decision


@dataclass(frozen=True, slots=True)
class About:
    """What a finding is about: the stage, the request's file, its change request (None: there is none).

    `host` is the forge, since people call change requests otherwise at each. With `merged` False the request is open.
    """

    stage: str
    path: str
    host: str
    number: int | None
    merged: bool = True


def of_decision(decision: Decision) -> About:
    """Return what the findings of a decision are about."""
    request = decision.request
    return About(decision.stage, request.file, decision.responsible.run_actor.host, request.number)


@dataclass(frozen=True, slots=True)
class Shown:
    """The data of a finding, by key, with what it is about, whom it counted and whom it did not."""

    data: Mapping[str, Any]
    about: About
    counted: Sequence[Counted] = ()
    dismissed: Sequence[Dismissed] = ()

    def __getitem__(self, key: str) -> Any:
        """Return a member of the data.

        Raises:
            KeyError: It has none of this name.
        """
        return self.data[key]

    @property
    def change(self) -> str:
        """Return what people call the change request (`#17`, at GitLab `!17`); empty if there is none."""
        return self.called(self.about.number) if self.about.number else ""

    def called(self, number: int) -> str:
        """Return what people call a change request of this forge."""
        return forges.change_name(self.about.host, number)

    @property
    def again(self) -> str:
        """Return the command that asks once more."""
        if self.about.stage == EVENT_STAGE:
            kind = self.about.path.rpartition("/")[2].partition(".")[0]
            return f'counterseal request --kind {kind} --reason "…"'
        more = "--again" if self.about.merged else '--reason "…"'  # only what was merged has a reason to repeat
        return f"counterseal request --stage {self.about.stage} {more}"


Sentence: TypeAlias = Callable[[Shown], str]
Sentences: TypeAlias = Mapping[str, Sentence]


def said(text: str) -> Sentence:
    """Return a sentence that needs no data."""
    return lambda _: text


def short(revision: object) -> str:
    """Return the beginning of a revision."""
    return str(revision)[:7] if revision else "an unknown revision"


def whose(it: Shown) -> str:
    """Return who made an entry: login and number, as far as the policy knew them when it was judged."""
    return str(it.data.get("who") or it["by"])


def logins(people: Iterable[Mapping[str, Any] | None], nobody: str = "nobody knows who", joint: str = ", ") -> str:
    """Return people by login."""
    return joint.join(str(person["login"]) if person else nobody for person in people)


def plural(count: int, word: str) -> str:
    """Return a number with its word."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def unreadable_sbom(it: Shown) -> str:
    """Return that nobody can tell what an SBOM lists."""
    return f"what {it['file']} lists cannot be read: {it['detail'] or 'nobody looked'}"


def make_sbom(it: Shown) -> str:
    """Return what to do about an SBOM that is not the build's."""
    asked = f'counterseal request --stage {it.about.stage} --reason "…"'
    return f"make it with `counterseal sbom` and `counterseal sign` in one job, then {asked}"
