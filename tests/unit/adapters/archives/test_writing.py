"""Equal files give equal archives, whatever lies around them."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import socket
import tarfile
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.adapters.archives.trees import FILES, grow

from counterseal.adapters.archives.writing import LocalPacker
from counterseal.archives import limits
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterseal.model import Packed

KINDS = ("tar.gz", "zip")
ALL = ("bin", "README.md", "lib", "lib.txt", "deep", "empty")


def pack(root: Path, name: str, sources: Sequence[str] = ALL, *, epoch: int = 0, store: bool = False) -> Packed:
    """Pack into a folder beside the tree."""
    path = root.parent / f"out-{root.name}" / name
    packer = LocalPacker(root)
    return packer.pack(packer.collect(sources, "", (path,)), path, epoch=epoch, store=store, keep=True)


@contextmanager
def surroundings(umask: int, zone: str, locale: str) -> Iterator[None]:
    """Be somebody else, somewhere else."""
    before, kept = os.umask(umask), {name: os.environ.get(name) for name in ("TZ", "LC_ALL")}
    os.environ.update({"TZ": zone, "LC_ALL": locale})
    time.tzset()
    try:
        yield
    finally:
        os.umask(before)
        for name, value in kept.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        time.tzset()


@pytest.fixture(scope="module")
def expected() -> dict[tuple[str, bool], bytes]:
    with TemporaryDirectory() as folder:
        root = grow(Path(folder) / "tree")
        return {
            (kind, store): pack(root, f"a.{kind}", store=store).path.read_bytes()
            for kind in KINDS
            for store in (True, False)
        }


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    order=st.permutations(list(FILES)),
    sources=st.permutations(ALL),
    umask=st.sampled_from([0o022, 0o002, 0o077, 0o027]),
    zone=st.sampled_from(["UTC", "Pacific/Kiritimati", "America/St_Johns", "Asia/Kathmandu"]),
    locale=st.sampled_from(["C", "C.UTF-8", "POSIX", "sv_SE.UTF-8"]),
    mtime=st.integers(0, 2**33),
    place=st.text("abcäö-_ ", min_size=1, max_size=40).filter(str.strip),
    store=st.booleans(),
    kind=st.sampled_from(KINDS),
)
def test_equal_files_give_equal_bytes(
    expected: dict[tuple[str, bool], bytes],
    order: list[str],
    sources: list[str],
    umask: int,
    zone: str,
    locale: str,
    mtime: int,
    place: str,
    store: bool,
    kind: str,
) -> None:
    with TemporaryDirectory() as folder, surroundings(umask, zone, locale):
        root = grow(Path(folder) / place / "tree", order=order, mtime=mtime)
        assert pack(root, f"a.{kind}", sources, store=store).path.read_bytes() == expected[kind, store]


def test_stored_bytes_are_the_same_on_every_machine(expected: dict[tuple[str, bool], bytes]) -> None:
    """Known answers: no version of Python or zlib, and no operating system, may change these."""
    assert {kind: hashlib.sha256(expected[kind, True]).hexdigest() for kind in KINDS} == {
        "tar.gz": "6cedd21f142a96f1c90aff78866e8fc03875a5a0be3fd1aa459ea34bc511c519",
        "zip": "6cdc9d9509622948b087a35b8868eca923c9455c9e2cfc26cff14f24c6a5c8fd",
    }


@pytest.mark.parametrize("store", [True, False])
def test_what_others_read_is_what_was_packed(expected: dict[tuple[str, bool], bytes], store: bool) -> None:
    names = sorted([*FILES, "empty"], key=str.encode)
    with tarfile.open(fileobj=io.BytesIO(expected["tar.gz", store])) as tar:
        assert tar.getnames() == names
        for member in tar:
            content = tar.extractfile(member)
            assert (content.read() if content else None) == FILES.get(member.name)
            assert (member.uid, member.gid, member.uname, member.gname, member.mtime) == (0, 0, "", "", 0)
            assert member.mode == (0o755 if member.name in ("bin/run", "empty") else 0o644)
    with zipfile.ZipFile(io.BytesIO(expected["zip", store])) as archive:
        assert archive.testzip() is None
        assert [name.rstrip("/") for name in archive.namelist()] == names
        assert {name: archive.read(name) for name in FILES} == FILES
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {info.filename for info in archive.infolist() if info.external_attr >> 16 & 0o111} == {
            "bin/run",
            "empty/",
        }
        assert not any(info.extra or info.comment for info in archive.infolist())


def test_stored_is_read_by_gzip_at_every_size(tmp_path: Path) -> None:
    for size in (0, 1, 0xFFFF, 0x10000, 3 * 0xFFFF, 200_001):
        root = tmp_path / str(size)
        root.mkdir()
        (root / "x").write_bytes(os.urandom(size))
        data = pack(root, "a.tar.gz", ("x",), store=True).path.read_bytes()
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as tar:
            assert tar.extractfile("x").read() == (root / "x").read_bytes()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("epoch", "tar_time", "zip_time"),
    [
        (1_700_000_001, 1_700_000_001, (2023, 11, 14, 22, 13, 20)),
        (1, 1, (1980, 1, 1, 0, 0, 0)),
        (10**15, 2**33 - 1, (2107, 12, 31, 23, 59, 58)),
    ],
)
def test_the_epoch_is_every_members_time(tmp_path: Path, epoch: int, tar_time: int, zip_time: tuple[int, ...]) -> None:
    root = grow(tmp_path / "tree")
    with tarfile.open(pack(root, "a.tar.gz", epoch=epoch).path) as tar:
        assert {member.mtime for member in tar} == {tar_time}
    with zipfile.ZipFile(pack(root, "a.zip", epoch=epoch).path) as archive:
        assert {info.date_time for info in archive.infolist()} == {zip_time}


def test_the_digest_inside_is_that_of_the_tar(tmp_path: Path) -> None:
    root = grow(tmp_path / "tree")
    packed, stored = pack(root, "a.tar.gz"), pack(root, "b.tar.gz", store=True)
    assert packed.digest == hashlib.sha256(packed.path.read_bytes()).hexdigest()
    assert packed.content_digest == hashlib.sha256(gzip.decompress(packed.path.read_bytes())).hexdigest()
    assert packed.content_digest == stored.content_digest
    assert packed.digest != stored.digest
    assert pack(root, "a.zip").content_digest == pack(root, "b.zip", store=True).content_digest


def refused(root: Path, *sources: str, prefix: str = "", made: Path | None = None) -> UsageError:
    with pytest.raises(UsageError) as caught:
        LocalPacker(root).collect(sources, prefix, (made or root.parent / "apart" / "a.zip",))
    assert caught.value.why
    assert caught.value.fix
    return caught.value


def test_links_and_what_is_no_file_are_refused(tmp_path: Path) -> None:
    root = grow(tmp_path / "tree")
    (root / "bin/link").symlink_to("run")
    assert refused(root, "bin").what == "'bin/link' is a symlink"
    (root / "bin/link").unlink()
    (root / "folder").symlink_to("lib")
    assert refused(root, "folder/a.py").what == "'folder' is a symlink"
    (root / "lib/inner").symlink_to("../bin")
    assert refused(root, "lib").what == "'lib/inner' is a symlink"
    (root / "lib/inner").unlink()
    os.mkfifo(root / "lib/pipe")
    assert refused(root, "lib").what == "'lib/pipe' is a pipe"
    (root / "lib/pipe").unlink()
    with socket.socket(socket.AF_UNIX) as listening, contextlib.chdir(root):  # its address is short
        listening.bind("socket")
    assert refused(root, "socket").what == "'socket' is a socket"


@pytest.mark.parametrize("source", ["../x", "/etc/passwd", "lib/../../x", "", "a\0b"])
def test_nothing_outside_is_packed(tmp_path: Path, source: str) -> None:
    assert "is not below the folder" in refused(grow(tmp_path / "tree"), source).what


@pytest.mark.parametrize("name", ["a\nb", "a\\b", "c:x", "\u202egpj.exe", "x\udcffy", ".git/config", "a/.git/x"])
def test_names_that_mean_something_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    root = tmp_path / "tree"
    grow(root, {name: b"x"})
    assert "cannot be a name in an archive" in refused(root, name.partition("/")[0]).what


def test_what_is_made_does_not_lie_in_what_is_packed(tmp_path: Path) -> None:
    root = grow(tmp_path / "tree")
    assert "would lie in what is packed" in refused(root, ".", made=root / "a.zip").what
    assert "would lie in what is packed" in refused(root, "lib", made=root / "lib/deeper/a.zip").what
    (root / "old.zip").touch()
    assert "would lie in what is packed" in refused(root, "*.zip", made=root / "old.zip").what
    assert LocalPacker(root).collect(("README.md",), "", (root / "a.zip",))


def test_missing_twice_and_nothing(tmp_path: Path) -> None:
    root = grow(tmp_path / "tree")
    assert refused(root, "nowhere").what == "there is no 'nowhere'"
    assert refused(root, "*.whl").what == "'*.whl' matches nothing"
    assert refused(root, "lib", "lib/a.py").what == "'lib/a.py' would be packed twice"
    (root / "hollow").mkdir()
    assert [(file.name, file.folder) for file in LocalPacker(root).collect((".",), "app", ())][-1] == (
        "app/lib/ä.txt",
        False,
    )
    assert refused(root, "lib", prefix="../x").what == "'../x' cannot be a name in an archive"


def test_a_file_that_changes_meanwhile_leaves_nothing_behind(tmp_path: Path) -> None:
    root, out = grow(tmp_path / "tree"), tmp_path / "out"
    packer = LocalPacker(root)
    files = packer.collect(ALL, "", ())
    (root / "lib.txt").unlink()
    (root / "lib.txt").symlink_to("/etc/passwd")
    with pytest.raises(UsageError, match="lib"):
        packer.pack(files, out / "a.tar.gz", epoch=0, store=False, keep=True)
    assert list(out.iterdir()) == []


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    root = grow(tmp_path / "tree")
    (tmp_path / "out-tree").write_text("a file")
    with pytest.raises(UsageError, match="cannot be written"):
        pack(root, "a.zip")


def test_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = grow(tmp_path / "tree")
    monkeypatch.setattr(limits, "MAX_MEMBERS", 3)
    assert refused(root, ".").what == "there are too many files"
    monkeypatch.undo()
    monkeypatch.setattr(limits, "MAX_CONTENT", 100)
    with pytest.raises(UsageError, match="too much to pack"):
        pack(root, "a.zip")
