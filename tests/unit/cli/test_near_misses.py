"""What is not known is said with what was probably meant, in the three parts of every error, and ends with 2."""

from __future__ import annotations

import pytest

from counterseal.cli.main import main

WHOLE, ALL = "it verifies the whole ledger", "it lists all decisions"


@pytest.mark.parametrize(
    ("arguments", "what", "fix"),
    [
        (["gat"], "no verb 'gat'", "did you mean gate?"),
        (["verfy", "x"], "no verb 'verfy'", "did you mean verify?"),
        (["hlep"], "no verb 'hlep'", "did you mean help?"),
        (["xyzzy"], "no verb 'xyzzy'", "counterseal --help shows all"),
        (["help", "promot"], "no verb 'promot'", "counterseal --help shows all"),
        (["--versoin"], "no option '--versoin'", "did you mean --version?"),
        (["--stage", "x", "gate"], "no option '--stage'", "counterseal --help shows all"),
        (["request", "--stag", "x"], "counterseal request has no option --stag", "did you mean --stage?"),
        (["request", "--dry"], "counterseal request has no option --dry", "did you mean --dry-run?"),
        (["verify", "--gate_identity=x"], "counterseal verify has no option --gate_identity", "mean --gate-identity?"),
        (["gate", "--trust", "x"], "counterseal gate has no option --trust", "counterseal gate --help shows them"),
        (["gate", "-x"], "counterseal gate has no option -x", "counterseal gate --help shows them"),
        (["log", "shw"], "ACTION 'shw' is not one of list, show, verify, prove", "did you mean show?"),
        (["log", "--format", "yaml"], "--format 'yaml' is not one of text, json, markdown", "write text"),
        (["log", "--format", "mark"], "--format 'mark' is not one of text, json, markdown", "did you mean markdown?"),
    ],
)
def test_a_near_miss(arguments: list[str], what: str, fix: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments, {}) == 2
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert lines[0] == f"error: {what}"
    assert lines[-1].startswith("  fix: ")
    assert lines[-1].endswith(fix)


@pytest.mark.parametrize(
    ("arguments", "what", "why", "fix"),
    [
        (
            ["verify", "app.whl"],
            "no --stage",
            "verify needs it: stage the files must be allowed for",
            (
                "--stage …, or set COUNTERSEAL_STAGE; for example:\n"
                "       counterseal verify app.whl --stage production --repository github.com/acme/app"
            ),
        ),
        (["request"], "no --stage", "a promotion is into a stage of the policy", "--stage production"),
        (
            ["verify", "--stage", "x"],
            "no FILES",
            "verify needs it: the downloaded files, globs or folders",
            (
                "counterseal verify FILES …, or set COUNTERSEAL_FILES; for example:\n"
                "       counterseal verify app.whl --stage production --repository github.com/acme/app"
            ),
        ),
        (
            ["trust"],
            "no ACTION",
            "trust needs it: what to do",
            (
                "counterseal trust ACTION …, or set COUNTERSEAL_ACTION; for example:\n"
                "       counterseal trust export > trusted_root.jsonl"
            ),
        ),
        (["log", "verify", "2"], "log verify takes no entry, and 2 is one", WHOLE, "counterseal log show 2"),
        (["log", "list", "2"], "log list takes no entry, and 2 is one", ALL, "counterseal log show 2"),
        (
            ["log", "verify", "--stage", "staging"],
            "log verify takes no --stage",
            "it chooses what is listed",
            "leave it out; or list: counterseal log --stage …",
        ),
        (
            ["log", "--since-head", "8c" * 32],
            "log list takes no --since-head",
            "it is about the whole ledger, not about what is shown",
            f"counterseal log verify --since-head {'8c' * 32}",
        ),
        (
            ["log", "verify", "--since-head", "8c1f00d"],
            "--since-head '8c1f00d' is not a sha256",
            "a sha256 has 64 hex digits, and a part of it proves nothing",
            "give all 64 digits",
        ),
        (
            ["gate", "--exit-code"],
            "--exit-code is for previews",
            "a gate always ends with what it decided",
            "leave it out, or add --preview",
        ),
        (["gate", "--stage"], "--stage has no value", "it needs one", "--stage VALUE"),
        (["gate", "--preview=yes"], "--preview takes no value", "it is a switch", "--preview"),
        (["gate", "--number", "x"], "--number 'x' is not a whole number", "a number is expected", "use digits only"),
        (["log", "show", "first"], "SEQUENCE 'first' is not a whole number", "a number is expected", "use digits only"),
        (
            ["publish", "all"],
            "'all' is one argument too many",
            "the call is: counterseal publish [OPTIONS]",
            "counterseal publish --help",
        ),
    ],
)
def test_what_is_missing_or_too_much(
    arguments: list[str], what: str, why: str, fix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments, {}) == 2
    assert capsys.readouterr() == ("", f"error: {what}\n  why: {why}\n  fix: {fix}\n")


def test_in_a_github_job_a_wrong_call_is_an_annotation(capsys: pytest.CaptureFixture[str]) -> None:
    """Of text that somebody may have put into a workflow's inputs."""
    assert main(["gate", "::set-env name=a::b\n::x"], {"GITHUB_ACTIONS": "true"}) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line[:8] for line in lines if line.lstrip().startswith("::")] == ["::error "]
