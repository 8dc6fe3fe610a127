"""Archives of other tools, and of enemies: what is seen, what is refused, and that nothing else happens."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import struct
import subprocess
import tarfile
import tracemalloc
import zipfile
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.unit.adapters.archives.test_writing import ALL, pack
from tests.unit.adapters.archives.trees import grow

from counterseal import archives
from counterseal.adapters.archives.reading import LocalArchives
from counterseal.archives import limits
from counterseal.errors import CountersealError, FormatError, LimitError, UsageError
from counterseal.model import MemberKind

if TYPE_CHECKING:
    from counterseal.model import Archive

CLOCK = 1_790_000_001


def read(folder: Path, data: bytes, name: str = "a") -> Archive:
    path = folder / name
    path.write_bytes(data)
    return LocalArchives().read(path)


def certain(archive: Archive, epoch: int | None = None) -> set[str]:
    return {flaw.code for flaw in archives.find(archive, epoch) if flaw.certain}


def perhaps(archive: Archive, epoch: int | None = None) -> set[str]:
    return {flaw.code for flaw in archives.find(archive, epoch) if not flaw.certain}


def member(name: str = "a.txt", **more: Any) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for key, value in more.items():
        setattr(info, key, value)
    return info


def tar(*infos: tarfile.TarInfo, form: int = tarfile.PAX_FORMAT, data: bytes = b"") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as made:
        for info in infos:
            if info.isreg():
                info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def zipped(*names: str, data: bytes = b"x", extra: bytes = b"", mode: int = 0o644) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for name in names:
            info = zipfile.ZipInfo(name)
            info.extra, info.external_attr = extra, mode << 16
            made.writestr(info, data)
    return stream.getvalue()


# --- what we make, and what others make ----------------------------------------------------------


@pytest.mark.parametrize("store", [True, False])
@pytest.mark.parametrize("kind", ["tar.gz", "zip"])
def test_what_we_make_has_nothing_that_varies(tmp_path: Path, kind: str, store: bool) -> None:
    root = grow(tmp_path / "tree")
    seen = LocalArchives().read(pack(root, f"a.{kind}", epoch=CLOCK, store=store).path)
    assert certain(seen, CLOCK) == set()
    assert perhaps(seen, CLOCK) == {"deflate"} - ({"deflate"} if store and kind == "zip" else set())
    assert len(seen.members) == 9


def test_gnu_tar_and_gzip_as_they_are_usually_called(tmp_path: Path) -> None:
    root = grow(tmp_path / "tree", mtime=CLOCK)
    os.utime(root / "README.md", (CLOCK + 60, CLOCK + 60))
    (root / "lib.txt").chmod(0o664)
    subprocess.run(["tar", "--owner=ci:1001", "--group=ci:121", "-cf", "../a.tar", *ALL], cwd=root, check=True)
    os.utime(tmp_path / "a.tar", (CLOCK, CLOCK))
    subprocess.run(["gzip", "-k", "a.tar"], cwd=tmp_path, check=True)
    seen = LocalArchives().read(tmp_path / "a.tar.gz")
    found = {flaw.code: flaw for flaw in archives.find(seen, None)}
    assert {"times", "owners", "modes", "gzip-time"} <= {code for code, flaw in found.items() if flaw.certain}
    assert found["owners"].samples[0].endswith("(ci, ci, 1001, 121)")
    assert "lib.txt (0664)" in found["modes"].samples
    assert found["gzip-name-to-tell"].what == "gzip's header has the name 'a.tar'"
    assert "--sort=name" in found["times"].fix
    assert "gzip -n" in found["gzip-time"].fix


def test_gnu_tar_and_gzip_as_we_advise(tmp_path: Path) -> None:
    root = grow(tmp_path / "tree")
    options = ("--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=u+rw,go=rX", f"--mtime=@{CLOCK}")
    pax = ("--format=posix", "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime")
    made = subprocess.run(["tar", *options, *pax, "-c", "."], cwd=root, check=True, capture_output=True).stdout
    data = subprocess.run(["gzip", "-n"], input=made, check=True, capture_output=True).stdout
    assert certain(read(tmp_path, data), CLOCK) == set()


def test_gnu_tar_in_pax_has_more_times_and_numbers(tmp_path: Path) -> None:
    root = grow(tmp_path / "tree")
    os.utime(root / "README.md", ns=(1, 1_790_000_001_500_000_000))
    pax = ("--format=posix", "--pax-option=exthdr.name=%d/PaxHeaders.%p/%f")
    made = subprocess.run(["tar", *pax, "-c", "README.md"], cwd=root, check=True, capture_output=True).stdout
    seen = read(tmp_path, made)
    assert {"pax-process", "fields"} <= certain(seen)
    assert set(seen.members[0].fields) == {archives.PAX_PROCESS, "atime", "ctime", "mtime below a second"}


def test_info_zip(tmp_path: Path) -> None:
    program = shutil.which("zip")
    if program is None:
        pytest.skip("zip is not installed: apt-get install zip")
    root = grow(tmp_path / "tree", mtime=CLOCK)
    os.utime(root / "README.md", (CLOCK + 99, CLOCK))
    env = {**os.environ, "TZ": "Asia/Kathmandu"}
    subprocess.run([program, "-qr", "../a.zip", "README.md"], cwd=root, check=True, env=env)
    assert {"zone", "fields"} <= certain(LocalArchives().read(tmp_path / "a.zip"), CLOCK)
    subprocess.run([program, "-qrX", "../b.zip", "README.md"], cwd=root, check=True, env={**os.environ, "TZ": "UTC"})
    assert certain(LocalArchives().read(tmp_path / "b.zip"), CLOCK) == set()


def test_fields_as_info_zip_writes_them(tmp_path: Path) -> None:
    extra = struct.pack("<HHBII", 0x5455, 9, 3, CLOCK, CLOCK + 5) + struct.pack(
        "<HHBBIBI", 0x7875, 11, 1, 4, 1001, 4, 0
    )
    seen = read(tmp_path, zipped("a", extra=extra))
    assert seen.members[0].times[:2] == (CLOCK, CLOCK + 5)
    assert seen.members[0].owners == ("1001",)
    assert {"fields", "owners"} <= certain(seen)
    local = struct.pack("<HHBI", 0x5455, 5, 1, 315532800 - 4 * 3600)
    assert {"zone", "fields"} <= certain(read(tmp_path, zipped("a", extra=local)))
    assert certain(read(tmp_path, zipped("a", extra=struct.pack("<HHBI", 0x5455, 5, 1, 315532800)))) == set()


def test_a_zip_without_times_or_with_none_that_is_one(tmp_path: Path) -> None:
    data = bytearray(zipped("a"))
    at = data.index(b"PK\1\2")
    data[at + 12 : at + 16] = bytes(4)  # what leaves the time out, as Go does
    assert read(tmp_path, bytes(data)).members[0].time == archives.ZIP_FIRST
    data[at + 14 : at + 16] = struct.pack("<H", 2 << 5 | 31)  # the 31st of February
    assert read(tmp_path, bytes(data)).members[0].time is None


# --- what is inside of files ---------------------------------------------------------------------


def test_programs_with_paths_of_their_build_machine(tmp_path: Path) -> None:
    go = b"\x7fELF" + b"\0/home/ci/src/app/main.go\0/usr/local/go/src/fmt/print.go\0"
    assert certain(read(tmp_path, go)) == {"paths-go"}
    assert certain(read(tmp_path, b"\x7fELF\0github.com/x/app/main.go\0/rustc/0123abc/library/core/src/x.rs")) == set()
    rust = b"MZ" + b"a" * (1 << 18) + b" /root/.cargo/registry/src/index-1/x-1.0/src/lib.rs"
    found = archives.find(read(tmp_path, zipped("app.exe", data=rust)), None)
    assert [(flaw.code, flaw.samples) for flaw in found] == [
        ("paths-rust", ("app.exe (/root/.cargo/registry/src/index-1/x-1.0/src/lib.rs)",))
    ]
    assert "--remap-path-prefix" in found[0].fix


def test_a_path_is_found_wherever_a_piece_ends(tmp_path: Path) -> None:
    for at in range((1 << 18) - 40, (1 << 18) + 4, 5):
        data = b"\x7fELF".ljust(at, b"\0") + b"/builds/acme/app/src/main.c\0"
        assert certain(read(tmp_path, data)) == {"paths-c"}, at


def test_compiled_python_and_compressed_files_inside(tmp_path: Path) -> None:
    head = b"\xcb\r\r\n" + struct.pack("<III", 0, CLOCK, 9)
    assert certain(read(tmp_path, zipped("a/__pycache__/b.pyc", data=head + b"x" * 40))) == {"pyc-time"}
    hashed = b"\xcb\r\r\n" + struct.pack("<IQ", 1, 9)
    assert certain(read(tmp_path, zipped("b.pyc", data=hashed + b"x" * 40))) == set()
    page = gzip.compress(b"man", mtime=CLOCK)
    assert certain(read(tmp_path, tar(member("man.1.gz"), data=page))) == {"gzip-inside"}
    script = b"#!/home/me/.venv/bin/python3\nimport x\n"
    assert certain(read(tmp_path, tar(member("run"), data=script))) == {"paths-script"}
    assert certain(read(tmp_path, tar(member("run"), data=b"#!/usr/bin/env python3\n"))) == set()


def test_a_plain_gz(tmp_path: Path) -> None:
    assert certain(read(tmp_path, gzip.compress(b"x" * 9, mtime=CLOCK), "x.gz")) == {"gzip-time"}
    assert certain(read(tmp_path, gzip.compress(b"x" * 9, mtime=CLOCK), "x.gz"), CLOCK) == set()
    assert certain(read(tmp_path, gzip.compress(b"", mtime=0), "x.gz")) == set()
    twice = gzip.compress(b"a", mtime=0) + gzip.compress(b"b", mtime=0) + bytes(512)
    assert perhaps(read(tmp_path, twice, "x.gz")) >= {"gzip-streams", "deflate"}
    named = io.BytesIO()
    with gzip.GzipFile("/tmp/build-17/other", "wb", fileobj=named, mtime=0) as made:
        made.write(b"x")
    assert certain(read(tmp_path, named.getvalue(), "x.gz")) == {"gzip-name"}


# --- enemies -------------------------------------------------------------------------------------


def test_names_that_lead_out_or_hide(tmp_path: Path) -> None:
    for data in (
        tar(member("../../etc/cron.d/x"), member("/etc/passwd"), member("a\x1b[2J")),
        zipped("../../etc/cron.d/x", "/etc/passwd", "a\x1b[2J", "c:\\x"),
    ):
        assert {"names-outside", "names-hidden"} <= certain(read(tmp_path, data))
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]
    assert "names-twice" in certain(read(tmp_path, tar(member("a"), member("a"))))


def test_links_and_devices(tmp_path: Path) -> None:
    seen = read(
        tmp_path,
        tar(
            member("s", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
            member("h", type=tarfile.LNKTYPE, linkname="s"),
            member("d", type=tarfile.CHRTYPE),
        ),
    )
    assert [each.kind for each in seen.members] == [MemberKind.SYMLINK, MemberKind.HARD_LINK, MemberKind.SPECIAL]
    assert {"links", "links-outside", "special"} <= certain(seen)


def test_names_in_no_known_encoding(tmp_path: Path) -> None:
    data = zipped("ab").replace(b"ab", b"\x84b")
    assert "names-encoding" in certain(read(tmp_path, data))
    latin = io.BytesIO()
    with tarfile.open(fileobj=latin, mode="w", format=tarfile.GNU_FORMAT, encoding="latin-1") as made:
        made.addfile(member("ä"))
    assert "names-encoding" in certain(read(tmp_path, latin.getvalue()))


def refused(folder: Path, data: bytes, kind: type[CountersealError] = FormatError) -> str:
    with pytest.raises(kind) as caught:
        read(folder, data)
    assert caught.value.why
    return caught.value.what


def test_what_is_no_archive_or_no_file(tmp_path: Path) -> None:
    assert "is no archive that is known" in refused(tmp_path, b"")
    assert "is no archive that is known" in refused(tmp_path, b"just text\n" * 100)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("a")
    for name in ("pipe", "link", ".", "nowhere"):
        with pytest.raises(UsageError):
            LocalArchives().read(tmp_path / name)


def test_what_is_cut_or_damaged(tmp_path: Path) -> None:
    whole = gzip.compress(tar(member(), data=os.urandom(3000)), mtime=0)
    assert "cut" in refused(tmp_path, whole[: len(whole) // 2])
    assert "damaged" in refused(tmp_path, whole[:-8] + bytes(8))
    assert "follow" in refused(tmp_path, whole + b"more")
    assert "header" in refused(tmp_path, whole[:5])
    assert "cut" in refused(tmp_path, tar(member(), data=b"x" * 3000)[:1024])
    assert "zip is damaged" in refused(tmp_path, zipped("a", "b")[:-30])
    renamed = zipped("first").replace(b"first", b"other", 1)
    assert "zip is damaged" in refused(tmp_path, renamed)


def test_a_bomb_ends_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_CONTENT", 4 << 20)
    assert "bytes unpacked" in refused(tmp_path, gzip.compress(bytes(8 << 20)), LimitError)
    assert "bytes unpacked" in refused(tmp_path, gzip.compress(tar(member(), data=bytes(8 << 20))), LimitError)
    program = b"\x7fELF" + bytes(8 << 20)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a", program)
    assert "bytes unpacked" in refused(tmp_path, stream.getvalue(), LimitError)


def test_too_many_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_MEMBERS", 20)
    names = [f"{number}" for number in range(21)]
    assert "20 members" in refused(tmp_path, zipped(*names), LimitError)
    assert "20 members" in refused(tmp_path, tar(*map(member, names)), LimitError)
    header = tar(member("x" * 300))[:1536]
    assert "headers" in refused(tmp_path, header[:1024] * 50, LimitError)


def test_a_header_that_claims_gigabytes_takes_no_memory(tmp_path: Path) -> None:
    info = member("x", type=tarfile.XHDTYPE, size=3 << 30)
    claims = info.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 16)
    directory = bytearray(zipped("a"))
    end = directory.index(b"PK\5\6")
    many = b"PK\3\4" + bytes(40 << 20) + directory[end : end + 12] + struct.pack("<II", 40 << 20, 4) + bytes(2)
    for data, what in ((claims, "extended header"), (many, "directory")):
        path = tmp_path / "x"
        path.write_bytes(data)
        tracemalloc.start()
        with pytest.raises(LimitError, match=what):
            LocalArchives().read(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4 << 20


def test_what_hostile_headers_leave_behind_is_small(tmp_path: Path) -> None:
    many = member("x")
    many.pax_headers = {f"SCHILY.{number}.{'k' * 200}": "v" for number in range(200)}
    seen = read(tmp_path, tar(many))
    assert len(seen.members[0].fields) == limits.KEPT_FIELDS
    assert max(map(len, seen.members[0].fields)) == 80
    many.pax_headers = {f"SCHILY.{number}": "v" for number in range(300)}
    assert "records" in refused(tmp_path, tar(many), LimitError)
    many.pax_headers = {"linkpath": "l" * 5000}
    assert "characters in a name" in refused(tmp_path, tar(many), LimitError)
    stream = io.BytesIO()
    for start in (0, 200):
        records = {f"SCHILY.{number}": "v" for number in range(start, start + 200)}
        stream.write(tarfile.TarInfo.create_pax_global_header(records))
    assert "records" in refused(tmp_path, stream.getvalue() + tar(member("x")), LimitError)
    extra = b"".join(struct.pack("<HH", 0x4000 + number, 0) for number in range(5000))
    assert len(read(tmp_path, zipped("a", extra=extra)).members[0].fields) == limits.KEPT_FIELDS
    wheels = [f"p{number}.dist-info/WHEEL" for number in range(50)]
    for data in (zipped(*wheels), tar(*map(member, wheels))):
        assert len(read(tmp_path, data).texts) == limits.KEPT_TEXTS


def test_names_together_have_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_NAMES", 1000)
    assert "all names" in refused(tmp_path, tar(*(member("n" * 300 + str(at)) for at in range(4))), LimitError)


def test_headers_that_lie(tmp_path: Path) -> None:
    good = tar(member("x" * 200))
    assert "record" in refused(tmp_path, good.replace(b"path=", b"path:"))
    assert "damaged" in refused(tmp_path, good[:1024] + bytes([65]) * 512 + good[1536:])
    sparse = member("x", type=tarfile.GNUTYPE_SPARSE).tobuf(tarfile.GNU_FORMAT)
    assert "holes" in refused(tmp_path, sparse + bytes(1024))
    pax = member("y")
    pax.pax_headers = {"size": "-5"}
    assert "record" in refused(tmp_path, tar(pax))
    pax.pax_headers = {"mtime": "nan"}
    assert "record" in refused(tmp_path, tar(pax))


def test_a_search_takes_no_time_that_grows_faster_than_what_is_searched(tmp_path: Path) -> None:
    for hostile in (b"/a" * (1 << 20), b"/" + b"a" * (2 << 20), b"/aaaaaaa.g" * (1 << 18), b"\\a" * (1 << 20)):
        assert certain(read(tmp_path, b"\x7fELF " + hostile)) == set()


@st.composite
def edits(draw: st.DrawFn) -> bytes:
    """Return one of our archives with a few bytes changed, cut, or put twice."""
    data = bytearray(draw(st.sampled_from(WHOLE)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data) - 1))
        match draw(st.sampled_from(("set", "cut", "twice"))):
            case "set":
                data[at] = draw(st.integers(0, 255))
            case "cut":
                del data[at : at + draw(st.integers(1, 600))]
            case _:
                data[at:at] = data[at : at + draw(st.integers(1, 600))]
        if not data:
            return b""
    return bytes(data)


EXTRA = struct.pack("<HHBII", 0x5455, 9, 3, 1, 5) + struct.pack("<HHBBIBI", 0x7875, 11, 1, 4, 1, 4, 0)
WHOLE = (
    tar(member("x" * 200), member("a/b", mtime=5), data=b"#!/home/x/y\n"),
    gzip.compress(tar(member("a"), data=b"\x7fELF /home/a/b.go ")),
    zipped("a/b", "p-1.dist-info/WHEEL", data=b"Generator: flit 1\n", extra=EXTRA),
    b"\x1f\x8b\x08\x1f" + bytes(6) + b"\2\0xxname\0note\0cc" + zlib.compress(b"x")[2:-4],
)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(edits())
@example(WHOLE[3])
def test_no_bytes_are_a_bug(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        path.write_bytes(data)
        try:
            found = archives.find(LocalArchives().read(path), None)
        except CountersealError:
            return
        assert all(flaw.fix and flaw.why for flaw in found)
