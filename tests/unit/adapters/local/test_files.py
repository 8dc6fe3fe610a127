"""What is collected from a workspace, and what is refused."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from counterseal.adapters.local.files import WorkspaceFiles
from counterseal.errors import CountersealError, FormatError, UsageError


@pytest.fixture
def workspace(tmp_path: Path) -> Any:
    place = tmp_path / "work"
    (place / "dist").mkdir(parents=True)
    (place / "dist" / "app-1.2.0.whl").write_bytes(b"wheel")
    (place / "dist" / "app-1.2.0.tar.gz").write_bytes(b"sdist")
    (place / "dist" / ".gitignore").write_bytes(b"*")
    return place


def names(workspace: Path, *patterns: str) -> Any:
    return [each.name for _, each in WorkspaceFiles(workspace).collect(patterns)]


def refused(workspace: Path, *patterns: str) -> Any:
    with pytest.raises(CountersealError) as caught:
        WorkspaceFiles(workspace).collect(patterns)
    assert caught.value.why or caught.value.fix
    return str(caught.value)


def test_files_come_with_their_digests_in_the_order_of_names(workspace: Path) -> None:
    found = WorkspaceFiles(workspace).collect(["dist/*"])
    assert [(path.name, each.name, each.digest) for path, each in found] == [
        (name, name, hashlib.sha256(content).hexdigest())
        for name, content in (("app-1.2.0.tar.gz", b"sdist"), ("app-1.2.0.whl", b"wheel"))
    ]
    assert all(path.is_absolute() for path, _ in found)


@pytest.mark.parametrize(
    "patterns",
    [
        ["dist/app-1.2.0.whl", "dist/*.whl"],
        ["dist/*.whl", "./dist/app-1.2.0.whl"],
        ["dist//app-1.2.0.whl"],
        ["**/*.whl"],
        ["d*/*.wh?"],
    ],
)
def test_a_file_given_twice_counts_once(workspace: Path, patterns: list[str]) -> None:
    assert names(workspace, *patterns) == ["app-1.2.0.whl"]


def test_absolute_paths_below_the_workspace_are_taken_also_through_a_symlinked_workspace(
    workspace: Path, tmp_path: Path
) -> None:
    assert names(workspace, str(workspace / "dist" / "*.whl")) == ["app-1.2.0.whl"]
    (tmp_path / "link").symlink_to(workspace)
    assert names(tmp_path / "link", str(tmp_path / "link" / "dist" / "app-1.2.0.whl")) == ["app-1.2.0.whl"]


def test_recursive_globs_pass_over_folders_and_hidden_files(workspace: Path) -> None:
    (workspace / "dist" / "deep" / ".cache").mkdir(parents=True)
    (workspace / "dist" / "deep" / ".cache" / "x").write_bytes(b"x")
    (workspace / "dist" / "deep" / "y.zip").write_bytes(b"y")
    assert names(workspace, "dist/**/*") == ["app-1.2.0.tar.gz", "app-1.2.0.whl", "y.zip"]


def test_a_glob_that_matches_nothing_says_what_is_there(workspace: Path) -> None:
    text = refused(workspace, "dist/*.zip")
    assert "'dist/*.zip' matches no file" in text
    assert "'dist' holds '.gitignore', 'app-1.2.0.tar.gz', 'app-1.2.0.whl'" in text
    text = refused(workspace, "dits/*")
    assert "there is no folder 'dits'; the workspace holds 'dist'; did you mean 'dist'?" in text
    assert "did you mean 'app-1.2.0.whl'?" in refused(workspace, "dist/app-1.2.0.wheel")


@pytest.mark.parametrize(
    "pattern", ["../work/dist/*", "/etc/passwd", "dist/../../x", "", ".", "a\0b", "dist/../dist/*"]
)
def test_nothing_outside_the_workspace_is_named(workspace: Path, pattern: str) -> None:
    assert "workspace" in refused(workspace, pattern) or not pattern or "\0" in pattern


def test_symlinks_are_refused_wherever_they_stand(workspace: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.zip").write_bytes(b"secret")
    (workspace / "dist" / "link.zip").symlink_to(outside / "secret.zip")
    (workspace / "there").symlink_to(outside)
    (workspace / "inside").symlink_to("dist")
    (workspace / "loop").symlink_to("loop")
    for pattern in ("dist/link.zip", "dist/*.zip", "there/secret.zip", "there/*", "inside/*.whl", "loop", "loop/*"):
        text = refused(workspace, pattern)
        assert "symlink" in text or "matches no file" in text, pattern
    assert "points to" in refused(workspace, "there/secret.zip")
    assert refused(workspace, "there/secret.zip").startswith("there/secret.zip is behind a symlink")


def test_folders_and_special_files_are_refused(workspace: Path) -> None:
    assert "'dist/*'" in refused(workspace, "dist")
    (workspace / "dist" / "sub").mkdir()
    assert "dist/sub is a folder" in refused(workspace, "dist/*")
    (workspace / "dist" / "sub").rmdir()
    os.mkfifo(workspace / "dist" / "pipe")
    assert "not a regular file" in refused(workspace, "dist/*")


def test_content_that_could_be_an_attestation_is_refused(workspace: Path) -> None:
    (workspace / "dist" / "evil.bin").write_bytes(b"DSSEv1 28 application/vnd.in-toto+json 2 {}")
    assert "begins with 'DSSEv1 '" in refused(workspace, "dist/*")
    (workspace / "dist" / "evil.bin").write_bytes(b"DSSEv1")
    assert "evil.bin" in names(workspace, "dist/*")


def test_empty_files_refused_names_and_double_names_are_refused(workspace: Path) -> None:
    (workspace / "dist" / "my app.zip").write_bytes(b"x")
    assert "GitHub would rename it" in refused(workspace, "dist/*")
    (workspace / "dist" / "my app.zip").unlink()
    (workspace / "dist" / "empty.zip").touch()
    assert "empty.zip is empty" in refused(workspace, "dist/*")
    (workspace / "dist" / "empty.zip").unlink()
    (workspace / "other").mkdir()
    (workspace / "other" / "app-1.2.0.whl").write_bytes(b"another wheel")
    assert "two files are called app-1.2.0.whl" in refused(workspace, "dist/*", "other/*")
    assert "nothing to sign" in refused(workspace)


def test_unreadable_and_missing_files_are_named(workspace: Path) -> None:
    assert "there is no file dist/gone.whl" in refused(workspace, "dist/gone.whl")
    assert "there is no file dist/app-1.2.0.whl/x" in refused(workspace, "dist/app-1.2.0.whl/x")
    text = refused(workspace, "dist/a\x1b[2Jb")
    assert "\x1b" not in text


# --- SHA256SUMS


def listed(workspace: Path, text: str, *patterns: str) -> Any:
    (workspace / "dist" / "SHA256SUMS").write_text(text)
    return names(workspace, *(patterns or ["dist/SHA256SUMS"]))


def test_a_checksum_list_names_the_files_and_is_none_itself(workspace: Path) -> None:
    wheel = hashlib.sha256(b"wheel").hexdigest()
    assert listed(workspace, f"{wheel}  app-1.2.0.whl\n") == ["app-1.2.0.whl"]
    assert listed(workspace, f"{wheel.upper()} *./app-1.2.0.whl\n") == ["app-1.2.0.whl"]
    assert listed(workspace, f"{wheel}  app-1.2.0.whl\n", "dist/*") == ["app-1.2.0.tar.gz", "app-1.2.0.whl"]


def test_a_file_that_is_not_as_listed_is_refused(workspace: Path) -> None:
    wheel = hashlib.sha256(b"wheel").hexdigest()
    with pytest.raises(UsageError, match="is not what dist/SHA256SUMS says") as caught:
        listed(workspace, f"{'0' * 64}  app-1.2.0.whl\n")
    assert wheel in caught.value.why
    assert "0" * 64 in caught.value.why
    with pytest.raises(UsageError, match="there is no file dist/gone"):
        listed(workspace, f"{wheel}  gone\n")
    with pytest.raises(FormatError, match="SHA256SUMS:1"):
        listed(workspace, "app-1.2.0.whl\n")
    for path in ("../../outside", "/etc/passwd"):
        with pytest.raises(UsageError):
            listed(workspace, f"{wheel}  {path}\n")


def test_a_checksum_list_behind_a_symlink_is_refused(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "list").write_text(f"{hashlib.sha256(b'wheel').hexdigest()}  app-1.2.0.whl\n")
    (workspace / "dist" / "SHA256SUMS").symlink_to(tmp_path / "list")
    assert "symlink" in refused(workspace, "dist/SHA256SUMS")


def test_the_workspace_may_be_the_current_folder(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace)
    assert [each.name for _, each in WorkspaceFiles(Path()).collect(["dist/*.whl"])] == ["app-1.2.0.whl"]
