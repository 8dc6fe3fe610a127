"""What the repository tells its forge and its contributors' tools fits what there is."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import yaml
from tests.project.source_tree import ROOT

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CI: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())


def test_ci_has_the_oldest_and_the_newest_python_that_we_promise() -> None:
    promised = [found[1] for each in PROJECT["classifiers"] if (found := re.search(r":: (3\.\d+)$", each))]
    assert PROJECT["requires-python"] == f">={promised[0]}"
    assert CI["jobs"]["test"]["strategy"]["matrix"]["python"] == [promised[0], promised[-1]]


def test_updates_by_a_bot_are_a_week_old() -> None:
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    assert {each["package-ecosystem"]: each["cooldown"] for each in updates} == {
        "github-actions": {"default-days": 7},
        "pip": {"default-days": 7},
    }
    lock = (ROOT / "tools" / "lock.sh").read_text()
    assert "--exclude-newer 7days" in lock, "the lock by hand has the same delay"


def test_code_owners_own_what_is_there() -> None:
    lines = (ROOT / ".github" / "CODEOWNERS").read_text().splitlines()
    owned = [line.split()[0] for line in lines if line and not line.startswith("#")]
    assert owned[0] == "*"
    assert [each for each in owned[1:] if not (ROOT / each.strip("/")).exists()] == []


def test_hooks_before_a_commit_are_our_own_make_targets() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert [each["repo"] for each in config["repos"]] == ["local"]
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    called = [each["entry"].split() for repository in config["repos"] for each in repository["hooks"]]
    assert [each[:2] for each in called] == [["make", "--no-print-directory"]] * len(called)
    assert {each[2] for each in called} <= set(targets)
