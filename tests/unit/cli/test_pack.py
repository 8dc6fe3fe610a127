"""`pack` as people call it: what it says, what it writes, and its exit codes."""

from __future__ import annotations

import hashlib
import json
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.adapters.archives.trees import grow

from counterseal.adapters.local.files import WorkspaceFiles
from counterseal.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

EPOCH = {"SOURCE_DATE_EPOCH": "1700000000"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(grow(tmp_path))
    return tmp_path


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*words: str, environ: dict[str, str] | None = None) -> tuple[int, str, str]:
        code = main(["pack", *words], environ or {})
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


def test_archives_and_their_list(here: Path, said: Any) -> None:
    code, out, err = said("bin", "README.md", "--to", "dist/app-1.tar.gz", "--to", "dist/app-1.zip", "--store")
    assert (code, err) == (0, "")
    digests = {
        name: hashlib.sha256((here / "dist" / name).read_bytes()).hexdigest() for name in ("app-1.tar.gz", "app-1.zip")
    }
    assert out.splitlines() == [
        "pack: 2 members · stored, without compression",
        f"  wrote dist/app-1.tar.gz · 10263 bytes · sha256:{digests['app-1.tar.gz']}",
        f"  wrote dist/app-1.zip · 224 bytes · sha256:{digests['app-1.zip']}",
        "  wrote dist/SHA256SUMS",
    ]
    listed = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
    assert (here / "dist/SHA256SUMS").read_text() == listed
    # what `sign` is given
    assert [subject.name for _, subject in WorkspaceFiles(here).collect(["dist/SHA256SUMS"])] == list(digests)


def test_a_list_that_is_there_keeps_its_other_lines(here: Path, said: Any) -> None:
    (here / "dist").mkdir()
    other = "0" * 64 + "  other.whl\n"
    (here / "dist/SHA256SUMS").write_text("1" * 64 + "  app-1.zip\n" + other)
    assert said("bin", "--to", "dist/app-1.zip")[0] == 0
    lines = (here / "dist/SHA256SUMS").read_text().splitlines(keepends=True)
    assert lines[1:] == [other]
    assert lines[0].startswith(hashlib.sha256((here / "dist/app-1.zip").read_bytes()).hexdigest())
    (here / "dist/SHA256SUMS").write_text("no list\n")
    code, _, err = said("bin", "--to", "dist/app-1.zip")
    assert code == 1
    assert "SHA256SUMS:1" in err


def test_prefix_and_folder(here: Path, said: Any) -> None:
    assert said(".", "--from", "lib", "--prefix", "app-1", "--to", "dist/x.tar.gz", environ=EPOCH)[0] == 0
    with tarfile.open(here / "dist/x.tar.gz") as tar:
        assert tar.getnames() == ["app-1/B.py", "app-1/a-b.py", "app-1/a.py", "app-1/ä.txt"]
        assert {member.mtime for member in tar} == {1_700_000_000}


def test_a_dry_run_writes_nothing_and_says_the_same_digest(here: Path, said: Any) -> None:
    words = ("lib", "--to", "dist/x.zip", "--format", "json")
    _, out, _ = said(*words, "--dry-run")
    assert not (here / "dist").exists()
    planned = json.loads(out)
    code, out, _ = said(*words)
    made = json.loads(out)
    assert code == 0
    assert planned["archives"] == made["archives"]
    assert (planned["dryRun"], made["dryRun"]) == (True, False)
    assert made["schema"] == "counterseal.pack/v1"
    assert set(made["archives"][0]) == {"path", "digest", "size", "contentDigest"}


def test_what_stands_in_the_files_is_warned_of(here: Path, said: Any) -> None:
    (here / "bin/tool").write_bytes(b"\x7fELF /home/me/tool/main.go\0")
    code, _, err = said("bin", "--to", "dist/x.tgz")
    assert code == 0
    assert "warning: paths of the build machine in Go programs: 1 found" in err
    assert "-trimpath" in err


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("bin",), "no --to"),
        (("bin", "--to", "dist/x.rar"), "'x.rar' is no kind that is known"),
        (("bin", "--to", "dist/x y.zip"), "'x y.zip' cannot be the name of a released file"),
        (("bin", "--to", "a/x.zip", "--to", "b/y.zip"), "the archives are not beside each other"),
        (("bin", "--to", "a/x.zip", "--to", "a/x.zip"), "the archives are not beside each other"),
        ((".", "--to", "dist/x.zip"), "x.zip would lie in what is packed"),
        (("bin", "--to", "dist/x.zip", "--check"), "--check makes no archive"),
        (("bin", "--to", "link/x.zip"), "link is a symlink"),
        (("bin", "--to", "dist/x.zip", "--from", "nowhere"), "there is no 'bin'"),
    ],
)
def test_calls_that_cannot_be_done(here: Path, said: Any, words: tuple[str, ...], what: str) -> None:
    (here / "link").symlink_to("lib")
    code, out, err = said(*words)
    assert (code, out) == (2, "")
    assert f"error: {what}" in err
    assert "why: " in err
    assert "fix: " in err
    assert not (here / "dist").exists()


def zipped(path: Path, name: str, moment: tuple[int, int, int, int, int, int], mode: int = 0o644) -> None:
    with zipfile.ZipFile(path, "a") as made:
        info = zipfile.ZipInfo(name, moment)
        info.external_attr = mode << 16
        made.writestr(info, b"x")


def test_a_check_in_every_form(here: Path, said: Any) -> None:
    zipped(here / "x.zip", "a", (2024, 1, 1, 0, 0, 0), 0o664)
    zipped(here / "x.zip", "::error::b\x1b[31m<b>@all", (2025, 1, 1, 0, 0, 0))
    assert said("bin", "--to", "dist/good.zip", "--store")[0] == 0
    code, out, err = said("--check", "x.zip", "dist/good.zip")
    assert (code, err) == (2, "")
    assert out.splitlines()[:5] == [
        "pack --check: x.zip · zip, 2 members · 3 of 3 found vary for sure",
        "  ✗ times from 2024-01-01 00:00:00 to 2025-01-01 00:00:00: 2 of 2 members",
        "      at: a (2024-01-01 00:00:00), ::error::b\\u001b[31m<b>@all (2025-01-01 00:00:00)",
        "      why: they come from the files or from the clock",
        out.splitlines()[4],
    ]
    assert out.splitlines()[-1] == "pack --check: dist/good.zip · zip, 1 member · nothing found"
    _, markdown, _ = said("--check", "x.zip", "--format", "markdown")
    assert "<b>" not in markdown
    assert "\x1b" not in markdown
    data = json.loads(said("--check", "x.zip", "--format", "json", environ=EPOCH)[1])
    assert (data["schema"], data["epoch"]) == ("counterseal.pack-check/v1", 1_700_000_000)
    (archive,) = data["archives"]
    assert [each["code"] for each in archive["findings"]] == ["times", "modes", "names-hidden"]
    assert set(archive["findings"][0]) == {"code", "certain", "what", "why", "fix", "count", "samples"}


def test_a_check_in_ci_annotates_what_varies(here: Path, said: Any) -> None:
    zipped(here / "x.zip", "a", (1980, 1, 1, 0, 0, 0), 0o600)
    code, _, err = said("--check", "x.zip", environ={"GITHUB_ACTIONS": "true"})
    assert code == 2
    assert err == "::error title=modes::x.zip: permissions that depend on the umask: 1 of 1 members\n"


def test_what_cannot_be_read_hides_nothing_else(here: Path, said: Any) -> None:
    zipped(here / "x.zip", "a", (1980, 1, 1, 0, 0, 0), 0o600)
    before = sorted(here.rglob("*"))
    code, out, _ = said("--check", "README.md", "x.zip", "nowhere.whl")
    assert code == 1
    assert "README.md could not be read" in out
    assert "permissions that depend on the umask" in out
    assert "nowhere.whl could not be read" in out
    assert sorted(here.rglob("*")) == before
    assert json.loads(said("--check", "README.md", "--format", "json")[1])["archives"][0]["error"]["why"]


def test_a_glob_names_archives(here: Path, said: Any) -> None:
    for name in ("x.zip", "y.zip"):
        zipped(here / name, "a", (1980, 1, 1, 0, 0, 0))
    archives = json.loads(said("--check", "*.zip", "--format", "json")[1])["archives"]
    assert [each["path"] for each in archives] == ["x.zip", "y.zip"]
    code, _, err = said("--check", "*.whl")
    assert code == 2
    assert "'*.whl' matches nothing" in err


def test_an_epoch_that_is_none(said: Any) -> None:
    code, _, err = said("bin", "--to", "dist/x.zip", environ={"SOURCE_DATE_EPOCH": "today"})
    assert code == 2
    assert "SOURCE_DATE_EPOCH='today'" in err
