"""Makes archives so that equal files give equal bytes (docs/adr: deterministic archives).

Of a file only its name, its bytes and whether its owner may run it go in; all else is fixed here. The standard
library's `tarfile` and `zipfile` write the headers, from members that are made by hand and not from the file system.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from counterseal import plain_file
from counterseal.adapters.archives.tree import Tree
from counterseal.archives import ZIP_FIRST, limits
from counterseal.errors import UsageError
from counterseal.model import Packed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from counterseal.model import Packable


#: zlib's own default, which `zipfile` takes; one level for both.
LEVEL: Final = 6
_BLOCK: Final = 0xFFFF
_PIECE: Final = 1 << 20
_FILE, _RUN, _FOLDER = 0o644, 0o755, 0o755
#: The last moments that fit: 33 bits of octal digits in a tar, seven bits of years in a zip.
_TAR_LAST: Final = (1 << 33) - 1
_ZIP_LAST: Final = 4354819198
_UNIX: Final = 3
_ZIP_VERSION: Final = 20
#: RFC 1952: no name, no time, nothing said of the level, no operating system.
_GZIP_HEAD: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


class LocalPacker(Tree):
    """Packs what lies below a folder (`ports.Packer`)."""

    def pack(self, files: Sequence[Packable], path: Path, *, epoch: int, store: bool, keep: bool) -> Packed:
        """See `ports.Packer.pack`."""
        write = _zip if path.suffix == ".zip" else _tar_gz
        try:
            if keep:
                path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=path.parent if keep else None) as unfinished:
                made = Path(unfinished) / path.name
                with made.open("wb") as stream:
                    content = write(files, stream, epoch, store)
                packed = _looked_at(made, path, content)
                if keep:
                    made.replace(path)
        except OSError as error:
            why = f"{error.strerror or error}: {error.filename or path}"
            raise UsageError(f"{path} cannot be written", why=why, fix="check permissions and space") from error
        return packed


def _looked_at(made: Path, path: Path, content: str) -> Packed:
    with made.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    size = made.stat().st_size
    if size > limits.MAX_FILE:
        why = f"{size} bytes are more than {limits.MAX_FILE}"
        raise UsageError(f"{path.name} would be too large", why=why, fix="pack the files apart")
    return Packed(path, digest, size, content)


# --- tar.gz ----------------------------------------------------------------------------------


def _tar_gz(files: Sequence[Packable], stream: BinaryIO, epoch: int, store: bool) -> str:  # noqa: FBT001 - one of two alike
    """Write a tar.gz, and return the sha256 of the tar."""
    gzip = _Gzip(stream, _Stored() if store else zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS))
    with tarfile.open(fileobj=gzip, mode="w|", format=tarfile.PAX_FORMAT, encoding="utf-8", errors="strict") as tar:
        for file in _within(files):
            with _bytes_of(file) as (content, size):
                tar.addfile(_tar_member(file, size, epoch), content)
    gzip.end()
    return gzip.content.hexdigest()


def _tar_member(file: Packable, size: int, epoch: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(file.name)
    member.size, member.mtime = size, min(epoch, _TAR_LAST)
    member.type = tarfile.DIRTYPE if file.folder else tarfile.REGTYPE
    member.mode = _mode(file)
    return member


class _Deflate(Protocol):
    """What compresses: zlib, or nothing."""

    def compress(self, data: bytes, /) -> bytes:
        """Return what is ready."""

    def flush(self) -> bytes:
        """Return the rest."""


class _Stored:
    """Deflate without compression (RFC 1951, 3.2.4), whose bytes no library and no version of one has a say in."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def compress(self, data: bytes) -> bytes:
        """Return the blocks that are full, of which none is the last."""
        self._kept += data
        full = (len(self._kept) - 1) // _BLOCK * _BLOCK
        blocks = b"".join(_block(self._kept[at : at + _BLOCK], last=False) for at in range(0, full, _BLOCK))
        del self._kept[: max(full, 0)]
        return blocks

    def flush(self) -> bytes:
        """Return the last block."""
        return _block(self._kept, last=True)


def _block(data: bytes | bytearray, *, last: bool) -> bytes:
    return struct.pack("<BHH", last, len(data), len(data) ^ 0xFFFF) + data


class _Gzip(io.RawIOBase):
    """Compresses what it is given into one stream of gzip with a fixed header.

    `gzip.GzipFile` takes no compressor but zlib, whose level 0 cuts its blocks otherwise in each version.
    """

    def __init__(self, stream: BinaryIO, deflate: _Deflate) -> None:
        self._stream = stream
        self._deflate = deflate
        self._check = 0
        self._size = 0
        self.content = hashlib.sha256()
        stream.write(_GZIP_HEAD)

    def write(self, piece: Any, /) -> int:
        """Take the next bytes."""
        data = bytes(piece)
        self._check = zlib.crc32(data, self._check)
        self._size += len(data)
        self.content.update(data)
        self._stream.write(self._deflate.compress(data))
        return len(data)

    def end(self) -> None:
        """Write what is left, the checksum and the size."""
        self._stream.write(self._deflate.flush() + struct.pack("<II", self._check, self._size & 0xFFFFFFFF))


# --- zip -------------------------------------------------------------------------------------


def _zip(files: Sequence[Packable], stream: BinaryIO, epoch: int, store: bool) -> str:  # noqa: FBT001 - one of two alike
    """Write a zip, and return the sha256 over its files: name, size and bytes of each."""
    content = hashlib.sha256()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED if store else zipfile.ZIP_DEFLATED) as archive:
        for file in _within(files):
            with _bytes_of(file) as (data, size):
                _put(archive, _zip_member(file, size, epoch), data, content)
    return content.hexdigest()


def _put(archive: zipfile.ZipFile, member: zipfile.ZipInfo, data: io.RawIOBase, content: hashlib._Hash) -> None:
    content.update(f"{member.filename}\0{member.file_size}\0".encode())
    if member.is_dir():
        archive.writestr(member, b"")
        return
    member.compress_type = archive.compression
    with archive.open(member, "w") as stream:
        while piece := data.read(_PIECE):
            content.update(piece)
            stream.write(piece)


def _zip_member(file: Packable, size: int, epoch: int) -> zipfile.ZipInfo:
    moment = datetime.fromtimestamp(min(max(epoch, ZIP_FIRST), _ZIP_LAST), UTC)
    member = zipfile.ZipInfo(f"{file.name}/" if file.folder else file.name, moment.timetuple()[:6])
    kind = stat.S_IFDIR if file.folder else stat.S_IFREG
    member.create_system = _UNIX
    member.create_version = member.extract_version = _ZIP_VERSION
    member.external_attr = (kind | _mode(file)) << 16 | (0x10 if file.folder else 0)
    member.file_size = size
    return member


# --- both ------------------------------------------------------------------------------------


def _mode(file: Packable) -> int:
    if file.folder:
        return _FOLDER
    return _RUN if file.executable else _FILE


def _within(files: Sequence[Packable]) -> Sequence[Packable]:
    """Return the files, if together they are not larger than what is read again."""
    total = sum(0 if file.folder else file.path.lstat().st_size for file in files)
    if total > limits.MAX_CONTENT:
        why = f"{total} bytes are more than {limits.MAX_CONTENT}"
        raise UsageError("there is too much to pack", why=why, fix="pack the files apart")
    return files


@contextlib.contextmanager
def _bytes_of(file: Packable) -> Iterator[tuple[io.RawIOBase, int]]:
    """Give the bytes of a file, exactly as many as it had when it was opened, and their number."""
    if file.folder:
        yield _Exactly(file.name, io.BytesIO(), 0), 0
        return
    with plain_file.opened(file.path, what=file.name) as stream:
        size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        yield _Exactly(file.name, stream, size), size
        if stream.read(1):
            raise _changed(file.name)


class _Exactly(io.RawIOBase):
    """As many bytes of a file as it had when it was opened: no more, and not fewer either."""

    def __init__(self, name: str, stream: BinaryIO, size: int) -> None:
        self._name = name
        self._stream = stream
        self._left = size

    def read(self, count: int = -1) -> bytes:
        """Return the next bytes.

        Raises:
            UsageError: The file has become shorter.
        """
        wanted = self._left if count < 0 else min(count, self._left)
        data = self._stream.read(wanted)
        if len(data) < wanted:
            raise _changed(self._name)
        self._left -= len(data)
        return data


def _changed(name: str) -> UsageError:
    return UsageError(f"{name} changed while it was packed", why="its size is another now", fix="pack it again")
