"""What a newcomer meets first: mistakes are named where they are made, and what we suggest works when it is pasted."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import faults
from tests.flow.worlds import SUBJECTS

from counterseal.identifiers import LEDGER_BRANCH, LEDGER_REF
from counterseal_sandbox.demo.site import TAG
from counterseal_sandbox.demo.world import EPOCH

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flow.worlds import FlowWorld

    from counterseal_sandbox.demo.shell import ProcessResult

pytestmark = pytest.mark.slow


def pasted(text: str, begin: str) -> list[str]:
    """Return the arguments of the command in a text that begins so, as a shell would read them."""
    command = re.search(rf"{begin}[^,;\n]*", text)
    assert command is not None, text
    return shlex.split(command.group())[1:]


def test_a_request_for_a_stage_that_does_not_exist_opens_nothing(fresh: FlowWorld) -> None:
    refs = faults.refs(fresh)
    result = fresh.cli("request", "--stage", "prod", "--reason", "x", environment=fresh.person("bob"))
    told = faults.told(result, 2, "the policy has no stage 'prod'")
    assert "did you mean 'production'?" in told
    assert faults.refs(fresh) == refs


def test_a_request_that_cannot_pass_yet_says_what_comes_first_in_a_command_that_works(fresh: FlowWorld) -> None:
    bob = fresh.person("bob")
    result = fresh.cli("request", "--stage", "production", "--reason", "x", environment=bob)
    told = faults.told(result, 2, f"{TAG} cannot enter production yet")
    opened = fresh.counterseal(*pasted(told, "counterseal request"), environment=bob)
    assert f"requested: {TAG} into staging" in opened.output


def test_a_ledger_that_nobody_can_read_is_left_to_the_gate_and_said_in_the_request(fresh: FlowWorld) -> None:
    fresh.git("push", "-q", "origin", f"HEAD:{LEDGER_REF}")
    opened = fresh.counterseal("request", "--stage", "production", "--reason", "x", environment=fresh.person("bob"))
    assert f"requested: {TAG} into production" in opened.output
    assert "not compared" in opened.output


def test_a_request_without_a_reason_says_which_option_is_missing(fresh: FlowWorld) -> None:
    result = fresh.cli("request", "--stage", "staging", environment=fresh.person("bob"))
    assert '--reason "' in faults.told(result, 2, "no --reason")


def test_the_fix_of_a_deny_works_when_it_is_pasted(fresh: FlowWorld) -> None:
    number = fresh.request("staging", "the first of its kind")
    fresh.merge("bob", number)
    denied = fresh.cli("gate", environment=fresh.run())
    assert denied.exit_code == 10
    command = pasted(denied.output, "counterseal request")
    asked = fresh.counterseal(*command, "--dry-run", environment=fresh.person("bob"))
    request: Any = json.loads(asked.output.strip().splitlines()[-1])
    assert request["reason"] == "the first of its kind"


def test_the_next_step_of_a_candidate_works_when_it_is_pasted(fresh: FlowWorld) -> None:
    said = fresh.counterseal("candidate", "dist/*", environment=fresh.build_run()).output
    opened = fresh.counterseal(*pasted(said, "counterseal request"), environment=fresh.person("bob"))
    assert f"requested: {TAG} into staging" in opened.output


def test_a_tag_of_another_version_than_the_files_is_a_warning(built: FlowWorld) -> None:
    environment = {"GITHUB_REF": "refs/tags/v1.3.0", "SOURCE_DATE_EPOCH": EPOCH}
    told = built.counterseal("sbom", *SUBJECTS, environment=environment).errors
    assert told.startswith("warning: the tag is v1.3.0, and another version is in the name of app-1.2.0-")
    assert "warning" not in built.counterseal("sign", *SUBJECTS, environment=built.build_run()).errors


def test_a_preview_ends_as_a_gate_would_only_if_it_is_asked_to(fresh: FlowWorld) -> None:
    number = fresh.request("staging", "the first of its kind")
    call = ("gate", "--preview", "--number", str(number))
    bob = fresh.person("bob")
    assert "✗" in fresh.counterseal(*call, environment=bob).output
    assert "✗" in fresh.counterseal(*call, "--exit-code", environment=bob, code=10).output
    fresh.review("alice", number)
    fresh.counterseal(*call, "--exit-code", environment=bob)


def test_a_log_that_finds_nothing_says_why_and_what_is_there(fresh: FlowWorld, tmp_path: Path) -> None:
    number = fresh.request("staging", "the first of its kind")
    fresh.merge("bob", number)
    fresh.counterseal("gate", environment=fresh.run(), code=10)
    trust = tmp_path / "trust.json"
    trust.write_text(json.dumps(fresh.client.trust()), encoding="utf-8")
    fresh.git("fetch", "-q", "origin", LEDGER_BRANCH)

    def log(*arguments: str) -> ProcessResult:
        return fresh.cli("log", *arguments, "--trust", str(trust), "--sandbox")

    behind = faults.told(log(), 11, "entry [01]: not signed by the gate")
    assert f"git pull && git fetch origin {LEDGER_BRANCH}" in behind
    fresh.git("pull", "-q", "--ff-only", "origin", "main")
    assert "no decision is about the stage 'nope'; there are some about staging" in log("--stage", "nope").output
    assert "the newest decision is of 20" in log("--since", "2127-01-01").output
    assert "counterseal sbom find pydantic" in log("--search", "pydantic").output
    for word in ("deny", "enough-reviews", f"#{number}", "THE FIRST"):
        assert log("--search", word).output.startswith("seq "), word
    assert "chain of 2 entries (1 genesis, 1 decision) complete" in log().output
    told = faults.told(log("prove", "1"), 2, "entry 1 was denied, so there is no release to prove")
    assert "nothing is published yet" in told
