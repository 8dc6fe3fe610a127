"""What of a clone is committed, and that looking writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests import clones

from counterseal.adapters.git.clone import GitClone
from counterseal.forges import ForgeKind

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return clones.make(tmp_path / "app", ForgeKind.GITHUB)


def test_a_file_as_it_was_committed_last(clone: Path) -> None:
    (clone / "README.md").write_text("new")
    (clone / "run").write_text("#!/bin/sh\n")
    (clone / "run").chmod(0o755)
    (clone / "link").symlink_to("run")
    clones.git(clone, "add", "run", "link")
    found = GitClone(clone / "src")
    assert found.committed("README.md") == (clones.EXAMPLE / "README.md").read_bytes()
    assert found.committed("run") is None
    clones.commit(clone)
    assert found.committed("README.md") == b"new"
    assert found.committed("run") == b"#!/bin/sh\n"
    for path in ("link", "src", "none", "../app/run", ""):
        assert found.committed(path) is None


def test_whether_anything_is_not_committed(clone: Path) -> None:
    found, index = GitClone(clone), (clone / ".git" / "index").read_bytes()
    (clone / "README.md").touch()
    assert not found.changed()
    (clone / "new").write_text("")
    assert found.changed()
    assert (clone / ".git" / "index").read_bytes() == index
    clones.commit(clone)
    assert not found.changed()


def test_a_clone_without_a_commit_has_nothing(tmp_path: Path) -> None:
    clones.git(tmp_path, "init", "-q")
    assert GitClone(tmp_path).committed("README.md") is None
