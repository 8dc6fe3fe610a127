"""What is opened as a plain file, and what is refused, by its name and without waiting."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from counterseal import plain_file
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_plain_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert plain_file.read(tmp_path / "a", max_bytes=3) == b"abc"


def test_a_file_below_here_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pathlib import Path

    (tmp_path / "a").write_bytes(b"abc")
    monkeypatch.chdir(tmp_path)
    assert plain_file.read(Path("a"), max_bytes=3) == b"abc"


def test_size_is_known_before_anything_is_read(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(UsageError, match="a: 1099511627776 bytes are too many"):
        plain_file.read(tmp_path / "a", max_bytes=3)


def test_links_pipes_folders_and_devices_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"secret")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name, kind in (("link", "symlink"), ("loop", "symlink"), ("pipe", "pipe"), ("folder", "folder")):
        with pytest.raises(UsageError, match=f"{name} is a {kind}"):
            plain_file.read(tmp_path / name, max_bytes=99)
    from pathlib import Path

    with pytest.raises(UsageError, match="zero is a device"):
        plain_file.read(Path("/dev/zero"), max_bytes=99)


def test_a_linked_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a").write_bytes(b"secret")
    (tmp_path / "out").symlink_to("real", target_is_directory=True)
    with pytest.raises(UsageError, match="out is a symlink"):
        plain_file.read(tmp_path / "out" / "a", max_bytes=99)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "a", tmp_path / "none" / "a"):
        with pytest.raises(UsageError, match="a cannot be read"):
            plain_file.read(path, max_bytes=99)
