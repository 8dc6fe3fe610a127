"""A fresh checkout has what was committed at the revision, and nothing else."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from counterseal.adapters.rebuild import files
from counterseal.adapters.rebuild.source import GitSource
from counterseal.errors import ServiceError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Alice", "-c", "user.email=alice@example.com")
    return subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text("print(1)\n")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "link").symlink_to("src/app.py")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "first")
    git(folder, "tag", "v1.0")
    return folder


def test_only_what_is_committed_is_checked_out(clone: Path, tmp_path: Path) -> None:
    first = git(clone, "rev-parse", "HEAD")
    (clone / "src" / "app.py").write_text("print('dirty')\n")
    (clone / "untracked").touch()
    source = GitSource(str(clone), None, tmp_path / "work")
    assert (source.uri, source.revision) == ("file:.", first)
    assert source.committed_at() == int(git(clone, "show", "-s", "--format=%ct"))
    place = tmp_path / "source"
    place.mkdir()
    source.check_out(place)
    assert sorted(path.name for path in place.iterdir()) == [".git", "link", "run.sh", "src"]
    assert (place / "src" / "app.py").read_text() == "print(1)\n"
    assert (place / "link").is_symlink()
    assert source.read("src/app.py") == b"print(1)\n"
    assert source.read("link") is None
    assert source.read("nothing") is None
    assert git(place, "status", "--porcelain") == ""
    assert git(place, "describe", "--tags") == "v1.0"


def test_a_hook_and_a_filter_of_the_clone_run_nothing(clone: Path, tmp_path: Path) -> None:
    hook = clone / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    git(clone, "config", "filter.x.smudge", f"touch {tmp_path}/ran; cat")
    (clone / ".gitattributes").write_text("*.py filter=x\n")
    git(clone, "add", ".gitattributes")
    git(clone, "commit", "--quiet", "--message", "attributes")
    (tmp_path / "ran").unlink(missing_ok=True)
    place = tmp_path / "source"
    place.mkdir()
    GitSource(str(clone), "main", tmp_path / "work").check_out(place)
    assert (place / "src" / "app.py").read_text() == "print(1)\n"
    assert not (tmp_path / "ran").exists()


def test_modes_and_ages_are_those_of_the_conditions(clone: Path, tmp_path: Path) -> None:
    place = tmp_path / "source"
    place.mkdir()
    GitSource(str(clone), None, tmp_path / "work").check_out(place)
    before = (place / "run.sh").stat().st_mtime
    files.settle(place, 0o027, 1000)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (place / "run.sh", place / "src", place / "src/app.py")}
    assert modes == {"run.sh": 0o750, "src": 0o750, "app.py": 0o640}
    assert (place / "run.sh").stat().st_mtime == pytest.approx(before - 1000)


def test_an_older_revision_is_built_as_it_was(clone: Path, tmp_path: Path) -> None:
    first = git(clone, "rev-parse", "HEAD")
    (clone / "later").touch()
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "--message", "second")
    place = tmp_path / "source"
    place.mkdir()
    GitSource(str(clone), first[:10], tmp_path / "work").check_out(place)
    assert not (place / "later").exists()


def test_a_submodule_is_refused(clone: Path, tmp_path: Path) -> None:
    git(clone, "update-index", "--add", "--cacheinfo", f"160000,{git(clone, 'rev-parse', 'HEAD')},vendor/lib")
    git(clone, "commit", "--quiet", "--message", "submodule")
    with pytest.raises(UsageError, match="has the submodule vendor/lib"):
        GitSource(str(clone), None, tmp_path / "work")


@pytest.mark.parametrize(
    ("where", "revision", "what"),
    [
        ("nowhere", None, "is no folder"),
        ("http://example.com/app", "0" * 40, "is not fetched"),
        ("ssh://git@example.com/app", "0" * 40, "more than a place"),
        ("https://user:token@example.com/app", "0" * 40, "more than a place"),
        ("https://example.com/app", None, "no full revision"),
        ("https://example.com/app", "main", "no full revision"),
        ("ext::sh -c touch% /tmp/x", None, "is no folder"),
        ("file:///etc", "0" * 40, "is not fetched"),
    ],
)
def test_what_is_no_source_is_refused(tmp_path: Path, where: str, revision: str | None, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        GitSource(where, revision, tmp_path / "work")
    assert not (tmp_path / "work").exists()


def test_a_folder_or_revision_that_is_none_is_refused(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="is not a git repository"):
        GitSource(str(tmp_path / "empty"), None, tmp_path / "work")
    with pytest.raises(UsageError, match="is no revision"):
        GitSource(str(clone), "--output=x", tmp_path / "work")


def test_an_address_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="could not be fetched"):
        GitSource("http://127.0.0.1:9/app", "0" * 40, tmp_path / "work")


# --- outputs ---------------------------------------------------------------------------------


def test_outputs_are_found_without_following_a_link(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "dist").mkdir(parents=True)
    for name in ("b.whl", "a.whl", "a.tar.gz"):
        (source / "dist" / name).touch()
    (source / "dist" / "sub.whl").mkdir()
    (source / "out").symlink_to("/etc")
    found = files.matching(source, ["dist/*.whl", "dist/*.tar.gz", "out/pass*", "*/a.whl"])
    assert [path.relative_to(source).as_posix() for path in found] == ["dist/a.tar.gz", "dist/a.whl", "dist/b.whl"]


def test_a_link_among_the_outputs_is_found_and_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "app.bin").symlink_to("secret")
    assert files.matching(tmp_path, ["app.bin"]) == [tmp_path / "app.bin"]
    with pytest.raises(UsageError, match="is a symlink"):
        files.digest(tmp_path / "app.bin")


def test_what_was_there_before_is_known_by_content(tmp_path: Path) -> None:
    (tmp_path / "cache" / "deep").mkdir(parents=True)
    (tmp_path / "cache" / "deep" / "blob").write_bytes(b"released")
    (tmp_path / "cache" / "loop").symlink_to(".")
    known = files.content_below([tmp_path / "cache"])
    assert known == {files.digest(tmp_path / "cache" / "deep" / "blob")}
