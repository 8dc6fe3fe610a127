"""What is in an archive, zip (wheels, jars) or tar (sdists, npm, crates): its members with everything that can differ.

Archives may be anybody's, so they are read in pieces and within bounds, nothing is unpacked, and what cannot be read is
no archive: then the bytes alone are compared.
"""

from __future__ import annotations

import hashlib
import stat
import tarfile
import zipfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO, Self

MAX_MEMBERS: Final = 100_000
MAX_BYTES: Final = 4 << 30
#: Headers of tar that describe the next one, and how long they may be: their size is whatever somebody wrote.
_DESCRIBING: Final = (b"x", b"g", b"X", b"L", b"K")
_MAX_DESCRIPTION: Final = 1 << 20
_CHUNK: Final = 1 << 20
_GZIP: Final = b"\x1f\x8b"


class TooMuchError(CountersealError):
    """There is more in an archive than is read."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an archive: its name, and of the rest what one words differ in.

    `content` is size and sha256; of a link where it leads.
    """

    name: str
    kind: str
    mode: str
    time: str
    owner: str
    content: str


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive: its members in their order, and what stands around them, such as a time of gzip's."""

    members: tuple[Member, ...]
    frame: str


def read(stream: BinaryIO) -> Archive | None:
    """Return what is in an archive, None if the stream is none that can be read.

    Args:
        stream: The file; read from its beginning.
    """
    stream.seek(0)
    head = stream.read(10)
    stream.seek(0)
    try:
        if head.startswith(b"PK"):
            return _zip(stream)
        frame = ""
        if head.startswith(_GZIP) and len(head) == 10:
            time = int.from_bytes(head[4:8], "little")
            frame = f"gzip: time {time}, flags {head[3]}, level {head[8]}, system {head[9]}"
        return Archive(tuple(_tar(stream)), frame)
    except Exception:  # noqa: BLE001 - an archive can be damaged in more ways than its readers have errors
        return None


def _zip(stream: BinaryIO) -> Archive:
    members, left = [], MAX_BYTES
    with zipfile.ZipFile(stream) as archive:
        listed = archive.infolist()
        if len(listed) > MAX_MEMBERS:
            raise TooMuchError(f"{len(listed)} members")
        for info in listed:
            mode = info.external_attr >> 16
            with archive.open(info) as content:
                size, digest = _digest(content, left)
            left -= size
            kind = "folder" if info.is_dir() else "link" if stat.S_ISLNK(mode) else "file"
            time = "{:04}-{:02}-{:02} {:02}:{:02}:{:02}".format(*info.date_time)
            members.append(
                Member(info.filename, kind, f"{mode & 0o7777:04o}", time, "", f"{size} bytes, sha256 {digest}")
            )
        made = {(info.create_system, info.create_version, info.flag_bits, bool(info.extra)) for info in listed}
    return Archive(tuple(members), f"zip: comment {archive.comment[:80]!r}, headers {sorted(made)[:4]}")


def _tar(stream: BinaryIO) -> Iterator[Member]:
    left, count = MAX_BYTES, 0
    with tarfile.open(fileobj=stream, mode="r|*", tarinfo=_Sparing) as archive:
        for info in archive:
            count += 1
            if count > MAX_MEMBERS:
                raise TooMuchError(f"more than {MAX_MEMBERS} members")
            content, kind = info.linkname, "link"
            opened = archive.extractfile(info) if info.isreg() else None
            if opened is not None:
                size, digest = _digest(opened, left)
                left -= size
                content, kind = f"{size} bytes, sha256 {digest}", "file"
            elif info.isdir():
                kind = "folder"
            elif not info.issym() and not info.islnk():
                kind = f"type {info.type!r}"
            owner = f"{info.uid}:{info.gid} {info.uname}:{info.gname}"
            mode, time = f"{info.mode & 0o7777:04o}", f"{info.mtime:.6f}".removesuffix(".000000")
            yield Member(info.name, kind, mode, time, owner, content)


def _digest(stream: IO[bytes], left: int) -> tuple[int, str]:
    algorithm, size = hashlib.sha256(), 0
    while part := stream.read(_CHUNK):
        size += len(part)
        if size > left:
            raise TooMuchError(f"more than {MAX_BYTES} bytes")
        algorithm.update(part)
    return size, algorithm.hexdigest()


class _Sparing(tarfile.TarInfo):
    """A header of tar; those that only describe the next one are read as a whole, so they have to be small."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Return the header in a block.

        Raises:
            TooMuchError: Reading what it describes would take much memory.
        """
        header = super().frombuf(buf, encoding, errors)
        if header.type in _DESCRIBING and header.size > _MAX_DESCRIPTION:
            raise TooMuchError(f"a header of {header.size} bytes")
        return header
