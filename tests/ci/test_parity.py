"""Every option of a verb is an input of its action and the other way round, and so are outputs; or here is why not."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml
from tests.ci.act import ROOT

from counterseal.cli.table import module_of

if TYPE_CHECKING:
    from counterseal.cli.verb import Verb

VERBS = ("sbom", "sign", "candidate", "request", "gate", "publish", "verify")
#: Inputs that are no options → why.
ONLY_INPUTS = {"token": "the command line takes it from GITHUB_TOKEN, so that it is in no argument list"}
#: Options that are no inputs → why.
ONLY_OPTIONS = {
    "format": "a step shows text, and its summary is markdown anyway",
    "verbose": "for people who report a bug",
    "quiet": "a log without warnings helps nobody",
}


def action(verb: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "actions" / verb / "action.yml").read_text())
    return found


def options(name: str) -> dict[str, click.Parameter]:
    """Return the options of a verb by the names that inputs have."""
    verb: Verb = module_of(name).VERB
    named = {param.name.replace("_", "-"): param for param in verb.params}
    return {name: param for name, param in named.items() if name not in ONLY_OPTIONS}


def outputs(verb: str) -> set[str]:
    """Return the names of the outputs that a verb's report has."""
    tree = ast.parse(inspect.getsource(importlib.import_module(f"counterseal.render.reports.{verb}")))
    named = [node.value for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "outputs"]
    assigned = (node for node in ast.walk(tree) if isinstance(node, ast.Assign))
    named += [node.value for node in assigned if [ast.unparse(each) for each in node.targets] == ["outputs"]]
    tables = [each for each in named if isinstance(each, ast.Dict)]
    return {str(key.value) for table in tables for key in table.keys if isinstance(key, ast.Constant)}


def test_there_is_an_action_for_each() -> None:
    assert sorted(path.parent.name for path in (ROOT / "actions").glob("*/action.yml")) == sorted(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_inputs_are_options(verb: str) -> None:
    assert set(action(verb)["inputs"]) - set(ONLY_INPUTS) == set(options(verb))


@pytest.mark.parametrize("verb", VERBS)
def test_each_input_reaches_its_option(verb: str) -> None:
    found = action(verb)
    expected = {f"COUNTERSEAL_{name.upper().replace('-', '_')}": f"${{{{ inputs.{name} }}}}" for name in options(verb)}
    if "token" in found["inputs"]:
        expected["GITHUB_TOKEN"] = "${{ inputs.token }}"
    assert found["runs"]["steps"][0]["env"] == expected


#: Inputs whose default is not the option's → why.
OTHER_DEFAULTS = {("verify", "state"): ("newest", "a job may fetch; the command line fetches only what it is told to")}


@pytest.mark.parametrize("verb", VERBS)
def test_what_is_required_and_what_is_the_default(verb: str) -> None:
    inputs = action(verb)["inputs"]
    for name, option in options(verb).items():
        assert bool(inputs[name].get("required")) == bool(option.required), name
        given = inputs[name].get("default", "")
        if isinstance(option, click.Option) and option.is_flag:
            assert given == "false", name
        elif given:
            default = OTHER_DEFAULTS[verb, name][0] if (verb, name) in OTHER_DEFAULTS else str(option.default)
            assert given == default, name


@pytest.mark.parametrize("verb", VERBS)
def test_outputs(verb: str) -> None:
    found = action(verb).get("outputs", {})
    assert set(found) == outputs(verb)
    assert {name: each["value"] for name, each in found.items()} == {
        name: f"${{{{ steps.{verb}.outputs.{name} }}}}" for name in found
    }


@pytest.mark.parametrize("verb", VERBS)
def test_everything_is_described(verb: str) -> None:
    found = action(verb)
    assert all(each["description"] for each in (*found["inputs"].values(), *found.get("outputs", {}).values()))


def test_the_pages_of_the_actions_are_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "tools" / "action_pages.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}fix: make docs"
