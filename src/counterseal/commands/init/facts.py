"""What a plan needs to know of the repository: as it was seen, or as somebody says."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from counterseal.errors import UsageError
from counterseal.formats import names
from counterseal.identifiers import INIT_BRANCH
from counterseal.project.layout import BARE_PATTERN, DEFAULT_PATTERN
from counterseal.project.plan import Facts

if TYPE_CHECKING:
    from counterseal.commands.init.answering import Given
    from counterseal.commands.init.look import Looked
    from counterseal.model import Policy
    from counterseal.project.layout import Layout, Package


def facts_of(looked: Looked, given: Given, policy: Policy | None) -> Facts:
    """Return the facts of a repository.

    Args:
        looked: What was seen.
        given: What was said.
        policy: The policy that is there already.

    Raises:
        UsageError: A fact is neither seen nor said, or cannot be; or the repository takes no changes.
    """
    project = looked.project
    if project is not None and project.archived:
        raise UsageError(
            f"{looked.name} is archived", why="it takes no changes", fix="take it out of the archive in its settings"
        )
    name = project.repository.name if project else looked.name
    if not names.REPOSITORY.fits(name):
        raise UsageError(f"{name!r} is no name of a repository", why=f"it is {names.REPOSITORY.words}", fix="rename it")
    layout = looked.layout
    if given.tags:
        layout = dataclasses.replace(layout, tag_pattern=_pattern(given.tags))
    return Facts(
        host=looked.host,
        name=name,
        number=_number(looked, given, policy),
        default_ref=_default_ref(looked, given),
        visibility=project.visibility if project else None,
        page=f"https://{looked.host}/{name}",
        layout=layout,
        package=_package(layout, given.project),
        fork_of=project.fork_of if project else None,
    )


def _number(looked: Looked, given: Given, policy: Policy | None) -> int:
    seen = looked.project.repository.id if looked.project else None
    known = int(policy.ledger_id.split("/")[1]) if policy else None
    number = seen or given.repository_id or known
    if number is None:
        raise UsageError(
            f"nobody knows the number of {looked.name}",
            why="a ledger belongs to the repository's number, not to its name, and without a token it was not seen",
            fix="set a token, or name it: --repository-id NUMBER",
        )
    if given.repository_id not in (None, number) or number < 1:
        raise UsageError(
            f"{looked.name} is repository {number}, not {given.repository_id}",
            why="the forge says so" if seen else "its policy says so",
            fix="leave --repository-id out",
        )
    return number


def _default_ref(looked: Looked, given: Given) -> str:
    if looked.project is not None:
        ref, source = looked.project.default_ref, "the forge's default branch"
    elif given.default_branch:
        ref, source = f"refs/heads/{given.default_branch.removeprefix('refs/heads/')}", "--default-branch"
    else:
        ref, source = looked.layout.branch or "", "the branch that is checked out"
        if not ref or ref == f"refs/heads/{INIT_BRANCH}":
            raise UsageError(
                "nobody knows the default branch",
                why="without a token the forge was not asked, and what is checked out is no such branch",
                fix="set a token, or name it: --default-branch main",
            )
    if not names.BRANCH.fits(ref) or "+" in ref:
        raise UsageError(
            f"{source} {ref!r} cannot stand in policy and workflow",
            why="there it would be a pattern or an expression",
            fix="rename the branch: letters, digits and . _ / -",
        )
    return ref


def _pattern(text: str) -> str:
    pattern = text.removeprefix("refs/tags/")
    if not names.REF_PATTERN.fits(f"refs/tags/{pattern}") or "+" in pattern:
        raise UsageError(
            f"--tags {text!r} is no pattern of tags",
            why="a policy and a workflow both read it; * stands for anything but /",
            fix=f"write it like {DEFAULT_PATTERN} or {BARE_PATTERN}",
        )
    return pattern


def _package(layout: Layout, folder: str | None) -> Package | None:
    if folder is not None:
        wanted = folder.rstrip("/").removeprefix("./") or "."
        found = next((each for each in layout.packages if each.folder == wanted), None)
        if found is None:
            known = ", ".join(each.folder for each in layout.packages) or "none"
            raise UsageError(
                f"--project {folder}: no project that init can build",
                why=f"the projects here are: {known}",
                fix="name the folder that has the pyproject.toml, package.json, Cargo.toml or go.mod",
            )
        return found
    if not layout.packages or len({each.folder for each in layout.packages}) == 1 or layout.packages[0].folder == ".":
        return layout.packages[0] if layout.packages else None
    known = ", ".join(each.folder for each in layout.packages[:12])
    raise UsageError(
        f"which of {len(layout.packages)} projects is released?",
        why=f"there is none at the top; there are {known}",
        fix=f"name its folder: --project {layout.packages[0].folder}",
    )
