"""What a command wrote is found by the inode's time, and looked at within bounds."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from counterseal.adapters.local.secret_values import Published
from counterseal.adapters.observing import written
from counterseal.adapters.observing.written import Looking
from counterseal.model import Redaction, Wrote

WORDS = Published({}, Redaction())


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def wrote(script: str, *roots: str, words: Published = WORDS) -> Wrote:
    looking = Looking([Path(root) for root in roots or (".",)], Path("counterseal-out"))
    subprocess.run([sys.executable, "-c", f"import os, shutil, pathlib as p\n{script}"], check=True)
    return looking.wrote(words)


def names(found: Wrote) -> list[str]:
    return [each.path for each in found.files]


def test_what_is_new_changed_or_moved_is_found_and_nothing_else(here: Path) -> None:
    for name in ("old", "changed", "same-time", "away"):
        (here / name).write_text(name)
    found = wrote(
        "p.Path('changed').write_text('x'); os.makedirs('a/b'); p.Path('a/b/new').write_text('new')\n"
        "p.Path('same-time').write_text('other'); os.utime('same-time', (1, 1)); os.rename('away', 'moved')\n"
        "os.symlink('/etc/hostname', 'link'); os.mkfifo('pipe'); os.symlink('a', 'folder-link')\n"
        "os.makedirs('.git'); p.Path('.git/x').write_text('x')\n"
        "os.makedirs('counterseal-out'); p.Path('counterseal-out/x').write_text('x')"
    )
    assert names(found) == ["a/b/new", "changed", "moved", "same-time"]
    assert (found.count, found.complete) == (4, True)
    assert found.files[0].digest.sha256 == hashlib.sha256(b"new").hexdigest()
    assert found.files[0].size == 3


def test_only_what_is_named_is_looked_at(here: Path) -> None:
    script = (
        "os.mkdir('dist'); p.Path('dist/a').write_text('a'); p.Path('b').write_text('b'); p.Path('c').write_text('c')"
    )
    assert names(wrote(script, "dist", "b", "absent", "/proc/self/status")) == ["b", "dist/a"]
    assert str(here)


def test_files_outside_are_named_whole(here: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    assert names(wrote(f"p.Path('{other}/x').write_text('x')", str(other))) == [f"{other}/x"]
    assert here != other


def test_a_flood_of_files_is_bounded(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written, "MAX_SEEN", 1000)
    found = wrote("os.mkdir('d')\nfor n in range(3000): open(f'd/{n:05}', 'w').close()")
    assert len(found.files) == written.MAX_LISTED
    assert found.count < 1000
    assert not found.complete
    monkeypatch.setattr(written, "MAX_SEEN", 10_000)
    found = wrote("for n in range(3000): p.Path(f'd/{n:05}').write_text('again')")
    assert (found.count, found.complete, names(found)[:2]) == (3000, False, ["d/00000", "d/00001"])


@pytest.mark.slow
def test_more_files_than_are_looked_at_take_seconds(here: Path) -> None:
    """However many lie there, no more are looked at, and few are read."""
    looking = Looking([Path()], Path("counterseal-out"))
    for folder in (here / f"d{number}" for number in range(31)):
        folder.mkdir()
        (folder / "one").write_text("x")
        for number in range(10_000):
            os.link(folder / "one", folder / f"{number:05}")
    began = time.monotonic()
    found = looking.wrote(WORDS)
    assert time.monotonic() - began < 30
    assert not found.complete
    assert len(found.files) == written.MAX_LISTED


def test_too_large_a_file_is_counted_and_not_read(here: Path) -> None:
    began = time.monotonic()
    found = wrote("f = open('sparse', 'wb'); f.truncate(1 << 42); f.close(); p.Path('z').write_text('z')")
    assert time.monotonic() - began < 10
    assert (names(found), found.count, found.complete) == (["z"], 2, False)
    assert here.exists()


def test_what_still_changes_is_not_listed(here: Path) -> None:
    looking = Looking([Path()], Path("counterseal-out"))
    (here / "log").write_bytes(b"x" * (64 << 20))
    going, stop = threading.Event(), threading.Event()

    def append() -> None:
        with (here / "log").open("ab", buffering=0) as stream:
            while not stop.is_set():
                stream.write(b"x")
                going.set()

    writer = threading.Thread(target=append)
    writer.start()
    going.wait(10)
    try:
        found = looking.wrote(WORDS)
    finally:
        stop.set()
        writer.join()
    assert (names(found), found.count, found.complete) == ([], 1, False)


def test_a_swapped_link_and_odd_names_do_no_harm(here: Path) -> None:
    found = wrote(
        "p.Path(b'\\xff\\xfe\\n'.decode('utf-8', 'surrogateescape')).write_text('x')\n"
        "p.Path('n' * 250).write_text('x')\n"
        "p.Path('\\u202eevil').write_text('x'); p.Path('token=ghp_' + 'a' * 36).write_text('x')"
    )
    assert len(found.files) == 3
    assert not found.complete
    assert all(name.isprintable() and "ghp_" not in name for name in names(found))
    assert here.exists()
