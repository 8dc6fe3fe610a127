"""Reads a clone once, and says what is in it."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal.identifiers import POLICY_PATH
from counterseal.project.layout import tags, workflows
from counterseal.project.layout.builds import BUILDS, Build
from counterseal.project.layout.workflows import Workflow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.ports import Clone

PIPELINE: Final = ".gitlab-ci.yml"
_WORKFLOW: Final = re.compile(r"\.github/workflows/[^/]+\.ya?ml")
#: Where a forge looks for owners of files, the first of these that is there.
_OWNERS: Final = (".github/CODEOWNERS", ".gitlab/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
#: Folders of examples and foreign code, which nobody releases.
_NO_PROJECT: Final = frozenset({"test", "tests", "fixtures", "examples", "example", "vendor", "node_modules", "docs"})
#: More workflow files than anybody has.
_MAX_WORKFLOWS: Final = 200


@dataclass(frozen=True, slots=True)
class Package:
    """A project in a clone: its folder (`.` is the top), what builds it, the lock file that it is locked by."""

    folder: str
    build: Build
    lock: str | None


@dataclass(frozen=True, slots=True)
class Layout:
    """What a clone holds.

    Attributes:
        packages: The projects in it, those nearest to the top first.
        workflows: GitHub's workflow files.
        pipeline: Whether it has a pipeline file of GitLab's.
        tags: All its tags, the newest version last.
        tag_pattern: Of its release tags; None if it has none.
        owners: The file of code owners, if there is one.
        readme: The page in Markdown that people see first, if there is one.
        has_policy: Whether a policy is there.
        branch: The full ref of the branch that is checked out, if one is.
        shallow: Whether its history was cut off.
    """

    packages: tuple[Package, ...]
    workflows: tuple[Workflow, ...]
    pipeline: bool
    tags: tuple[str, ...]
    tag_pattern: str | None
    owners: str | None
    readme: str | None
    has_policy: bool
    branch: str | None
    shallow: bool

    @property
    def publishes(self) -> str:
        """Return the index that a workflow seems to publish to already, or nothing."""
        return next((each.publishes for each in self.workflows if each.publishes), "")

    def built_by(self, pattern: str) -> Workflow | None:
        """Return the workflow that pushes of tags of a pattern start already; with several, one that publishes."""
        found = [each for each in self.workflows if any(_meets(own, pattern) for own in each.tags)]
        named = [each for each in found if "*" not in each.tags]  # every push starts tests, too
        named.sort(key=lambda each: not each.publishes)
        return named[0] if named else None


def _meets(own: str, pattern: str) -> bool:
    """Return whether a filter of a workflow lets tags through that a pattern means."""
    example = pattern.replace("*.*.*", "1.2.3").replace("*", "1.2.3")
    return fnmatch.fnmatchcase(example, own.replace("[0-9]+", "*"))


def read(clone: Clone) -> Layout:
    """Return what a clone holds."""
    files = clone.files()
    present, known = set(files), tuple(clone.tags())
    return Layout(
        packages=_packages(files),
        workflows=tuple(_workflows(clone, files)),
        pipeline=PIPELINE in present,
        tags=known,
        tag_pattern=tags.pattern_of(known),
        owners=next((path for path in _OWNERS if path in present), None),
        readme=next((path for path in files if path.lower() == "readme.md"), None),
        has_policy=POLICY_PATH in present,
        branch=clone.branch(),
        shallow=clone.shallow(),
    )


def _packages(files: Sequence[str]) -> tuple[Package, ...]:
    found = []
    present = set(files)
    for path in files:
        folder, name = posixpath.split(path)
        build = next((build for build in BUILDS if build.marker == name), None)
        if build is not None and not _NO_PROJECT & set(folder.split("/")):
            found.append(Package(folder or ".", build, _lock(present, folder, build)))
    order = [build.ecosystem for build in BUILDS]
    depth = {package: package.folder.count("/") + (package.folder != ".") for package in found}
    return tuple(sorted(found, key=lambda each: (depth[each], each.folder, order.index(each.build.ecosystem))))


def _lock(present: set[str], folder: str, build: Build) -> str | None:
    """Return a lock file beside a project, or at the top, where workspaces have theirs."""
    places = dict.fromkeys((folder, ""))
    candidates = (posixpath.join(place, name) for place in places for name in build.locks)
    return next((path for path in candidates if path in present), None)


def _workflows(clone: Clone, files: Sequence[str]) -> list[Workflow]:
    found = []
    for path in [path for path in files if _WORKFLOW.fullmatch(path)][:_MAX_WORKFLOWS]:
        content = clone.read(path)
        if content is not None:
            found.append(workflows.parse(path, content))
    return found
