"""One file out of an archive: of archives that tools make, and of those made to hurt."""

from __future__ import annotations

import gzip
import io
import struct
import time
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.adapters.sbom.descriptions.looked_up import tarred, zipped

from counterseal.adapters.sbom.descriptions import archives

MIB = 1 << 20


def from_zip(data: bytes, name: str = "a/METADATA") -> bytes | None:
    return archives.zip_member(io.BytesIO(data), name.__eq__)


def from_tar(data: bytes, name: str = "a/Cargo.toml") -> bytes | None:
    return archives.tar_member(io.BytesIO(data), name)


def header(name: bytes, size: bytes, kind: bytes = b"0") -> bytes:
    return (name.ljust(100, b"\0") + b"\0" * 24 + size.ljust(12, b"\0") + b"\0" * 20 + kind).ljust(512, b"\0")


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_of_a_zip_is_read(compression: int) -> None:
    assert from_zip(zipped({"b": "x", "a/METADATA": "Name: a"}, compression)) == b"Name: a"
    assert from_zip(zipped({"b": "x"}, compression)) is None


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_kinds_of_compression_that_unpack_whole_blocks_are_not_read(compression: int) -> None:
    assert from_zip(zipped({"a/METADATA": "Name: a"}, compression)) is None


def test_a_zip_bomb_is_not_unpacked() -> None:
    data = zipped({"a/METADATA": b"\0" * (64 * MIB)})
    assert len(data) < MIB
    start = time.monotonic()
    assert from_zip(data) is None
    assert time.monotonic() - start < 1


def test_a_zip_whose_member_is_larger_than_it_says_is_malformed() -> None:
    data = bytearray(zipped({"a/METADATA": b"\0" * (20 * MIB)}))
    entry = data.rindex(b"PK\1\2")
    data[entry + 24 : entry + 28] = struct.pack("<I", 1000)
    assert from_zip(bytes(data)) is None


def test_a_zip_with_a_huge_list_of_members_is_not_read() -> None:
    data = zipped({"a/METADATA": "Name: a"})
    begin, end = data.rindex(b"PK\1\2"), data.rindex(b"PK\5\6")
    entries = data[begin:end] * 100_000
    tail = bytearray(data[end:])
    tail[12:16] = struct.pack("<I", len(entries))
    assert from_zip(data[:begin] + entries + bytes(tail)) is None


def test_a_member_that_is_encrypted_is_not_read() -> None:
    data = bytearray(zipped({"a/METADATA": "Name: a"}))
    data[data.rindex(b"PK\1\2") + 8] |= 1
    assert from_zip(bytes(data)) is None


def test_a_member_of_a_tar_is_read() -> None:
    assert from_tar(tarred({"a/.cargo": "x" * 1000, "a/Cargo.toml": "[package]"})) == b"[package]"
    assert from_tar(tarred({"a/x": "y"})) is None


def test_a_tar_bomb_is_looked_through_no_further_than_32_mib() -> None:
    data = tarred({"a/x": b"\0" * (64 * MIB), "a/Cargo.toml": "[package]"})
    assert len(data) < MIB
    start = time.monotonic()
    assert from_tar(data) is None
    assert time.monotonic() - start < 1


def test_a_member_of_more_than_a_mib_is_not_read() -> None:
    assert from_tar(tarred({"a/Cargo.toml": b"#" * (MIB + 1)})) is None
    assert from_zip(zipped({"a/METADATA": b"#" * (MIB + 1)})) is None


@pytest.mark.parametrize("size", [b"-0000000777", b"9" * 11, b"77777777777", b"\x80" + b"\xff" * 11, b"x", b"0_7"])
def test_a_tar_with_a_size_that_is_none_ends(size: bytes) -> None:
    assert from_tar(gzip.compress((header(b"a/x", size) + b"\0" * 512) * 100)) is None


@pytest.mark.parametrize("kind", [b"1", b"2", b"3", b"5", b"x", b"L"])
def test_what_is_no_plain_file_in_a_tar_is_not_read(kind: bytes) -> None:
    assert from_tar(gzip.compress(header(b"a/Cargo.toml", b"4", kind) + b"text".ljust(512, b"\0"))) is None


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 400), st.binary(max_size=8), st.booleans())
def test_a_damaged_archive_never_raises(place: int, damage: bytes, zipped_one: bool) -> None:
    whole = (zipped if zipped_one else tarred)({"a/METADATA": "Name: a", "a/Cargo.toml": "[package]"})
    data = whole[:place] + damage + whole[place + len(damage) :]
    for damaged in (data, whole[:place]):
        assert from_zip(damaged) in (None, b"Name: a")
        assert from_tar(damaged) is None or not zipped_one
