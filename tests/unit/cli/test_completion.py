"""The scripts are what shells read, and their answers are verbs, options, values and paths; nothing else runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from counterseal.cli.main import main
from counterseal.cli.table import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Mapping

SHELLS = ("bash", "zsh", "fish")
HEAVY = ("sigstore", "github", "gitlab", "cyclonedx", "requests", "pydantic", "cryptography", "rich")
#: A bash that reads the script, and completes the words that it is given as a user's Tab would.
COMPLETE = """
eval "$(counterseal completion bash --format text)"
compopt() { printf 'paths: %s\\n' "$2"; }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_counterseal_completion counterseal
printf '%s\\n' "${COMPREPLY[@]}"
"""


def environment(**more: str) -> dict[str, str]:
    return {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", **more}


def completed(*words: str, folder: Path | None = None, **more: str) -> list[str]:
    """Return what bash offers for the last word."""
    command = ["bash", "-c", COMPLETE, "bash", *words]
    done = subprocess.run(
        command, env=environment(**more), cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


def script(shell: str, capsys: pytest.CaptureFixture[str], environ: Mapping[str, str]) -> str:
    assert main(["completion", shell], environ) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_calls_our_verb_and_reads_no_variable_of_clicks(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = script(shell, capsys, {"FORCE_COLOR": "1"})
    assert text.count(f"completion {shell} --answer") == 1
    assert "_COMPLETE=" not in text
    assert "%(" not in text
    assert "\x1b" not in text


def test_bash_takes_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    text = script("bash", capsys, {})
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_bash_completes() -> None:
    assert completed("counterseal", "") == [*(verb for verb in COMMANDS if " " not in verb), "help"]
    assert completed("counterseal", "--") == ["--help", "--version"]
    assert completed("counterseal", "p") == ["pack", "publish", "pin", "policy"]
    assert completed("counterseal", "request", "--v") == ["--valid-days", "--verbose"]
    assert completed("counterseal", "log", "") == ["list", "show", "verify", "prove"]
    assert completed("counterseal", "demo", "--forge", "gi") == ["github", "gitlab"]
    assert completed("counterseal", "sbom", "find", "--s") == ["--stage", "--since", "--sandbox"]


def test_bash_completes_paths_itself() -> None:
    assert completed("counterseal", "verify", "di") == ["paths: default", ""]
    assert completed("counterseal", "sbom", "--project", "") == ["paths: dirnames", ""]


def test_the_callers_variables_do_not_change_an_answer() -> None:
    assert completed("counterseal", "ga", COUNTERSEAL_FORMAT="json", FORCE_COLOR="1") == ["gate"]


def test_nothing_of_the_folder_runs(tmp_path: Path) -> None:
    for name in ("click.py", "counterseal.py", "sitecustomize.py"):
        (tmp_path / name).write_text("raise SystemExit('it ran')")
    (tmp_path / "counterseal").write_text("#!/bin/sh\necho it ran\n")
    (tmp_path / "counterseal").chmod(0o755)
    assert completed("counterseal", "gat", folder=tmp_path) == ["gate"]


@pytest.mark.parametrize(
    ("words", "answer", "verbs"),
    [
        ("request\n--sta", "plain,--stage", {"completion", "request"}),
        ("gat", "plain,gate", {"completion"}),
    ],
)
def test_an_answer_imports_no_more_than_it_needs(words: str, answer: str, verbs: set[str]) -> None:
    code = "import sys; from counterseal.cli.main import main; main(); print(*sys.modules, sep='\\n', file=sys.stderr)"
    command = [sys.executable, "-I", "-c", code, "completion", "bash", "--answer"]
    asked = environment(COMP_WORDS=f"counterseal\n{words}", COMP_CWORD=str(len(words.split())))
    done = subprocess.run(command, env=asked, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == f"{answer}\n"
    names = done.stderr.splitlines()
    assert {name.partition(".")[0] for name in names}.isdisjoint(HEAVY)
    folder = "counterseal.cli.verbs."
    assert {name.removeprefix(folder) for name in names if name.startswith(folder)} == verbs


@pytest.mark.parametrize("variable", ["_COUNTERSEAL_COMPLETE", "COUNTERSEAL_COMPLETE", "COUNTERSEAL_ANSWER"])
def test_no_variable_makes_another_verb_complete(variable: str) -> None:
    """In a gate that would be: decide nothing, and end well."""
    words = {"COMP_WORDS": "counterseal", "COMP_CWORD": "0", variable: "bash_complete"}
    command = [sys.executable, "-I", "-m", "counterseal", "gate"]
    done = subprocess.run(command, env=environment(**words), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert done.stdout == ""


def test_an_answer_without_a_question(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMP_WORDS", raising=False)
    assert main(["completion", "bash", "--answer"], {}) == 2
    assert capsys.readouterr().err.startswith("error: COMP_WORDS and COMP_CWORD do not say what to complete\n")


def test_another_shell(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "powershell"], {}) == 2
    assert "is not one of bash, zsh, fish" in capsys.readouterr().err
