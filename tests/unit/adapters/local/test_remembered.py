"""What is kept for the user is there again, and whatever somebody did to it, the worst is that nothing is (R55)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from counterseal.adapters.local.remembered import FileMemory

if TYPE_CHECKING:
    from pathlib import Path

NAME = "0a" * 32
DATA = b"what was verified" * 100


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a user's folder in which something is kept."""
    memory(tmp_path).keep(DATA)
    return tmp_path


def memory(home: Path, name: str = NAME) -> FileMemory:
    return FileMemory(home / "cache" / "ledgers", name, home / "state")


def file_of(home: Path) -> Path:
    return home / "cache" / "ledgers" / NAME


def key_of(home: Path) -> Path:
    return home / "state" / "memory.key"


def test_what_was_kept_is_there_again(home: Path) -> None:
    assert memory(home).read() == DATA
    modes = {path.stat().st_mode & 0o777 for path in (file_of(home), key_of(home))}
    assert (modes, file_of(home).parent.stat().st_mode & 0o777) == ({0o600}, 0o700)
    assert len(list(file_of(home).parent.iterdir())) == 1, "a draft was left"


def test_what_is_kept_again_takes_the_place_of_what_was_there(home: Path) -> None:
    memory(home).keep(b"other")
    assert memory(home).read() == b"other"


def test_nothing_was_kept(tmp_path: Path) -> None:
    assert memory(tmp_path).read() is None


@pytest.mark.parametrize("place", [0, 31, 32, 500, -1])
def test_another_byte_and_it_is_not_what_was_kept(home: Path, place: int) -> None:
    written = bytearray(file_of(home).read_bytes())
    written[place] ^= 1
    file_of(home).write_bytes(written)
    assert memory(home).read() is None
    memory(home).keep(DATA)
    assert memory(home).read() == DATA


@pytest.mark.parametrize("content", [b"", b"short", b"\0" * 32, b"\0" * 5000])
def test_a_file_that_is_none_is_not_believed(home: Path, content: bytes) -> None:
    file_of(home).write_bytes(content)
    assert memory(home).read() is None


def test_what_was_kept_of_another_thing_is_not_believed(home: Path) -> None:
    other = memory(home, "0b" * 32)
    file_of(home).replace(file_of(home).with_name("0b" * 32))
    assert other.read() is None


def test_what_somebody_kept_with_a_key_of_their_own_is_not_believed(home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "theirs"
    memory(elsewhere).keep(b"nothing is wrong with this ledger")
    file_of(home).write_bytes(file_of(elsewhere).read_bytes())
    assert memory(home).read() is None


@pytest.mark.parametrize("key", [b"", b"short", b"\0" * 33])
def test_a_key_that_is_none_keeps_nothing(home: Path, key: bytes) -> None:
    key_of(home).write_bytes(key)
    assert memory(home).read() is None
    memory(home).keep(b"other")
    assert memory(home).read() is None


@pytest.mark.parametrize("which", [file_of, key_of])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_what_others_may_read_or_write_is_not_believed(home: Path, which: object, mode: int) -> None:
    assert callable(which)
    which(home).chmod(mode)
    assert memory(home).read() is None


@pytest.mark.parametrize("which", [file_of, key_of])
def test_a_link_is_not_followed(home: Path, which: object, tmp_path: Path) -> None:
    assert callable(which)
    path = which(home)
    moved = path.rename(tmp_path / "elsewhere")
    path.symlink_to(moved)
    assert memory(home).read() is None


@pytest.mark.parametrize("folder", ["cache/ledgers", "state", "cache"])
def test_a_folder_that_others_may_write_to_is_not_believed(home: Path, folder: str) -> None:
    (home / folder).chmod(0o777)
    believed = folder == "state"  # the key in it is closed to others all the same
    assert (memory(home).read() == DATA) is believed


def test_a_folder_that_cannot_be_made_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    memory(tmp_path).keep(DATA)
    assert memory(tmp_path).read() is None


def test_whoever_reads_meanwhile_gets_either_whole(home: Path) -> None:
    seen: set[bytes | None] = set()
    texts = [bytes([number]) * 100_000 for number in range(20)]

    def write() -> None:
        for text in texts:
            memory(home).keep(text)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        seen.add(memory(home).read())
    writer.join()
    assert seen <= {DATA, *texts}
    assert memory(home).read() == texts[-1]


def test_many_may_make_the_key_at_once(tmp_path: Path) -> None:
    makers = [threading.Thread(target=lambda: memory(tmp_path).keep(DATA)) for _ in range(8)]
    for each in makers:
        each.start()
    for each in makers:
        each.join()
    assert memory(tmp_path).read() == DATA
