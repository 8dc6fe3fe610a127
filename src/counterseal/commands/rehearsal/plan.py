"""What a rehearsal is of: read from a clone and the policy in it; nothing is written and nobody is asked."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal import evaluation, forges, policy
from counterseal.commands import policy_people
from counterseal.errors import PolicyError, UsageError
from counterseal.evaluation import rules
from counterseal.formats import names
from counterseal.identifiers import POLICY_PATH, page
from counterseal.model import Person, Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.ports import Clone

_RANDOM_BYTES: Final = 16
#: The copy's number at its forge: the first of these that the clone's own repository has not.
_NUMBERS: Final = (701, 702)
_VERSIONS: Final = "0.0.{}-rehearsal"
_BRANCHES: Final = "refs/heads/"


@dataclass(frozen=True, slots=True)
class RehearsalInputs:
    """What is asked for.

    Attributes:
        tag: The tag of the first promotion; None: one is proposed.
        build: The shell command that makes what is released; None: an archive of the sources stands in.
        private: The copy is private.
    """

    tag: str | None = None
    build: str | None = None
    private: bool = False


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A copy to be made, and the first promotion in it.

    Attributes:
        folder: The clone.
        name: The repository's name, in the copy too.
        number: The copy's id at its forge.
        revision: The commit that is copied.
        branch: The copy's default branch, a short name.
        policy: The copy's policy, read.
        text: The same as bytes.
        people: Its people at this forge, each once.
        asker: Who asks: in no group, so that everybody's approval counts.
        approvers: Whose approvals suffice for the first stage.
        tag: The tag to promote.
        build: See `RehearsalInputs`.
        private: The copy is private.
        warnings: What is not in the copy.
    """

    folder: Path
    name: str
    number: int
    revision: str
    branch: str
    policy: Policy
    text: bytes
    people: tuple[Person, ...]
    asker: str
    approvers: tuple[str, ...]
    tag: str
    build: str | None
    private: bool
    warnings: tuple[str, ...]

    @property
    def host(self) -> str:
        """Return the forge's host."""
        return self.policy.ledger_id.partition("/")[0]


def plan(clone: Clone, inputs: RehearsalInputs, random: Callable[[int], bytes]) -> Rehearsal:
    """Return the rehearsal of a clone's checked-out commit.

    Raises:
        UsageError: There is no commit, no policy in it or no whole history, or no such tag can be built.
        PolicyError: The policy is not usable, or nobody could approve.
    """
    revision, text = clone.revision("HEAD"), clone.committed(POLICY_PATH)
    if revision is None or text is None:
        raise UsageError(
            f"no {POLICY_PATH} is committed in {clone.folder}",
            why="the sandbox gets a copy of what is committed, and a rehearsal is of a policy",
            fix=f"commit one; what stands in it: {page('policy-reference.md')}",
        )
    if clone.shallow():
        raise UsageError(
            f"{clone.folder} is a shallow clone",
            why="a gate needs the whole history, and the copy can have no more than the clone",
            fix="git fetch --unshallow",
        )
    own = policy.load(text, rules=rules.RULES, name=POLICY_PATH)
    policy_people.check_names(own)
    host = own.ledger_id.partition("/")[0]
    name, known = _name(clone, host)
    number = next(each for each in _NUMBERS if str(each) != own.ledger_id.split("/")[1])
    moved, loaded = _moved(own, text, policy.new_ledger_id(host, number, random(_RANDOM_BYTES)))
    everybody = {member.key: member for members in loaded.groups.values() for member in members}
    people = tuple(member for member in everybody.values() if member.host == host)
    warnings = [
        *(["what is not committed is not in the copy"] if clone.changed() else []),
        *([] if known else [f"the clone came from no repository at {host}, so the copy is called {name}"]),
        *_absent(clone, loaded),
    ]
    return Rehearsal(
        folder=clone.folder,
        name=_spelt(name, people),
        number=number,
        revision=revision,
        branch=_branch(clone, loaded),
        policy=loaded,
        text=moved,
        people=people,
        asker=_asker(people, name),
        approvers=_approvers(loaded, host),
        tag=_tag(clone, loaded, inputs.tag),
        build=inputs.build,
        private=inputs.private,
        warnings=tuple(warnings),
    )


def _name(clone: Clone, host: str) -> tuple[str, bool]:
    """Return the repository's name at the policy's forge, and whether the clone says so."""
    if not any(forge.host == host for forge in forges.HOSTS):
        raise PolicyError(
            f"{POLICY_PATH}: the ledger is at {host}",
            why=f"the sandbox is {' and '.join(forge.host for forge in forges.HOSTS)}",
        )
    found = forges.by_address(clone.origin())
    if found is not None and found[0].host == host and names.REPOSITORY.fits(found[1]):
        return found[1], True
    return "rehearsal/copy", False


def _spelt(name: str, people: tuple[Person, ...]) -> str:
    """Return the repository's name with its owner as the policy spells a login: forges take both for the same."""
    owner, _, rest = name.partition("/")
    return f"{next((each.login for each in people if each.login.lower() == owner.lower()), owner)}/{rest}"


def _moved(own: Policy, text: bytes, ledger_id: str) -> tuple[bytes, Policy]:
    """Return the policy with another ledger, which is all that differs, as bytes and read."""
    moved = policy.moved(text, ledger_id, POLICY_PATH)
    loaded = policy.load(moved, rules=rules.RULES, name=POLICY_PATH)
    gate = own.gate
    if gate.own is not None:
        gate = dataclasses.replace(gate, own=dataclasses.replace(gate.own, project=int(ledger_id.split("/")[1])))
    if loaded != dataclasses.replace(own, ledger_id=ledger_id, gate=gate, digest=loaded.digest):
        raise PolicyError(
            f"{POLICY_PATH}: the ledger's id cannot be replaced without changing more",
            why="the copy's policy has to be the same but for its ledger",
            fix="write ledger.id, and the number of an own gate's project, on a line each",
        )
    return moved, loaded


def _branch(clone: Clone, loaded: Policy) -> str:
    """Return the default branch: that of an own gate, which is bound to one, else what is checked out."""
    ref = loaded.gate.own.ref if loaded.gate.own else clone.branch()
    return (ref or "main").removeprefix(_BRANCHES)


def _asker(people: tuple[Person, ...], name: str) -> str:
    taken = {person.login.lower() for person in people} | {name.partition("/")[0].lower()}
    return next(login for login in chain(["asker"], (f"asker-{n}" for n in count(2))) if login not in taken)


def _approvers(loaded: Policy, host: str) -> tuple[str, ...]:
    stage = loaded.stages[0]
    if not (enough := evaluation.few_enough(loaded, stage, host)):
        raise PolicyError(
            f"{POLICY_PATH}: nobody can approve for {stage.name}",
            why=f"the approvals of all its people with an account at {host} are not enough",
            fix="name more people, or lower the counts",
        )
    return tuple(person.login for person in enough)


def _tag(clone: Clone, loaded: Policy, asked: str | None) -> str:
    """Return the tag to promote: new, because only what the copy's own change request left on the branch is reviewed.

    Raises:
        UsageError: The builder does not build it, it is there already, or it is none.
    """
    there = set(clone.tags())
    if asked is None:
        for pattern in (ref for ref in loaded.builder.refs if ref.startswith("refs/tags/")):
            for version in map(_VERSIONS.format, range(1, 100)):
                tag = pattern.removeprefix("refs/tags/").replace("*", version, 1).replace("*", "0")
                if tag not in there and names.TAG.fits(tag):
                    return tag
        raise UsageError(
            "no tag can be proposed", why=f"the builder runs at {', '.join(loaded.builder.refs)}", fix="--tag TAG"
        )
    if asked in there:
        raise UsageError(
            f"the tag {asked} is in the clone already",
            why="no change request of the copy left its commit on the branch, so every gate would deny it",
            fix="leave --tag away, or name a tag that does not exist",
        )
    if not names.TAG.fits(asked) or not any(
        forges.ref_matches(ref, f"refs/tags/{asked}") for ref in loaded.builder.refs
    ):
        raise UsageError(
            f"the tag {asked!r} would start no build",
            why=f"the policy's builder runs at {', '.join(loaded.builder.refs)}",
            fix="leave --tag away, or name one that it runs at",
        )
    return asked


def _absent(clone: Clone, loaded: Policy) -> list[str]:
    own = loaded.gate.own
    files = (("builder", loaded.builder.workflow), ("gate", own.file if own else None))
    return [
        f"the {what}'s file {file} is not committed: in CI nothing would run"
        for what, file in files
        if file is not None and clone.committed(file) is None
    ]
