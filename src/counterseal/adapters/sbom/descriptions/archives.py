"""One file out of an archive that somebody else made, within bounds. Nothing is unpacked; malformed is None.

`zipfile` reads the list of members at once, and of bzip2 and LZMA whole blocks, so both are kept from it. `tarfile`
reads what extended headers announce and has looped on sizes below zero; the headers here are read in place.
Sources: PKWARE APPNOTE 6.3.10; POSIX.1-2024 pax, "ustar interchange format".
"""

from __future__ import annotations

import gzip
import struct
import zipfile
import zlib
from io import RawIOBase
from typing import TYPE_CHECKING, Final

from counterseal.adapters.sbom.checkout import MAX_MANIFEST_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

#: Bytes of a zip archive's list of members.
MAX_LIST_BYTES: Final = 4 << 20
#: Bytes of a tar archive that are looked through, unpacked.
MAX_TAR_BYTES: Final = 32 << 20
_BLOCK: Final = 512
_PLAIN_KINDS: Final = (b"0", b"\0")
_ENCRYPTED: Final = 1
_MALFORMED: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, RuntimeError, LookupError,
    OverflowError,
)  # fmt: skip


def zip_member(stream: BinaryIO, fits: Callable[[str], bool]) -> bytes | None:
    """Return the first member of a zip archive whose name fits, of at most 1 MiB."""
    try:
        with zipfile.ZipFile(_Bounded(stream)) as archive:
            member = next((member for member in archive.infolist() if fits(member.filename)), None)
            if member is None or member.file_size > MAX_MANIFEST_BYTES or member.flag_bits & _ENCRYPTED:
                return None
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                return None
            with archive.open(member) as content:
                return content.read(MAX_MANIFEST_BYTES)
    except _MALFORMED:
        return None


def tar_member(stream: BinaryIO, name: str) -> bytes | None:
    """Return a member of a gzipped tar archive by its name (of at most 100 bytes), of at most 1 MiB."""
    try:
        with gzip.GzipFile(fileobj=stream) as archive:
            return _member(archive, name.encode())
    except (*_MALFORMED, MemoryError):
        return None


def _member(archive: gzip.GzipFile, name: bytes) -> bytes | None:
    looked_through = 0
    while looked_through < MAX_TAR_BYTES:
        header = archive.read(_BLOCK)
        if len(header) < _BLOCK or not header.strip(b"\0"):
            return None
        size = int(header[124:136].strip(b" \0") or b"0", 8)
        if size < 0:
            return None
        if header[:100].rstrip(b"\0") == name and header[156:157] in _PLAIN_KINDS:
            return archive.read(size) if size <= MAX_MANIFEST_BYTES else None
        padded = -(-size // _BLOCK) * _BLOCK
        looked_through += _BLOCK + padded
        if looked_through < MAX_TAR_BYTES:
            archive.seek(padded, 1)
    return None


class _Bounded(RawIOBase):
    """A stream of which at most 4 MiB are read at once."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size if 0 <= size <= MAX_LIST_BYTES else MAX_LIST_BYTES + 1)
        if len(data) > MAX_LIST_BYTES:
            raise ValueError("more at once than any list of members has")
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def seekable(self) -> bool:
        return True
