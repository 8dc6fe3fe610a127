"""What foreign workflow files say of themselves; one that cannot be read says nothing."""

from __future__ import annotations

import pytest

from counterseal.project.layout import Workflow, parse

PATH = ".github/workflows/x.yml"


@pytest.mark.parametrize(
    ("on", "tags", "on_release"),
    [
        ("on: push", ("*",), False),
        ("on: [push, pull_request]", ("*",), False),
        ("on: {push: {branches: [main]}}", (), False),
        ("on: {push: {tags: [v*]}}", ("v*",), False),
        ("on: {push: {tags: v*}}", ("v*",), False),
        ("on: {push: {tags-ignore: [x]}}", ("*",), False),
        ("'on': {release: {types: [published]}}", (), True),
        ("on: {workflow_dispatch: , push: {paths: [a]}}", ("*",), False),
        ("on: 7", (), False),
        ("jobs: {}", (), False),
    ],
)
def test_what_starts_it(on: str, tags: tuple[str, ...], *, on_release: bool) -> None:
    assert parse(PATH, on.encode()) == Workflow(PATH, True, tags, on_release)


@pytest.mark.parametrize(
    ("step", "publishes"),
    [
        ("uses: pypa/gh-action-pypi-publish@v1", "pypi"),
        ("run: twine upload dist/*", "pypi"),
        ("run: uv publish", "pypi"),
        ("run: npm publish", "npm"),
        ("run: make", ""),
    ],
)
def test_where_it_publishes(step: str, publishes: str) -> None:
    text = f"on: push\njobs: {{a: {{steps: [{{{step}}}]}}}}\n"
    assert parse(PATH, text.encode()).publishes == publishes


@pytest.mark.parametrize(
    "content",
    [
        b"a: [",
        b"\xff\xfe\x00",
        b"- a",
        b"",
        b"[" * 100_000,
        b"a" * 300_000,
    ],
    ids=["broken", "binary", "list", "empty", "deep", "long"],
)
def test_what_cannot_be_read_says_nothing(content: bytes) -> None:
    assert parse(PATH, content) == Workflow(PATH, readable=False)
