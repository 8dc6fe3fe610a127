"""The command line: verbs, options and their variables, forms of a result, exit codes, what it imports."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import click
import pytest

from counterseal import __version__
from counterseal.cli import parameters
from counterseal.cli.call import Call
from counterseal.cli.kinds import DIGEST, MOMENT
from counterseal.cli.main import main
from counterseal.cli.table import COMMANDS, module_of
from counterseal_sandbox.client import SandboxClient
from counterseal_sandbox.demo import world as demo_world
from counterseal_sandbox.demo.site import GitHubSite

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.cli.verb import Verb

GOOD = demo_world.policy_text(GitHubSite(SandboxClient("http://127.0.0.1:1")), 701)
HEAVY = ("sigstore", "github", "cyclonedx", "requests", "pydantic", "cryptography")


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "policy.yml"
    file.write_text(GOOD, encoding="utf-8")
    return file


def verb_of(name: str) -> Verb:
    """Return the verb as `main` finds it."""
    verb: Verb = module_of(name).VERB
    return verb


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process of its own."""
    environment = {"PATH": os.environ["PATH"], **variables}
    command = [sys.executable, "-I", "-m", "counterseal", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


# --- help and version ---------------------------------------------------------------------------


def test_general_help_names_every_verb_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["--help"], ["-h"], ["help"], ["help", "--help"]):
        assert main(arguments, {}) == 0
        shown = capsys.readouterr().out
        assert all(re.search(rf"^ +{verb}\b", shown, re.MULTILINE) for verb in COMMANDS)
        shown = " ".join(shown.split())
        assert all(each in shown for each in ("0 allowed", "1 undecided", "2 usage", "10 denied", "11 not verified"))
        assert "12 held" in shown


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_verb_has_help_that_names_its_options(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"], {}) == 0
    shown = capsys.readouterr().out
    assert f"usage: counterseal {verb} [OPTIONS]" in shown
    assert "--format [text|json|markdown]" in shown
    for param in verb_of(verb).params:
        assert getattr(param, "help", None), f"{verb} {param.name} says nothing of itself"
        assert all(name in shown for name in param.opts if name.startswith("-"))
    for arguments in ([verb, "-h"], ["help", verb]):
        assert main(arguments, {}) == 0
        assert capsys.readouterr().out == shown


@pytest.mark.parametrize("verb", ["sbom", "sign", "candidate", "request", "publish"])
def test_what_writes_can_be_tried_dry(verb: str) -> None:
    assert any("--dry-run" in param.opts for param in verb_of(verb).params)


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"], {}) == 0
    assert capsys.readouterr().out == f"counterseal {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [["promote"], ["--frobnicate"], ["gate", "--trust", "x"], ["gate", "--policy", "x"], ["policy", "burn"],
     ["request"], ["log", "--format", "yaml"], ["log", "show", "first"], ["verify"]],
)  # fmt: skip
def test_what_is_unknown_or_missing_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments, {}) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert re.fullmatch(r"error: .*\n(  why: .*\n)?  fix: .*\n(       .*\n)*", shown.err)


# --- options as variables --------------------------------------------------------------------------


def _value(param: click.Parameter) -> tuple[str, Any]:
    """Return text for a variable, and what the option is then."""
    if isinstance(param, click.Option) and param.is_flag:
        return "true", True
    if isinstance(param.type, click.Choice):
        word = str(list(param.type.choices)[-1])
        return word, word
    text = {MOMENT: "2026-10-01", DIGEST: "8c" * 32}.get(param.type, "11")
    if param.nargs == -1 or param.multiple:
        return f"{text} 12", (param.type.convert(text, None, None), param.type.convert("12", None, None))
    return text, param.type.convert(text, None, None)


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_option_is_a_variable_too(verb: str) -> None:
    words = {param.name: ("what runs",) for param in verb_of(verb).params if isinstance(param, parameters.Words)}
    wanted = {param.name: _value(param) for param in verb_of(verb).params if param.name not in words}
    assert {"format", "quiet", "verbose"} < set(wanted)
    call = Call({f"COUNTERSEAL_{name.upper()}": text for name, (text, _) in wanted.items()})
    given = [word for each in words.values() for word in each]
    assert vars(verb_of(verb).read(given, call) or 0) == {name: value for name, (_, value) in wanted.items()} | words
    assert call.verbose


def test_no_variable_says_what_is_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["observe"], {"COUNTERSEAL_COMMAND": "touch /tmp/chosen-by-a-variable"}) == 2
    assert "no COMMAND" in capsys.readouterr().err


def test_a_variable_of_no_value_is_an_error(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "check", str(policy)], {"COUNTERSEAL_FORMAT": "yaml"}) == 2
    assert "COUNTERSEAL_FORMAT='yaml' is not one of text, json, markdown" in capsys.readouterr().err
    assert main(["request", "--stage", "x"], {"COUNTERSEAL_DRY_RUN": "perhaps"}) == 2
    assert "COUNTERSEAL_DRY_RUN='perhaps' is neither true nor false" in capsys.readouterr().err


# --- results -------------------------------------------------------------------------------------


def test_the_result_is_on_stdout_in_each_form(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "check", str(policy)], {}) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("policy OK: ")
    assert shown.err == ""
    assert main(["policy", "check", str(policy), "--format", "json"], {}) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "counterseal.policy-check/v1"
    assert main(["policy", "check", str(policy), "--format", "markdown"], {}) == 0
    assert capsys.readouterr().out.startswith("```\npolicy OK")
    assert main(["policy", "check", str(policy)], {"COUNTERSEAL_FORMAT": "json"}) == 0
    assert json.loads(capsys.readouterr().out)["stages"] == ["staging", "production"]


def test_an_error_is_on_stderr_and_leaves_stdout_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "check", str(tmp_path / "none.yml")], {}) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert re.fullmatch(r"error: no policy .*\n  why: .*\n  fix: .*\n(       .*\n)*", shown.err)


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (["policy", "check", "none.yml", "--format", "json"], {}, "no policy none.yml"),
        (["policy", "check", "none.yml"], {"COUNTERSEAL_FORMAT": "json"}, "no policy none.yml"),
        (["request", "--format=json"], {}, "no --stage"),
        (["verify", "--stge", "x", "--format", "json"], {}, "counterseal verify has no option --stge"),
        (["lgo", "--format", "json"], {}, "no verb 'lgo'"),
    ],
)
def test_who_reads_json_gets_an_error_as_json_too(
    arguments: list[str], environment: dict[str, str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments, environment) == 2
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert document["schema"] == "counterseal.error/v1"
    assert document["exitCode"] == 2
    assert document["error"]["message"] == message
    assert set(document["error"]) == {"step", "message", "why", "fix"}
    assert shown.err.startswith(f"error: {message}\n")


def test_a_form_that_does_not_exist_is_an_error_in_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "check", "--format", "yaml"], {}) == 2
    assert capsys.readouterr().out == ""


def test_an_error_in_a_github_job_is_one_annotation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "policy.yml"
    file.write_text('apiVersion: "x"\n"::stop-commands::a\\r\\n::set-env::": 1\n', encoding="utf-8")
    assert main(["policy", "check", str(file)], {"GITHUB_ACTIONS": "true"}) == 2
    lines = capsys.readouterr().err.splitlines()
    commands = [line for line in lines if line.lstrip().startswith("::")]
    assert len(commands) == 1
    assert commands[0].startswith("::error title=counterseal::")


def test_a_step_gets_summary_and_outputs(policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary, output = tmp_path / "summary", tmp_path / "output"
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(output)}
    assert main(["policy", "check", str(policy)], environment) == 0
    assert summary.read_text(encoding="utf-8").startswith("```\npolicy OK")
    assert "policy OK" in capsys.readouterr().out


def test_a_gitlab_job_gets_a_summary_and_no_marker_in_its_log(
    policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = str(tmp_path / "counterseal.md")
    environment = {"GITLAB_CI": "true", "COUNTERSEAL_SUMMARY": summary, "GITHUB_STEP_SUMMARY": str(tmp_path / "no")}
    assert main(["policy", "check", str(policy)], environment) == 0
    assert (tmp_path / "counterseal.md").read_text(encoding="utf-8").startswith("```\npolicy OK")
    assert "policy OK" in capsys.readouterr().out
    assert not (tmp_path / "no").exists()
    assert main(["policy", "check", str(tmp_path / "x\x1b[0Ksection_start:1:x\r\x1b[0K.yml")], environment) == 2
    shown = capsys.readouterr().err
    assert "section_start:1:x" in shown
    assert not set(shown) & {"\x1b", "\r"}
    assert "::error" not in shown


def test_a_bug_says_so_without_a_traceback(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(policy.parent)}  # a folder
    assert main(["policy", "check", str(policy)], environment) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("error: ")
    assert "Traceback" not in shown


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["-v"], {}),
        (["--verbose"], {}),
        ([], {"COUNTERSEAL_VERBOSE": "true"}),
        ([], {"COUNTERSEAL_VERBOSE": "1"}),
    ],
)
def test_what_looks_like_a_bug_has_a_traceback_if_it_is_asked_for(
    policy: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], variables: dict[str, str]
) -> None:
    """However it is called; and no line of it is a command to the runner."""
    folder = policy.parent / "x\n::set-output name=a::b"
    folder.mkdir()
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(folder), **variables}
    assert main(["policy", *arguments, "check", str(policy)], environment) == 1
    shown = capsys.readouterr().err
    assert "Traceback (most recent call last)" in shown
    assert "IsADirectoryError" in shown
    assert "error: this is a bug in counterseal" in shown
    assert [row for row in shown.splitlines() if row.startswith("::") and not row.startswith("::error title=")] == []


@pytest.mark.parametrize(
    ("arguments", "variables", "wanted"),
    [
        (["-v"], {}, True),
        (["x", "--unknown", "y", "--verbose"], {}, True),
        ([], {"COUNTERSEAL_VERBOSE": "true"}, True),
        ([], {}, False),
        (["--", "-v"], {"COUNTERSEAL_VERBOSE": "false"}, False),
    ],
)
def test_a_bug_before_the_options_are_read_has_its_traceback_too(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    variables: dict[str, str],
    wanted: bool,
) -> None:
    monkeypatch.setitem(COMMANDS, "lost", ("no_such_module", "a verb whose module is missing"))
    assert main(["lost", *arguments], variables) == 1
    shown = capsys.readouterr().err
    assert ("Traceback (most recent call last)" in shown) is wanted
    assert "error: this is a bug in counterseal: ModuleNotFoundError" in shown


def test_a_bug_in_the_process_itself_has_its_traceback(policy: Path) -> None:
    variables = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(policy.parent)}
    assert "Traceback" in run("policy", "--verbose", "check", str(policy), **variables).stderr
    assert "Traceback" not in run("policy", "check", str(policy), COUNTERSEAL_VERBOSE="false", **variables).stderr


def test_a_reader_that_goes_away_is_no_bug_and_no_success(policy: Path) -> None:
    for arguments in (["--help"], ["policy", "check", str(policy)], ["policy", "--help"]):
        reader, writer = os.pipe()
        os.close(reader)
        command = [sys.executable, "-I", "-m", "counterseal", *arguments]
        done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
        os.close(writer)
        assert done.returncode == 1
        assert done.stderr == ""


@pytest.mark.slow
def test_ctrl_c_at_any_moment_prints_no_traceback_of_ours(policy: Path) -> None:
    """Python's own start is not ours: a moment before our first line it has its own way to end."""
    for hundredth in range(2, 30, 4):
        command = [sys.executable, "-I", "-m", "counterseal", "policy", "check", str(policy)]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as started:
            time.sleep(hundredth / 100)
            started.send_signal(2)
            _, err = started.communicate(timeout=60)
        assert "counterseal/cli/verbs" not in err
        assert "counterseal/commands" not in err


# --- what it costs -------------------------------------------------------------------------------


def modules(*arguments: str) -> set[str]:
    """Return the modules that a run of the command line imports."""
    code = "import sys; from counterseal.cli.main import main; main(); print(*sys.modules, sep='\\n', file=sys.stderr)"
    command = [sys.executable, "-I", "-c", code, *arguments]
    # what measures coverage would come along
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    names = set(done.stderr.splitlines())
    assert "counterseal.cli" in names
    return names


def imported(*arguments: str) -> set[str]:
    """Return the top-level packages that a run of the command line imports."""
    return {name.partition(".")[0] for name in modules(*arguments)}


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_come_from_the_table_alone(option: str) -> None:
    ours = modules(option)
    assert {name.partition(".")[0] for name in ours}.isdisjoint((*HEAVY, "click", "rich", "argparse", "dataclasses"))
    allowed = {"", ".__main__", ".cli", ".cli.main", ".cli.overview", ".cli.table", ".cli.call", ".errors"}
    assert {name for name in ours if name.startswith("counterseal")} <= {f"counterseal{name}" for name in allowed}


@pytest.mark.parametrize("verb", COMMANDS)
def test_help_of_a_verb_imports_nothing_heavy_and_no_other_verb(verb: str) -> None:
    names = modules(verb, "--help")
    assert {name.partition(".")[0] for name in names}.isdisjoint((*HEAVY, "rich"))
    verbs = {name for name in names if name.startswith("counterseal.cli.verbs.")}
    folder, _, _ = COMMANDS[verb][0].rpartition(".")
    assert verbs - {f"counterseal.cli.verbs.{folder}"} == {f"counterseal.cli.verbs.{COMMANDS[verb][0]}"}


def test_policy_check_imports_no_forge_and_no_sbom(policy: Path) -> None:
    assert imported("policy", "check", str(policy)).isdisjoint({*HEAVY, "rich"} - {"pydantic"})


def test_log_imports_no_forge_and_no_sbom(tmp_path: Path) -> None:
    assert imported("log", "--folder", str(tmp_path)).isdisjoint({"github", "cyclonedx"})


def test_the_process_reads_its_own_environment(policy: Path) -> None:
    done = run("policy", "check", str(policy), COUNTERSEAL_FORMAT="json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["schema"] == "counterseal.policy-check/v1"
