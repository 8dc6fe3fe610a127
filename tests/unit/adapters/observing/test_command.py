"""A watched command runs as if nobody watched: words, environment, streams, exit code, signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from counterseal.adapters.observing import command
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

OBSERVE = (sys.executable, "-m", "counterseal", "observe", "--wrote", "dist", "--")
PYTHON = (sys.executable, "-c")


def observe(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*OBSERVE, *words], cwd=folder, env=settings(**environment), capture_output=True, check=False, input=b"typed"
    )


def settings(**more: str) -> dict[str, str]:
    # no tool to be asked: this is about the command
    return {"PATH": "/nowhere", "PYTHONPATH": os.pathsep.join(sys.path), **more}


def seen(folder: Path) -> dict[str, object]:
    document = json.loads((folder / "counterseal-out" / "build-observation.json").read_bytes())
    step: dict[str, object] = document["steps"][-1]
    return step


SAYS = """
import os, sys
sys.stdout.write("|".join([*sys.argv[1:], os.environ.get("OF_BUILD", ""), sys.stdin.read(), os.getcwd()]))
sys.stderr.write("to the side")
sys.exit(23)
"""


@pytest.mark.slow
def test_everything_passes_through(tmp_path: Path) -> None:
    done = observe(tmp_path, *PYTHON, SAYS, "$HOME", "a  b", "--wrote", "*", OF_BUILD="x")
    assert done.returncode == 23
    assert done.stdout.decode() == f"$HOME|a  b|--wrote|*|x|typed|{tmp_path}"
    assert done.stderr.startswith(b"to the side")
    assert (seen(tmp_path)["exit"], seen(tmp_path)["signal"]) == (23, None)


@pytest.mark.slow
def test_a_command_that_dies_by_a_signal_ends_as_a_shell_says_it(tmp_path: Path) -> None:
    done = observe(tmp_path, *PYTHON, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert done.returncode == 128 + signal.SIGKILL
    assert (seen(tmp_path)["exit"], seen(tmp_path)["signal"]) == (137, "SIGKILL")
    assert b"was ended by SIGKILL" in done.stderr


WAITS = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
open("ready", "w").close()
time.sleep(60)
"""


@pytest.mark.slow
def test_a_job_that_is_told_to_stop_tells_its_command_and_still_says_so(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*OBSERVE, *PYTHON, WAITS], cwd=tmp_path, env=settings(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    until = time.monotonic() + 30
    while not (tmp_path / "ready").exists() and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 7
    step = seen(tmp_path)
    assert (step["exit"], step["signal"]) == (7, None)
    assert step["wrote"] == {"files": [], "count": 0, "complete": False}


@pytest.mark.slow
def test_a_signal_to_the_whole_group_does_not_cut_short_what_is_said(tmp_path: Path) -> None:
    done = subprocess.run(
        ["timeout", "--signal=INT", "15", *OBSERVE, *PYTHON, "import time; time.sleep(60)"],
        cwd=tmp_path, env=settings(PATH=os.environ["PATH"]), capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 124
    assert seen(tmp_path)["signal"] == "SIGINT"


def test_signals_are_ours_again_afterwards(capfd: pytest.CaptureFixture[str]) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    ended = command.run([*PYTHON, "print('ran')"], {})
    assert (ended.code, ended.signal, ended.stopped) == (0, None, False)
    assert capfd.readouterr().out == "ran\n"
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)] == before


def test_what_cannot_be_started_is_a_wrong_call(tmp_path: Path) -> None:
    (tmp_path / "no-program").write_text("x")
    for words in (["no-such-program"], [str(tmp_path / "no-program")], [str(tmp_path)], ["a\0b"]):
        with pytest.raises(UsageError, match="cannot be started"):
            command.run(words, {"PATH": str(tmp_path)})


@pytest.mark.slow
def test_nothing_runs_where_no_observation_could_be_left(tmp_path: Path) -> None:
    touch = (*PYTHON, "open('it-ran', 'w')")
    (tmp_path / "counterseal-out").mkdir()
    place = tmp_path / "counterseal-out" / "build-observation.json"
    place.write_text('{"schema": "counterseal.observation/v1", "run": "1"}')
    assert observe(tmp_path, *touch, GITHUB_RUN_ID="1").returncode == 1
    place.unlink()
    place.symlink_to("/etc/hostname")
    assert observe(tmp_path, *touch).returncode == 2
    place.unlink()
    (tmp_path / "counterseal-out").rmdir()
    (tmp_path / "counterseal-out").symlink_to(tmp_path)
    assert observe(tmp_path, *touch).returncode == 2
    assert not (tmp_path / "it-ran").exists()


@pytest.mark.slow
def test_commands_of_one_run_stand_one_after_the_other_up_to_a_bound(tmp_path: Path) -> None:
    nothing = (*PYTHON, "")
    for number in range(2):
        assert observe(tmp_path, *nothing, GITHUB_RUN_ID="5", OF_BUILD=str(number)).returncode == 0
    place = tmp_path / "counterseal-out" / "build-observation.json"
    document = json.loads(place.read_bytes())
    assert (document["run"], len(document["steps"])) == ("5", 2)
    document["steps"] = document["steps"][:1] * 16
    place.write_text(json.dumps(document))
    refused = observe(tmp_path, *nothing, GITHUB_RUN_ID="5")
    assert refused.returncode == 2
    assert b"at most 16 are taken" in refused.stderr
    assert observe(tmp_path, *nothing, GITHUB_RUN_ID="6").returncode == 0
    document = json.loads(place.read_bytes())
    assert (document["run"], len(document["steps"])) == ("6", 1)
