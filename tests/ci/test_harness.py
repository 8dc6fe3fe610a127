"""What the tests of this folder stand on: the tree that they give to others is the one that others would get."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.ci import newcomer

if TYPE_CHECKING:
    from pathlib import Path


def test_only_what_is_committed_is_exported(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "kept").write_text("committed\n")
    (source / "program").write_text("#!/bin/sh\n")
    (source / "program").chmod(0o755)
    (source / "link").symlink_to("kept")
    (source / ".gitignore").write_text("ignored\n")
    newcomer.commit(source)
    (source / "kept").write_text("not committed\n")
    for name in ("unknown", "ignored", "added"):
        (source / name).write_text("nobody has this\n")
    newcomer.git(source, "add", "added")
    made = newcomer.export(tmp_path / "made", source)
    listed = newcomer.git(made.folder, "ls-tree", "-r", "--format=%(objectmode) %(path)", made.sha).splitlines()
    assert listed == ["100644 .gitignore", "100644 kept", "120000 link", "100755 program"]
    assert (made.folder / "kept").read_text() == "committed\n"
    assert newcomer.git(made.folder, "rev-parse", "HEAD^{tree}") == newcomer.git(source, "rev-parse", "HEAD^{tree}")
