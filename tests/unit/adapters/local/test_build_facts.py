"""What this machine tells of a build, and what it keeps for itself."""

from __future__ import annotations

import hashlib
import os
import platform
import time
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal import __version__
from counterseal.adapters.local.build_facts import LocalBuildFacts
from counterseal.adapters.local.secret_values import MAX_VALUE, REDACTED, redact
from counterseal.errors import UsageError
from counterseal.formats import wire
from counterseal.formats.inputs import matrix
from counterseal.model import Redaction

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Any:
    (tmp_path / "uv.lock").write_bytes(b"version = 1\n")
    (tmp_path / "go.sum").write_bytes(b"")
    (tmp_path / "other.lock").write_bytes(b"")
    return tmp_path


def wheel(
    path: Path,
    name: str = "app-1.2.0.dist-info/WHEEL",
    text: str = "Wheel-Version: 1.0\nGenerator: hatchling 1.33.0\n",
) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, text)
    return path


def test_lock_files_tools_and_platform_are_found(project: Path) -> None:
    facts = LocalBuildFacts({"SOURCE_DATE_EPOCH": "1700000000", "ImageOS": "ubuntu24"}).collect([project], [])
    assert facts.lock_files == {
        "go.sum": hashlib.sha256(b"").hexdigest(),
        "uv.lock": hashlib.sha256(b"version = 1\n").hexdigest(),
    }
    assert facts.tools["python"] == platform.python_version()
    assert facts.tools["counterseal"] == __version__
    assert facts.platform["os"] == platform.system()
    assert facts.platform["ImageOS"] == "ubuntu24"
    assert facts.epoch == 1700000000


def test_lock_files_of_several_projects_have_paths_relative_to_the_first(project: Path) -> None:
    for name in ("app", "app/inner", "web"):
        (project / name).mkdir()
        (project / name / "package-lock.json").write_text(name)
    facts = LocalBuildFacts({}).collect([project / "app", project / "app" / "inner", project / "web"], [])
    assert facts.lock_files == {
        "package-lock.json": hashlib.sha256(b"app").hexdigest(),
        "inner/package-lock.json": hashlib.sha256(b"app/inner").hexdigest(),
        "../web/package-lock.json": hashlib.sha256(b"web").hexdigest(),
    }


def test_paths_of_lock_files_tell_what_the_policy_allows(project: Path) -> None:
    for name in ("app", "skunkworks"):
        (project / name).mkdir()
        (project / name / "go.sum").write_text(name)
    facts = LocalBuildFacts({}, Redaction(paths=("skunkworks",))).collect([project / "app", project / "skunkworks"], [])
    assert list(facts.lock_files) == ["go.sum", "../redacted-1/go.sum"]


def test_only_the_variables_of_the_allow_list_are_kept(project: Path) -> None:
    secret = "ghp_" + "a" * 36
    environment = {"TZ": "UTC", "LANG": "C.UTF-8", "GITHUB_TOKEN": secret, "HOME": "/home/x", "PATH": "/bin"}
    facts = LocalBuildFacts(environment).collect([project], [])
    assert facts.variables == {"TZ": "UTC", "LANG": "C.UTF-8"}
    assert secret.encode() not in wire.canonical(matrix.build(facts, "0" * 40))


@pytest.mark.parametrize(
    "text",
    [
        "ghp_" + "a" * 36,
        "x ghs_" + "A1" * 18,
        "github_pat_" + "a" * 60,
        "glpat-" + "a" * 20,
        "glptt-" + "b" * 40,
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwcyJ9.sig",
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "-----BEGIN PRIVATE KEY-----",
        "https://user:hunter2@forge.example/x",
        "password=hunter2",
    ],
)
def test_secrets_of_known_looks_are_redacted(text: str) -> None:
    shown = redact(text)
    assert REDACTED in shown
    for part in ("aaaa", "A1A1", "hunter2", "bbbb", "eyJ", "ABCDEFG", "BEGIN"):
        assert part not in shown


@given(st.text(max_size=400))
def test_redacted_text_is_short_and_printable(text: str) -> None:
    shown = redact(text)
    assert len(shown) <= MAX_VALUE
    assert shown.isprintable()


@pytest.mark.parametrize(
    "text", ["eyJ" * 22_000, "eyJaaaaaaaaaa." * 5_000, "gh" * 33_000, "password" * 8_000 + " " * 9_000, "://" * 22_000]
)
def test_a_long_text_is_redacted_at_once(text: str) -> None:
    start = time.perf_counter()
    redact(text)
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize("before", range(2000, 2060, 7))
def test_no_secret_is_cut_in_half_before_it_is_known(before: int) -> None:
    secret = "ghp_" + "a" * 36
    filler = (f"{secret} " * 60)[:before]
    assert "aaaa" not in redact(filler + " " + secret + " x" * 3000)


@pytest.mark.parametrize("name", ["uv.lock", "yarn.lock", "go.sum"])
def test_a_lock_that_is_no_plain_file_is_named(project: Path, name: str) -> None:
    (project / name).unlink(missing_ok=True)
    os.mkfifo(project / name)
    with pytest.raises(UsageError, match=f"{name} is a pipe"):
        LocalBuildFacts({}).collect([project], [])


def test_a_wheel_that_is_a_pipe_says_nothing(project: Path) -> None:
    os.mkfifo(project / "app-1-py3-none-any.whl")
    facts = LocalBuildFacts({}).collect([project], [project / "app-1-py3-none-any.whl"])
    assert not [key for key in facts.tools if key.startswith("generator")]


def test_a_value_is_redacted_also_in_the_allow_list(project: Path) -> None:
    facts = LocalBuildFacts({"LANG": "ghp_" + "a" * 36}).collect([project], [])
    assert facts.variables == {"LANG": "redacted-1"}


def test_a_wheel_says_what_made_it(project: Path) -> None:
    good = wheel(project / "app-1.2.0-py3-none-any.whl")
    facts = LocalBuildFacts({}).collect([project], [good, project / "uv.lock"])
    assert facts.tools["generator of app-1.2.0-py3-none-any.whl"] == "hatchling 1.33.0"


def test_a_wheel_that_is_none_says_nothing(project: Path) -> None:
    odd = project / "odd-1-py3-none-any.whl"
    odd.write_bytes(b"no zip")
    empty = wheel(project / "empty-1-py3-none-any.whl", name="other")
    mute = wheel(project / "mute-1-py3-none-any.whl", text="\xff Wheel")
    facts = LocalBuildFacts({}).collect([project], [odd, empty, mute, project / "gone.whl"])
    assert not [key for key in facts.tools if key.startswith("generator")]


def test_a_wheel_cannot_fill_the_memory(project: Path) -> None:
    bomb = wheel(project / "bomb-1-py3-none-any.whl", text="Generator: x\n" + "\0" * (50 << 20))
    assert LocalBuildFacts({}).collect([project], [bomb]).tools["generator of bomb-1-py3-none-any.whl"] == "x"


@pytest.mark.parametrize("text", ["soon", "-1", "1.5", "1" * 12, "١"])
def test_an_epoch_that_is_no_number_is_refused(project: Path, text: str) -> None:
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
        LocalBuildFacts({"SOURCE_DATE_EPOCH": text}).collect([project], [])


def test_no_epoch_is_none(project: Path) -> None:
    assert LocalBuildFacts({}).collect([project], []).epoch is None


def test_a_symlinked_lock_is_refused(project: Path) -> None:
    (project / "pylock.toml").symlink_to("uv.lock")
    with pytest.raises(UsageError, match=r"pylock\.toml is a symlink"):
        LocalBuildFacts({}).collect([project], [])
