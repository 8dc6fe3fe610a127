"""What differs between two artifacts is named by its kind, with the usual fix; no archive hurts who reads it."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from counterseal.reproduction import archives, comparing, fixes

if TYPE_CHECKING:
    from collections.abc import Sequence

FILES = (("app/a.py", b"a"), ("app/b.py", b"b"))


def tar(files: Sequence[tuple[str, bytes]] = FILES, *, gzip_time: int = 0, level: int = 9, **info: Any) -> io.BytesIO:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            for key, value in info.items():
                setattr(member, key, value)
            archive.addfile(member, io.BytesIO(content))
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=gzip_time, compresslevel=level, filename="") as stream:
        stream.write(plain.getvalue())
    return packed


def wheel(files: Sequence[tuple[str, bytes]] = FILES, *, mode: int = 0o644, year: int = 2020) -> io.BytesIO:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            info = zipfile.ZipInfo(name, (year, 2, 2, 0, 0, 0))
            info.external_attr = mode << 16
            archive.writestr(info, content)
    return packed


def kinds(first: io.BytesIO, second: io.BytesIO) -> list[tuple[str, str]]:
    found, more = comparing.differences(first, second)
    assert more == 0
    return [(each.kind, each.member) for each in found]


@pytest.mark.parametrize("make", [tar, wheel])
def test_members_that_came_or_went(make: Any) -> None:
    assert kinds(make(), make(FILES[:1])) == [("missing", "app/b.py")]
    assert kinds(make(FILES[:1]), make()) == [("added", "app/b.py")]


@pytest.mark.parametrize("make", [tar, wheel])
def test_order_and_content(make: Any) -> None:
    assert kinds(make(), make(FILES[::-1])) == [("order", "")]
    assert kinds(make(), make((FILES[0], ("app/b.py", b"B")))) == [("content", "app/b.py")]


def test_modes_times_and_owners() -> None:
    assert kinds(wheel(), wheel(mode=0o664)) == [("mode", "app/a.py"), ("mode", "app/b.py")]
    assert kinds(wheel(), wheel(year=2026)) == [("time", "app/a.py"), ("time", "app/b.py")]
    assert kinds(tar(), tar(mtime=5, uid=1000)) == [
        (kind, name) for name in ("app/a.py", "app/b.py") for kind in ("time", "owner")
    ]


def test_what_stands_around_the_members() -> None:
    found, _ = comparing.differences(tar(), tar(gzip_time=1790000000))
    assert [each.kind for each in found] == ["frame"]
    assert "time 0," in found[0].released
    assert "time 1790000000," in found[0].rebuilt
    other = tar().getvalue()
    again = other[:10] + zlib.compressobj(1, zlib.DEFLATED, -15).compress(b"") + b""
    assert comparing.differences(tar(), io.BytesIO(again))[0][0].kind == "content", "cut off: no archive"


def test_only_packed_otherwise() -> None:
    many = [(f"f{number}", b"abcabcabd" * 500) for number in range(20)]
    first, second = tar(many, level=9).getvalue(), bytearray(tar(many, level=1).getvalue())
    second[8:9] = first[8:9]  # the level that the header names
    assert kinds(io.BytesIO(first), io.BytesIO(bytes(second))) == [("compression", "")]


def test_other_files_are_compared_by_bytes() -> None:
    found, _ = comparing.differences(io.BytesIO(b"x" * 3_000_000 + b"a"), io.BytesIO(b"x" * 3_000_000 + b"bc"))
    assert (found[0].released, found[0].rebuilt) == (
        "3000001 bytes, other ones from byte 3000000 on",
        "3000002 bytes, other ones from byte 3000000 on",
    )
    found, _ = comparing.differences(io.BytesIO(b"abc"), io.BytesIO(b"ab"))
    assert found[0].released == "3 bytes, other ones from byte 2 on"


def test_no_more_are_listed_than_somebody_reads() -> None:
    many = [(f"f{number:03}", b"") for number in range(100)]
    found, more = comparing.differences(tar(many), tar(many, mode=0o600))
    assert (len(found), more) == (20, 80)


# --- archives that somebody made to hurt -----------------------------------------------------


def test_an_archive_that_is_damaged_is_none() -> None:
    for data in (b"", b"PK\x03\x04junk", b"\x1f\x8b\x08junkjunk", tar().getvalue()[:40]):
        assert archives.read(io.BytesIO(data)) is None


def test_a_header_that_asks_for_all_memory_is_not_followed() -> None:
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 1 << 32
    packed = io.BytesIO(gzip.compress(header.tobuf() + bytes(1 << 20)))
    assert archives.read(packed) is None


def test_more_than_is_read_is_no_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 1000)
    for make in (tar, wheel):
        assert archives.read(make([("bomb", bytes(2000))])) is None
        assert archives.read(make([("fine", bytes(900))])) is not None
    monkeypatch.setattr(archives, "MAX_MEMBERS", 1)
    assert archives.read(tar()) is None
    assert archives.read(wheel()) is None


def test_names_are_only_names() -> None:
    found = archives.read(tar([("../../etc/passwd", b"x"), ("/abs", b"")]))
    assert found is not None
    assert [member.name for member in found.members] == ["../../etc/passwd", "/abs"]


# --- fixes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "kind", "fix"),
    [
        (b"\x7fELF" + bytes(5_000_000) + b"\xff Go buildinf:", "go", "-trimpath"),
        (b"\x7fELF" + bytes(4 * (1 << 20) - 6) + b"/rustc/abc", "rust", "--remap-path-prefix"),
        (b"MZ" + bytes(100), "native", "-ffile-prefix-map"),
        (b"\xff Go buildinf: in a text", "text", "times, paths"),
    ],
)
def test_a_binary_has_the_fix_of_what_made_it(content: bytes, kind: str, fix: str) -> None:
    stream = io.BytesIO(content)
    assert fixes.made_by(stream) == kind
    found, _ = comparing.differences(stream, io.BytesIO(content + b"x"))
    assert [fix in each for each in fixes.usual(found, kind)] == [True]


def test_each_kind_has_its_fix_once() -> None:
    found, _ = comparing.differences(tar(), tar(FILES[::-1], mode=0o600, mtime=1, uid=7, gzip_time=9))
    said = "\n".join(fixes.usual(found, "text"))
    for word in ("umask 022", "git log -1", "--numeric-owner", "--sort=name", "gzip -n"):
        assert said.count(word) == 1, word
    pyc, _ = comparing.differences(wheel([("a.pyc", b"1")]), wheel([("a.pyc", b"2")]))
    assert "unchecked-hash" in fixes.usual(pyc, "text")[0]
