"""Plans, checks what it planned as the tools themselves will, and writes it: on a branch, as a change request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal import policy as policies
from counterseal.commands import policy_people
from counterseal.commands.init.look import Looked
from counterseal.errors import PolicyError, UsageError
from counterseal.evaluation import possible_without, rules
from counterseal.identifiers import INIT_BRANCH, POLICY_PATH
from counterseal.ports import BranchWriter, ChangeRequests, Clone
from counterseal.project import people, plan
from counterseal.project.layout import next_tag
from counterseal.project.plan import Answers, Facts, Plan, Preset, Setting

if TYPE_CHECKING:
    from counterseal.model import Policy

_RANDOM_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class InitPorts:
    """What `init` works with. `writer` and `changes` are asked for when something is written, or opened.

    `words` gives title and body of the change request.
    """

    clone: Clone
    random: Callable[[int], bytes]
    writer: Callable[[], BranchWriter]
    changes: Callable[[], ChangeRequests]


@dataclass(frozen=True, slots=True)
class Change:
    """What was written: the branch, its commit (None: it had everything), and the change request if one was opened."""

    branch: str
    commit: str | None
    number: int | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """What was seen, what follows from it, what people chose, and the commit of counterseal to pin."""

    looked: Looked
    facts: Facts
    answers: Answers
    revision: str


@dataclass(frozen=True, slots=True)
class InitResult:
    """What `init` did, or would do (`change` is None then), what looks wrong (`warnings`), what is left to people."""

    decided: Decided
    plan: Plan
    settings: tuple[Setting, ...]
    warnings: tuple[str, ...]
    change: Change | None

    @property
    def tag(self) -> str:
        """Return an example of a tag that starts a release."""
        facts = self.decided.facts
        return next_tag(facts.layout.tags, facts.tag_pattern)


def existing(clone: Clone) -> Policy | None:
    """Return the policy that a clone has.

    Raises:
        PolicyError: It is there, and not usable.
    """
    content = clone.read(POLICY_PATH)
    return None if content is None else policies.load(content, rules=rules.RULES, name=POLICY_PATH)


def run(
    ports: InitPorts,
    decided: Decided,
    *,
    describe: Callable[[InitResult], tuple[str, str]] | None,
    dry_run: bool,
) -> InitResult:
    """Write what the repository lacks.

    Args:
        ports: What it works with.
        decided: What it writes it for.
        describe: Gives title and body of a change request, if one is to be opened.
        dry_run: Write nothing.

    Raises:
        UsageError: Nobody could ever get a promotion by these answers, or the branch cannot be written.
        ServiceError: The branch could not be pushed, or the change request not be opened.
    """
    facts, looked = decided.facts, decided.looked
    fresh = policies.new_ledger_id(facts.host, facts.number, ports.random(_RANDOM_BYTES))
    made = plan.make(facts, decided.answers, revision=decided.revision, ledger_id=fresh, read=ports.clone.read)
    warnings = _checked(made) if decided.answers.preset is not Preset.SOLO else ()  # which says itself what it lacks
    settings = plan.left_to_do(facts, looked.settings)
    result = InitResult(decided, made, settings, warnings, None)
    if dry_run:
        return result
    strays = looked.layout.branch not in (facts.default_ref, f"refs/heads/{INIT_BRANCH}")
    if describe and strays:
        raise UsageError(
            f"what is checked out is not {facts.branch}",
            why="the change request would bring everything else that this branch has, too",
            fix=f"git switch {facts.branch}, and run it again",
        )
    words = describe(result) if describe else None
    files = {file.path: file.content.encode("utf-8", "surrogateescape") for file in made.files}
    change = write(ports, INIT_BRANCH, files, "Let counterseal decide what is promoted", words)
    return InitResult(decided, made, settings, warnings, change)


def write(
    ports: InitPorts, branch: str, files: dict[str, bytes], message: str, words: tuple[str, str] | None
) -> Change:
    """Commit files on a branch of the clone and, with `words` for it, push it and open its change request."""
    writer = ports.writer()
    commit = writer.write(branch, files, message) if files else None
    if words is None or (commit is None and ports.clone.branch() != f"refs/heads/{branch}"):
        return Change(branch, commit)
    writer.push(branch)
    number, url = ports.changes().open_change(branch=branch, title=words[0], body=words[1])
    return Change(branch, commit, number, url)


def _checked(made: Plan) -> tuple[str, ...]:
    """Return what a planned policy cannot give, read as a gate reads it.

    Raises:
        UsageError: A stage is out of reach for everybody whom it names.
    """
    file = next((file for file in made.files if file.path == POLICY_PATH), None)
    if file is None:
        return ()
    try:
        policy = policies.load(file.content.encode(), rules=rules.RULES, name=POLICY_PATH)
    except PolicyError as error:
        fix = f"{error.fix}; nothing was written" if error.fix else "nothing was written"
        raise UsageError(f"these answers make no policy: {error.what}", why=error.why, fix=fix) from None
    policy_people.check_names(policy)
    named = {person.key: person for members in policy.groups.values() for person in members}.values()
    for stage in policy.stages:
        if not any(possible_without(policy, stage, person) for person in named):
            raise UsageError(
                f"nobody could ever get anything into {stage.name}",
                why=f"{len(named)} {'person is' if len(named) == 1 else 'people are'} named, whoever asks does not "
                "count, and too few are left to approve; nothing was written",
                fix="name more people (--approvers), ask for fewer approvals (--stages staging=1,production=1), or for "
                "none: --preset solo",
            )
    return tuple(people.shortages(policy))
