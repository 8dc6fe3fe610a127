"""Workflows, actions and templates: no text from outside in a script, pinned actions, no permission by default."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.project.source_tree import ROOT, relative, tracked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = tracked("*.yml", "*.yaml")
WORKFLOWS = [path for path in FILES if relative(path).startswith(".github/workflows/")]
SCRIPT_KEYS = {"run", "script", "before_script", "after_script"}
#: tests/ci/test_gitlab_templates.py holds both to the form of their inputs.
QUOTED_INPUT = re.compile(
    r"'\$\[\[ inputs\.(?:source|revision) \]\]'|^COUNTERSEAL_[A-Z_]+=\$\[\[ inputs\.[a-z-]+ \]\]$", re.MULTILINE
)
PINNED = re.compile(r"(\./|\$/).*|[\w.-]+/[\w./-]+@[0-9a-f]{40}")


class Loader(yaml.SafeLoader):
    """Reads GitLab's tags (`!reference`) as the data below them."""


Loader.add_multi_constructor("!", lambda loader, _, node: loader.construct_sequence(node))


def documents(path: Path) -> list[Any]:
    return list(yaml.load_all(path.read_text(), Loader))


def pairs(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield str(key), item
            yield from pairs(item)
    elif isinstance(value, list):
        for item in value:
            yield from pairs(item)


def test_there_is_a_workflow() -> None:
    assert WORKFLOWS


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_no_expression_in_a_script(path: Path) -> None:
    """But GitLab's inputs, where a shell reads nothing: in quotes that their form cannot end, or in a quoted block."""
    scripts = [(key, value) for key, value in pairs(documents(path)) if key in SCRIPT_KEYS]
    texts = [(key, "\n".join(map(str, value)) if isinstance(value, list) else str(value)) for key, value in scripts]
    outside = [(key, QUOTED_INPUT.sub("", text)) for key, text in texts]
    assert [(key, text) for key, text in outside if "${{" in text or "$[[" in text] == []


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_actions_are_pinned_by_commit(path: Path) -> None:
    used = [value for key, value in pairs(documents(path)) if key == "uses" and isinstance(value, str)]
    assert [each for each in used if not PINNED.fullmatch(each)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=relative)
def test_workflows_start_without_permissions(path: Path) -> None:
    (workflow,) = documents(path)
    assert workflow["permissions"] == {}


def test_ci_runs_what_contributors_run() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert "COUNTERSEAL_REQUIRE_TOOLS=1" in script
    assert script.rstrip().splitlines()[-1].startswith("exec make --no-print-directory test")


def test_the_suite_of_ci_is_the_one_of_make_tools() -> None:
    pinned = re.findall(r"^CONFORMANCE_REVISION := ([0-9a-f]{40})$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert pinned == re.findall(r"^ +REVISION: ([0-9a-f]{40})\b", workflow, re.MULTILINE)


def test_only_ci_run_knows_of_suites_beside_the_checkout() -> None:
    named = [path for path in tracked("*") if path.suffix != ".json" and b"shared/suites" in path.read_bytes()]
    assert {relative(path) for path in named} - {"tests/project/test_pipelines.py"} == {".ci/run"}
