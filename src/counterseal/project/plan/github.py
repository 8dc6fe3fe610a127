"""The workflow files of a repository at GitHub; docs/how-to-github.md shows the same ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.identifiers import page
from counterseal.project.plan.answers import GateChoice, Publish
from counterseal.project.plan.quoting import fill, key, plain, quoted

if TYPE_CHECKING:
    from counterseal.project.plan.answers import Answers, Facts

RELEASE: Final = ".github/workflows/release.yml"
PROMOTE: Final = ".github/workflows/promote.yml"
PREVIEW: Final = ".github/workflows/preview.yml"
_NO_BUILD: Final = (
    "echo 'put the commands here that build your artifacts into dist/' >&2",
    "exit 1",
)


def release(facts: Facts, revision: str) -> str:
    """Return the workflow that builds a tag and makes its candidate."""
    pattern = quoted(plain_pattern(facts.tag_pattern))
    return fill("release.yml", tags=pattern, build=_build(facts)) + candidate(facts, revision)


def candidate(facts: Facts, revision: str) -> str:
    """Return the job that signs what the job `build` left, for a workflow of somebody's own."""
    folder = project_folder(facts)
    project = f"          project: {quoted(folder)}" if folder != "." else ""
    return fill("candidate.yml", revision=revision, project=project)


def promote(facts: Facts, answers: Answers, revision: str) -> str:
    """Return the workflow of the gate, with the job that hands a release on to an index if there is one."""
    fix = f"rename the branch, or write the three workflow files by hand as on {page('how-to-github.md')}"
    text = fill("promote.yml", branch=quoted(plain(facts.branch, "the default branch", fix)))
    if answers.gate is GateChoice.OWN:
        return text + fill("own-gate.yml", revision=revision)
    text += fill("gate.yml", revision=revision)
    return text + pypi(answers, revision) if answers.publish is Publish.PYPI else text


def pypi(answers: Answers, revision: str) -> str:
    """Return the job that verifies what was released and hands it to PyPI."""
    return fill("pypi.yml", revision=revision, stage=key(answers.last))


def preview(revision: str) -> str:
    """Return the workflow that comments on promotion requests."""
    return fill("preview.yml", revision=revision)


def plain_pattern(pattern: str) -> str:
    """Return a pattern of tags that says the same to a policy and to a workflow."""
    plain(pattern.replace("*", "0"), "the pattern of tags", "name another one: --tags 'v*'")
    return pattern


def project_folder(facts: Facts) -> str:
    """Return the folder of the project that is released."""
    if facts.package is None or facts.package.folder == ".":
        return "."
    return plain(facts.package.folder, "the folder", "rename the folder, or write the workflow by hand")


def _build(facts: Facts) -> str:
    folder = project_folder(facts)
    commands = facts.package.build.commands(folder, gitlab=False) if facts.package else _NO_BUILD
    if len(commands) == 1:
        lines = [f"      - run: {commands[0]}"]
    else:
        lines = ["      - run: |", *(f"          {command}" for command in commands)]
    if folder != ".":
        lines += ["        env:", f"          PROJECT: {quoted(folder)}"]
    return "\n".join(lines)
