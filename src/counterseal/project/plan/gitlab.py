"""The pipeline file of a project at GitLab: one include that brings all; docs/how-to-gitlab.md shows the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal import forges
from counterseal.identifiers import page
from counterseal.project.layout import BUILDS
from counterseal.project.plan.answers import Publish
from counterseal.project.plan.github import plain_pattern, project_folder
from counterseal.project.plan.quoting import fill, key, plain, quoted

if TYPE_CHECKING:
    from counterseal.project.plan.answers import Answers, Facts

PIPELINE: Final = ".gitlab-ci.yml"
_NO_BUILD: Final = ("echo 'put the commands here that build your artifacts into dist/' >&2; exit 1",)


def pipeline(facts: Facts, answers: Answers, revision: str) -> str:
    """Return the pipeline file."""
    text = f"{head()}---\n{include(facts, answers, revision)}\n{build(facts)}"
    return f"{text}\n{pypi()}" if answers.publish is Publish.PYPI else text


def head() -> str:
    """Return the inputs of the pipeline, which come first in a file; all have defaults, so that pushes need none."""
    return fill("pipeline-inputs.yml")


def include(facts: Facts, answers: Answers, revision: str) -> str:
    """Return the one include, for a pipeline file of somebody's own."""
    plain_pattern(facts.tag_pattern)
    fix = f"rename the branch, or write the file by hand as on {page('how-to-gitlab.md')}"
    plain(facts.branch, "the default branch", fix)
    folder = project_folder(facts)
    return fill(
        "pipeline-include.yml",
        revision=revision,
        project=f"      project: {quoted(folder)}" if folder != "." else "",
        stage=key(answers.last),
        repository=f"{facts.host}/{facts.name}",
        number=quoted(str(facts.number)),
        identity=identity(facts),
        issuer=f"https://{facts.host}",
    )


def identity(facts: Facts) -> str:
    """Return how certificates name the project's own gate."""
    return f"{forges.definition(facts.host, facts.name, PIPELINE)}@{facts.default_ref}"


def build(facts: Facts) -> str:
    """Return the job that builds a tag."""
    folder = project_folder(facts)
    tool = facts.package.build if facts.package else None
    commands = tool.commands(folder, gitlab=True) if tool else _NO_BUILD
    variables = f"  variables:\n    PROJECT: {quoted(folder)}" if folder != "." else ""
    script = "\n".join(f"    - {command if ': ' not in command else quoted(command)}" for command in commands)
    return fill("pipeline-build.yml", image=(tool or BUILDS[0]).image, variables=variables, script=script)


def pypi() -> str:
    """Return the job that hands to PyPI what was verified."""
    return fill("pipeline-pypi.yml")
