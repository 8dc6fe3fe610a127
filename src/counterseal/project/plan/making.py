"""From answers to files: what is written, what is printed to be pasted, what people should know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal.forges import ForgeKind
from counterseal.identifiers import POLICY_PATH
from counterseal.model import Visibility
from counterseal.project.plan import around, github, gitlab, policy_text
from counterseal.project.plan.answers import GateChoice, Preset, Publish
from counterseal.project.plan.policy_text import PAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from counterseal.project.plan.answers import Answers, Facts

_OWNERS: Final = {ForgeKind.GITHUB: ".github/CODEOWNERS", ForgeKind.GITLAB: ".gitlab/CODEOWNERS"}


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file as it should be; `added` if text is added to one that is there."""

    path: str
    content: str
    added: bool = False


@dataclass(frozen=True, slots=True)
class Paste:
    """Text for a file that is somebody's own, which is never rewritten."""

    path: str
    why: str
    content: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What `init` would write, what people paste themselves, what is left as it is, what they should know.

    `kept` are files that are there already.
    """

    files: tuple[PlannedFile, ...]
    pastes: tuple[Paste, ...]
    kept: tuple[str, ...]
    notes: tuple[str, ...]


class _Making:
    def __init__(self, read: Callable[[str], bytes | None]) -> None:
        self.read = read
        self.files: list[PlannedFile] = []
        self.pastes: list[Paste] = []
        self.kept: list[str] = []

    def text(self, path: str) -> str | None:
        content = self.read(path)
        return None if content is None else content.decode("utf-8", "surrogateescape")

    def write(self, path: str, content: str) -> None:
        if self.read(path) is None:
            self.files.append(PlannedFile(path, content))
        else:
            self.kept.append(path)

    def add(self, path: str, content: str | None, *, there: bool) -> None:
        if content is None:
            self.kept.append(path)
        else:
            self.files.append(PlannedFile(path, content, added=there))


def make(facts: Facts, answers: Answers, *, revision: str, ledger_id: str, read: Callable[[str], bytes | None]) -> Plan:
    """Return what has to be written to use counterseal.

    Args:
        facts: The repository.
        answers: What its people chose.
        revision: The commit of counterseal that the files pin.
        ledger_id: For a new policy.
        read: Gives a file of the clone, or None.

    Raises:
        UsageError: A branch, folder or pattern cannot stand in a workflow.
    """
    making = _Making(read)
    runs = _gitlab if facts.kind is ForgeKind.GITLAB else _github
    builder = runs(making, facts, answers, revision)
    if read(POLICY_PATH) is None:
        making.write(POLICY_PATH, policy_text.write(facts, answers, ledger_id, builder))
    else:
        making.kept.append(POLICY_PATH)
    owners = facts.layout.owners or _OWNERS[facts.kind]
    present = making.text(owners)
    making.add(owners, around.owners(facts, answers, present or ""), there=present is not None)
    _readme(making, facts, answers)
    making.files.sort(key=lambda file: file.path != POLICY_PATH)
    return Plan(tuple(making.files), tuple(making.pastes), tuple(making.kept), tuple(_notes(facts, answers)))


def _github(making: _Making, facts: Facts, answers: Answers, revision: str) -> str:
    """Plan the workflow files, and return the one that builds."""
    own = facts.layout.built_by(facts.tag_pattern)
    builder = own.path if own else github.RELEASE
    content = making.text(builder) if own else None
    if own and content is not None and "counterseal/counterseal/actions/candidate@" not in content:
        why = "it builds tags already: let its build upload the artifacts as `dist`, and name that job in `needs`"
        making.pastes.append(Paste(builder, why, github.candidate(facts, revision)))
    elif own:
        making.kept.append(builder)
    else:
        making.write(builder, github.release(facts, revision))
    making.write(github.PROMOTE, github.promote(facts, answers, revision))
    making.write(github.PREVIEW, github.preview(revision))
    return builder


def _gitlab(making: _Making, facts: Facts, answers: Answers, revision: str) -> str:
    content = making.text(gitlab.PIPELINE)
    if content is None:
        making.write(gitlab.PIPELINE, gitlab.pipeline(facts, answers, revision))
    elif "/gitlab-templates/" in content:
        making.kept.append(gitlab.PIPELINE)
    else:
        why = "it is there: put the inputs first, the include to those that it has, and keep `dist/` as an artifact"
        text = f"{gitlab.head()}---\n{gitlab.include(facts, answers, revision)}"
        making.pastes.append(Paste(gitlab.PIPELINE, why, text))
    return gitlab.PIPELINE


def _readme(making: _Making, facts: Facts, answers: Answers) -> None:
    if answers.publish is Publish.NONE:
        return
    path = facts.layout.readme
    if path is None:
        making.pastes.append(Paste("README", "there is no README.md to add it to", around.paragraph(facts, answers)))
        return
    making.add(path, around.readme(facts, answers, making.text(path) or ""), there=True)


def _notes(facts: Facts, answers: Answers) -> Iterator[str]:
    """Yield what people should know before they merge it."""
    if answers.preset is Preset.SOLO:
        yield (
            "solo: with one person every promotion is denied, because it needs an approval and whoever asks does not "
            "count. A tag gives a signed candidate: it proves where it was built, from which commit and what is in it, "
            "and not that a second person looked. Name one in `people` of the policy before you ask for a promotion"
        )
    if facts.fork_of is not None:
        whose = facts.fork_of or "something that is not shown"
        yield (
            f"{facts.name} is a fork of {whose}: it gets a policy and a ledger of its own, and its releases are "
            "verified by its own number"
        )
    if facts.visibility in (Visibility.PRIVATE, Visibility.INTERNAL) and not answers.publish_names:
        yield (
            f"the repository is {facts.visibility}: signing puts its name into public transparency logs, so it is "
            "refused until the policy has `publish-names: true` (init --publish-names writes it)"
        )
    yield from _of_build(facts)
    yield from _of_workflows(facts, answers)


def _of_build(facts: Facts) -> Iterator[str]:
    package = facts.package
    if package is None:
        yield "no project that init knows how to build: put your commands into the job `build`"
    elif package.lock is None:
        yield (
            f"no lock file for {package.folder}: the SBOM lists what a lock file pins, so `counterseal sbom` stops "
            f"without one; `{package.build.lock_with}` makes one, or give it a document of another tool with --from"
        )
    if facts.layout.shallow:
        yield "this clone is shallow: its tags may be missing, and it cannot be pushed: git fetch --unshallow --tags"
    if facts.layout.tag_pattern is None:
        yield f"no tag looks like a version yet: releases are taken from tags {facts.tag_pattern}"


def _of_workflows(facts: Facts, answers: Answers) -> Iterator[str]:
    if facts.kind is not ForgeKind.GITHUB:
        return
    if answers.gate is GateChoice.OWN and answers.publish is Publish.PYPI:
        yield (
            "with an own gate no other job of promote.yml may sign, so the job for PyPI has to stand in a workflow of "
            f"its own: {PAGES}/how-to-github.md#a-gate-of-your-own"
        )
    for workflow in facts.layout.workflows:
        if workflow.on_release:
            yield (
                f"{workflow.path} starts when a release is published: one that the gate publishes starts no workflow "
                "at GitHub, so what it does has to follow the gate in promote.yml"
            )
        if not workflow.readable:
            yield f"{workflow.path} could not be read as a workflow, so nobody knows what starts it"
