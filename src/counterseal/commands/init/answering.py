"""From what was given to answers: what is missing is proposed, and asked where somebody is there to answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal.errors import UsageError
from counterseal.forges import ForgeKind
from counterseal.formats import names
from counterseal.model import Visibility
from counterseal.project import people, plan
from counterseal.project.plan import Answers, GateChoice, Preset, Publish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.commands.init.look import Looked
    from counterseal.model import Person, Policy
    from counterseal.project.plan import Facts

_STAGE: Final = re.compile(r"([^=\s]+?)(?:=([0-9]{1,2}))?")
_MAX_STAGES: Final = 8


@dataclass(frozen=True, slots=True)
class Given:
    """What was said by options, or answered; None: nothing. All of it is as it was written."""

    preset: Preset | None = None
    approvers: str | None = None
    security: str | None = None
    meta: str | None = None
    stages: str | None = None
    publish: str | None = None
    gate: str | None = None
    publish_names: bool | None = None
    project: str | None = None
    tags: str | None = None
    default_branch: str | None = None
    repository_id: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A question: the option that answers it, its words, what is proposed, what else there is to say.

    `proposal` is None where nothing can be proposed; `choices` are all answers, if they are few.
    """

    option: str
    words: str
    proposal: str | None
    choices: tuple[str, ...] = ()


def next_question(looked: Looked, facts: Facts, given: Given, owners: str) -> Question | None:
    """Return the first question that is not answered yet, or None; there are five at most.

    Args:
        looked: What was seen.
        facts: The repository.
        given: What was answered so far.
        owners: The text of its code owners.
    """
    return next(_questions(looked, facts, given, owners), None)


def _questions(looked: Looked, facts: Facts, given: Given, owners: str) -> Iterator[Question]:
    proposed = _proposed(looked, facts, given, owners)
    if given.approvers is None:
        yield Question("approvers", "Who may approve promotions? Logins, by commas", _logins(proposed, "maintainers"))
    if given.stages is None:
        words = "Which stages, and how many approvals for each? Whoever asks for a promotion does not count"
        yield Question("stages", words, _stages(proposed))
    if given.publish is None:
        words = "What does the last stage publish: a release here, on PyPI too, or nothing?"
        yield Question("publish", words, proposed.publish, tuple(Publish))
    hidden = facts.visibility in (Visibility.PRIVATE, Visibility.INTERNAL)
    if hidden and given.publish_names is None:
        words = f"{facts.name} is {facts.visibility}. May its name stand in public logs? Without that nothing is signed"
        yield Question("publish_names", words, "no", ("yes", "no"))
    elif not hidden and given.meta is None:  # one question less, so that they stay five
        words = "Who may change these rules, and run the gate by hand in a later version? Logins, by commas"
        yield Question("meta", words, _logins(proposed, "meta"))
    if given.gate is None and facts.kind is ForgeKind.GITHUB:
        words = "Whose gate decides: counterseal's released workflow, or one of your own?"
        yield Question("gate", words, proposed.gate, tuple(GateChoice))


def decide(looked: Looked, facts: Facts, given: Given, owners: str) -> tuple[Answers, tuple[str, ...]]:
    """Return the answers, and what is odd about them.

    Raises:
        UsageError: An answer cannot be, or nobody is known who could approve.
    """
    proposed = _proposed(looked, facts, given, owners)
    groups, warnings = _groups(looked, facts, given, proposed)
    if not groups["maintainers"]:
        raise UsageError(
            "nobody is known who could approve",
            why="the people of the repository were not seen",
            fix="set a token, or name them with the numbers of their accounts: --approvers alice=1001,bob=1002; "
            + people.number_command(facts.host, "alice"),
        )
    stages, counts = _read_stages(given.stages or _stages(proposed), proposed)
    if proposed.preset is Preset.SOLO and any(counts):
        raise UsageError(
            "the preset solo asks for no approvals", why="whoever asks does not count", fix="--preset two-person"
        )
    gate = GateChoice(given.gate) if given.gate else proposed.gate
    if facts.kind is ForgeKind.GITLAB and gate is GateChoice.COUNTERSEAL:
        raise UsageError(
            "--gate counterseal is not for GitLab",
            why="its certificates name the project's own pipeline file, never an included one",
            fix="--gate own",
        )
    answers = Answers(
        preset=proposed.preset,
        groups=groups,
        stages=stages,
        counts=counts,
        publish=Publish(given.publish) if given.publish else proposed.publish,
        gate=gate,
        publish_names=given.publish_names is True,
    )
    return answers, tuple(warnings)


def of_policy(policy: Policy, facts: Facts) -> Answers:
    """Return the answers that a policy which is there already gives."""
    last = policy.stages[-1]
    groups = dict(policy.groups)
    groups.setdefault("meta", next(iter(groups.values())))
    publish = Publish.PYPI if facts.layout.publishes == "pypi" else Publish.RELEASE
    return Answers(
        preset=Preset.TWO_PERSON,
        groups=groups,
        stages=tuple(stage.name for stage in policy.stages),
        counts=(),
        publish=publish if last.publish else Publish.NONE,
        gate=GateChoice.OWN if policy.gate.own else GateChoice.COUNTERSEAL,
        publish_names=policy.publish_names,
    )


# --- what is proposed ------------------------------------------------------------------------


def _proposed(looked: Looked, facts: Facts, given: Given, owners: str) -> Answers:
    people: tuple[Person, ...] = ()
    if given.approvers:
        people = plan.named(given.approvers, "--approvers", facts.host, looked.collaborators).people
    elif looked.collaborators is not None:
        people = plan.approvers_of(looked.collaborators, owners)
    preset = given.preset or (Preset.REGULATED if given.security else None)
    if preset is None and given.stages and any(count for _, count in _named_stages(given.stages)):
        preset = Preset.TWO_PERSON
    return plan.propose(facts, people, preset)


def _logins(proposed: Answers, group: str) -> str | None:
    return ",".join(person.login for person in proposed.groups[group]) or None


def _stages(proposed: Answers) -> str:
    return ",".join(f"{stage}={count}" for stage, count in zip(proposed.stages, proposed.counts, strict=True))


# --- what was given --------------------------------------------------------------------------


def _groups(
    looked: Looked, facts: Facts, given: Given, proposed: Answers
) -> tuple[dict[str, tuple[Person, ...]], list[str]]:
    groups = dict(proposed.groups)
    warnings: list[str] = []
    for group, text in (("maintainers", given.approvers), ("security", given.security), ("meta", given.meta)):
        if text:
            option = f"--{'approvers' if group == 'maintainers' else group}"
            found = plan.named(text, option, facts.host, looked.collaborators, groups["maintainers"])
            groups[group] = found.people
            warnings += found.warnings
    if "security" in groups and not given.security:
        warnings.append("the group security has the same people as maintainers: name others with --security")
    return {name: groups[name] for name in ("maintainers", "security", "meta") if name in groups}, warnings


def _named_stages(text: str) -> list[tuple[str, int | None]]:
    """Return stages with their counts, as `staging=1,production=2` says them.

    Raises:
        UsageError: It says something else.
    """
    found: list[tuple[str, int | None]] = []
    for word in (word.strip() for word in text.split(",") if word.strip()):
        match = _STAGE.fullmatch(word)
        if match is None or not names.STAGE.fits(match[1]):
            raise UsageError(
                f"--stages {word!r}: no stage", why=f"it is {names.STAGE.words}", fix="--stages staging=1,production=2"
            )
        if any(match[1] == name for name, _ in found):
            raise UsageError(
                f"--stages: {match[1]} stands twice", why="stages have names of their own", fix="rename one"
            )
        found.append((match[1], int(match[2]) if match[2] else None))
    if not 1 <= len(found) <= _MAX_STAGES:
        raise UsageError(
            f"--stages names {len(found)} stages",
            why=f"1 to {_MAX_STAGES} can be",
            fix="--stages staging=1,production=2",
        )
    return found


def _read_stages(text: str, proposed: Answers) -> tuple[tuple[str, ...], tuple[int, ...]]:
    found = _named_stages(text)
    usual = plan.counts_for(proposed.preset, len(proposed.groups["maintainers"]), len(found))
    counts = tuple(usual[place] if count is None else count for place, (_, count) in enumerate(found))
    return tuple(name for name, _ in found), counts
