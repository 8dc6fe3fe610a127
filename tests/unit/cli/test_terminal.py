"""Colour and progress: on a terminal, with FORCE_COLOR, never with NO_COLOR or in CI; what is piped stays as it is."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from counterseal.cli import showing
from counterseal.cli.main import main
from counterseal.render import Report
from counterseal.render.reports import completion, trust
from counterseal.render.reports import log as ledger
from counterseal.render.reports import policy as policies
from counterseal.wiring import Surroundings
from counterseal_sandbox.client import SandboxClient
from counterseal_sandbox.demo import world as demo_world
from counterseal_sandbox.demo.site import GitHubSite

if TYPE_CHECKING:
    from pathlib import Path

ESCAPE = "\x1b"
SLOW = """
import sys, time
from types import SimpleNamespace
from counterseal.cli.showing import progress
from counterseal.wiring import Surroundings
with progress(SimpleNamespace(quiet="--quiet" in sys.argv), Surroundings()) as tell:
    for number in range(3):
        tell("verifying \\x1b[31m[bold]app.whl", number, 3)
        time.sleep(float(sys.argv[1]))
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "policy.yml"
    file.write_text(demo_world.policy_text(GitHubSite(SandboxClient("http://127.0.0.1:1")), 701), encoding="utf-8")
    return file


def on_terminal(*arguments: str, **variables: str) -> tuple[int, str]:
    """Return exit code and what a process writes whose stdout and stderr are a terminal."""
    reader, terminal = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm", **variables}
    command = [sys.executable, "-I", *arguments]
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=environment) as started:
        os.close(terminal)
        shown = b""
        while piece := _read(reader):
            shown += piece
        code = started.wait(60)
    os.close(reader)
    return code, shown.decode().replace("\r\n", "\n")


def _read(reader: int) -> bytes:
    try:
        return os.read(reader, 1 << 16)
    except OSError:  # so Linux says that nobody has the terminal open any more
        return b""


def piped(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm", **variables}
    command = [sys.executable, "-I", "-m", "counterseal", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def bare(shown: str) -> str:
    """Return text without colour."""
    parts = shown.split(ESCAPE + "[")
    return parts[0] + "".join(part.partition("m")[2] for part in parts[1:])


def test_a_terminal_gets_colour_and_the_same_words(policy: Path) -> None:
    call = ("policy", "check", str(policy))
    plain = piped(*call)
    assert (plain.returncode, plain.stderr) == (0, "")
    code, shown = on_terminal("-m", "counterseal", *call)
    assert code == 0
    assert shown.startswith(f"{ESCAPE}[1;32mpolicy OK{ESCAPE}[0m: ")
    assert bare(shown) == plain.stdout
    assert ESCAPE not in plain.stdout


@pytest.mark.parametrize(
    "variables",
    [
        {"NO_COLOR": "1"},
        {"NO_COLOR": "0", "FORCE_COLOR": "1"},
        {"CI": "true"},
        {"GITHUB_ACTIONS": "true", "FORCE_COLOR": "1"},
        {"GITLAB_CI": "true", "FORCE_COLOR": "1"},
        {"TERM": "dumb"},
    ],
    ids=str,
)
def test_a_terminal_without_colour(policy: Path, variables: dict[str, str]) -> None:
    for call in (("policy", "check", str(policy)), ("policy", "burn")):
        code, shown = on_terminal("-m", "counterseal", *call, **variables)
        plain = piped(*call, **variables)
        assert (code, shown) == (plain.returncode, plain.stdout + plain.stderr)
        assert ESCAPE not in shown


def test_an_empty_no_color_is_none(policy: Path) -> None:
    assert ESCAPE in on_terminal("-m", "counterseal", "policy", "check", str(policy), NO_COLOR="")[1]


def test_an_error_on_a_terminal() -> None:
    code, shown = on_terminal("-m", "counterseal", "gat")
    assert code == 2
    assert shown.startswith(f"{ESCAPE}[1;31merror{ESCAPE}[0m: no verb 'gat'\n")
    assert f"{ESCAPE}[1;36mfix{ESCAPE}[0m: did you mean gate?\n" in shown


def test_color_can_be_forced_into_a_pipe(policy: Path) -> None:
    call = ("policy", "check", str(policy))
    forced = piped(*call, FORCE_COLOR="1")
    assert ESCAPE in forced.stdout
    assert bare(forced.stdout) == piped(*call).stdout
    assert ESCAPE in piped("gat", FORCE_COLOR="1").stderr
    assert piped(*call, "--format", "json", FORCE_COLOR="1").stdout == piped(*call, "--format", "json").stdout


def test_what_is_for_a_program_has_no_colour_anywhere(capsys: pytest.CaptureFixture[str]) -> None:
    forced = Surroundings({"FORCE_COLOR": "1"})
    for verbatim in (True, False):
        showing.show(Report("error: x", {}, verbatim=verbatim), "text", forced)
        assert (capsys.readouterr().out == "error: x\n") is verbatim


@pytest.mark.parametrize(
    "report",
    [
        completion.report("bash", "x"),
        ledger.proof(b"{}"),
        policies.ledger_id("github.com/777/x"),
        trust.report({"sandbox": False, "issuers": {}, "released": [], "withdrawn": []}, b"{}"),
    ],
)
def test_these_are_for_programs(report: Report) -> None:
    assert report.verbatim


def test_what_somebody_named_a_file_acts_on_no_terminal(tmp_path: Path) -> None:
    name = tmp_path / "a[bold]b\x1b[31m:smile:.yml"
    _, shown = on_terminal("-m", "counterseal", "policy", "check", str(name))
    assert "a[bold]b" in shown
    assert ":smile:" in shown
    assert f"{ESCAPE}[31m" not in shown


def test_piped_output_imports_no_rich(policy: Path) -> None:
    code = "import sys; from counterseal.cli.main import main; main(); print('rich' in sys.modules, file=sys.stderr)"
    command = [sys.executable, "-I", "-c", code, "policy", "check", str(policy)]
    done = subprocess.run(command, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True)
    assert done.stderr == "False\n"


# --- progress ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_long_work_tells_how_far_it_is_and_takes_it_back() -> None:
    code, shown = on_terminal("-c", SLOW, "0.6")
    assert code == 0
    assert "2/3" in shown
    assert "[bold]app.whl" in shown
    assert f"{ESCAPE}[31m" not in shown
    assert shown.rstrip().endswith(f"{ESCAPE}[2K")  # the line is wiped


def test_short_work_says_nothing() -> None:
    assert on_terminal("-c", SLOW, "0") == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"CI": "true"}, {"TERM": "dumb"}], ids=str)
def test_where_there_is_no_colour_there_is_no_progress(variables: dict[str, str]) -> None:
    assert on_terminal("-c", SLOW, "0.5", **variables) == (0, "")


@pytest.mark.slow
def test_quiet_work_says_nothing() -> None:
    assert on_terminal("-c", SLOW, "0.5", "--quiet") == (0, "")


def test_piped_work_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with showing.progress(SimpleNamespace(quiet=False), Surroundings({"FORCE_COLOR": "1"})) as tell:
        tell("verifying", 1, 2)
    assert capsys.readouterr() == ("", "")


# --- quiet ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("quiet", [False, True])
def test_quiet_leaves_out_warnings_and_no_error(quiet: bool, capsys: pytest.CaptureFixture[str]) -> None:
    report = Report("denied", {}, errors=(("rule", "violated"),), warnings=("look here",))
    showing.show(report, "text", Surroundings({"GITHUB_ACTIONS": "true"}), quiet=quiet)
    out, err = capsys.readouterr()
    assert out == "denied\n"
    assert err == ("" if quiet else "warning: look here\n") + "::error title=rule::violated\n"


@pytest.mark.parametrize("quiet", [False, True])
def test_quiet_leaves_out_what_a_job_report_cannot_hold(
    quiet: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job = Surroundings({"GITLAB_CI": "true", "COUNTERSEAL_DOTENV": str(tmp_path / "report")})
    showing.show(Report("well", {}, outputs={"path": "a b"}), "text", job, quiet=quiet)
    assert ("the output path is left out" in capsys.readouterr().err) is not quiet


@pytest.mark.parametrize(
    ("arguments", "variables"), [(["-q"], {}), (["--quiet"], {}), ([], {"COUNTERSEAL_QUIET": "1"})]
)
def test_quiet_still_says_what_went_wrong(
    arguments: list[str], variables: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["policy", "check", "nowhere.yml", *arguments], variables) == 2
    assert capsys.readouterr().err.startswith("error: no policy nowhere.yml\n")
