"""What is in a clone: projects, locks, workflows, owners."""

from __future__ import annotations

import pytest
from tests.unit.project.repositories import MemoryClone

from counterseal.adapters.sbom import formats
from counterseal.project import layout
from counterseal.project.layout import BUILDS


def folders(*files: str) -> list[tuple[str, str, str | None]]:
    found = layout.read(MemoryClone(dict.fromkeys(files, ""))).packages
    return [(each.folder, each.build.ecosystem, each.lock) for each in found]


def test_projects_and_their_locks() -> None:
    assert folders("pyproject.toml", "uv.lock") == [(".", "Python", "uv.lock")]
    assert folders("package.json") == [(".", "npm", None)]
    assert folders("Cargo.toml", "Cargo.lock", "go.mod", "go.sum") == [
        (".", "Rust", "Cargo.lock"),
        (".", "Go", "go.sum"),
    ]


def test_a_workspace_has_its_lock_at_the_top_and_projects_below() -> None:
    assert folders("uv.lock", "packages/b/pyproject.toml", "packages/a/pyproject.toml", "tests/x/pyproject.toml") == [
        ("packages/a", "Python", "uv.lock"),
        ("packages/b", "Python", "uv.lock"),
    ]
    assert folders("web/package.json", "pyproject.toml") == [(".", "Python", None), ("web", "npm", None)]


def test_each_lock_file_is_one_that_an_sbom_is_made_of() -> None:
    known = {name for each in formats.FORMATS for name in each.names}
    assert {lock for build in BUILDS for lock in build.locks} <= known
    manifests = {name for names in formats.MANIFESTS.values() for name in names}
    assert {build.marker for build in BUILDS} <= manifests


@pytest.mark.parametrize(
    ("files", "owners"),
    [
        (["CODEOWNERS"], "CODEOWNERS"),
        (["CODEOWNERS", ".github/CODEOWNERS"], ".github/CODEOWNERS"),
        ([], None),
    ],
)
def test_the_file_of_owners_that_a_forge_takes(files: list[str], owners: str | None) -> None:
    assert layout.read(MemoryClone(dict.fromkeys(files, ""))).owners == owners


def test_which_workflow_builds_tags_already() -> None:
    tests = "on: [push]\n"
    build = "on: {push: {tags: ['v[0-9]+.*']}}\n"
    publish = "on: {push: {tags: [v*]}}\njobs: {a: {steps: [{run: twine upload dist/*}]}}\n"
    clone = MemoryClone(
        {
            ".github/workflows/a.yml": tests,
            ".github/workflows/b.yml": build,
            ".github/workflows/c.yml": publish,
            ".github/workflows/sub/d.yml": publish,
            "workflows/e.yml": publish,
        }
    )
    found = layout.read(clone)
    assert [each.path[-5:] for each in found.workflows] == ["a.yml", "b.yml", "c.yml"]
    own = found.built_by("v*")
    assert own is not None
    assert own.path == ".github/workflows/c.yml"
    assert found.built_by("app-*") is None
    assert found.publishes == "pypi"
    assert layout.read(MemoryClone({".github/workflows/a.yml": tests})).built_by("v*") is None
