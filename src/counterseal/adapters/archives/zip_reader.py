"""The members of a zip, as its directory and the header before each of them say. Nothing is unpacked to disk."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from counterseal import archives
from counterseal.archives import fields, limits, makers
from counterseal.errors import FormatError
from counterseal.model import Archive, Member, MemberKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from counterseal.model import Trace

_PIECE: Final = 1 << 18
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_UTF8: Final = 0x800
_ENCRYPTED: Final = 0x1
#: Other compressions may ask for any amount of memory before the first byte.
_READ: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
#: What reading a damaged or hostile zip can end in.
BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    OSError,
)


class ZipReader:
    """Reads the members of a zip.

    Args:
        stream: The file.
        name: Its name.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self._name = name
        self._budget = archives.MAX_SEARCHED
        self._read = 0
        self._texts: dict[str, bytes] = {}
        self._unseen = 0

    def archive(self) -> Archive:
        """Return what was seen.

        Raises:
            FormatError: It is damaged.
            LimitError: There is too much of something.
        """
        try:
            with zipfile.ZipFile(_Careful(self._stream)) as opened:
                infos = opened.infolist()
                limits.check(len(infos), limits.MAX_MEMBERS, "members")
                members = tuple(self._members(opened, infos))
        except BROKEN as error:
            why = str(error) or type(error).__name__
            raise FormatError("the zip is damaged", why=why, fix="download or build it again") from error
        compressed = any(info.compress_type == zipfile.ZIP_DEFLATED for info in infos)
        return Archive("zip", self._name, members, compressed=compressed, texts=self._texts, unseen=self._unseen)

    def _members(self, opened: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> Iterator[Member]:
        for info in infos:
            limits.check(len(info.orig_filename), limits.MAX_NAME, "characters in a name")
            odd, times, owners = fields.zip_extra(info.extra + self._local_extra(info))
            unnamed = not info.flag_bits & _UTF8 and not info.orig_filename.isascii()
            mode = info.external_attr >> 16
            yield Member(
                name=info.orig_filename,
                kind=_kind(info, mode),
                time=_time(info),
                mode=stat.S_IMODE(mode) if mode else None,
                owners=owners,
                fields=(*odd, *((archives.UNNAMED,) if unnamed else ())),
                times=times,
                traces=self._look(opened, info),
            )

    def _local_extra(self, info: zipfile.ZipInfo) -> bytes:
        """Return the extra fields before the bytes of a member: those hold more times than the directory does."""
        self._stream.seek(info.header_offset)
        head = self._stream.read(_LOCAL.size)
        if len(head) < _LOCAL.size or not head.startswith(b"PK\3\4"):
            raise FormatError("the zip is damaged", why=f"there is no member where {info.orig_filename!r} should be")
        *_, name_length, extra_length = _LOCAL.unpack(head)
        self._stream.seek(name_length, 1)
        return self._stream.read(extra_length)

    def _look(self, opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[Trace, ...]:
        """Return what was found inside of a member; only what tells something is read to its end."""
        if info.is_dir():
            return ()
        if info.flag_bits & _ENCRYPTED or info.compress_type not in _READ:
            self._unseen += info.file_size
            return ()
        looker, text = archives.Looker(info.orig_filename, self._budget), bytearray()
        telling = makers.wanted(info.orig_filename, info.file_size, self._texts)
        with opened.open(info) as stream:
            while (telling or looker.wants_more) and (piece := stream.read(_PIECE)):
                self._read += len(piece)
                limits.check(self._read, limits.MAX_CONTENT, "bytes unpacked")
                looker.feed(piece)
                if telling:
                    text += piece
        if telling:
            self._texts[info.orig_filename] = bytes(text[: makers.MAX_TEXT])
        self._budget -= looker.searched
        self._unseen += looker.unseen
        return looker.traces()


class _Careful:
    """A file of which nobody reads so much at once that it fills the memory: zipfile reads the directory as a whole."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.seek, self.tell, self.seekable, self.close = stream.seek, stream.tell, stream.seekable, _nothing

    def read(self, count: int = -1) -> bytes:
        """Return the next bytes.

        Raises:
            LimitError: Too many are wanted at once.
        """
        limits.check(count, limits.MAX_DIRECTORY, "bytes in a zip's directory")
        # without a number it is the end of the file, in which a comment may stand
        data = self._stream.read(limits.MAX_HEADER + 1 if count < 0 else count)
        limits.check(len(data) if count < 0 else 0, limits.MAX_HEADER, "bytes at a zip's end")
        return data


def _nothing() -> None:
    """Leave the file open: whoever opened it closes it."""


def _time(info: zipfile.ZipInfo) -> float | None:
    """Return a member's time as if it were in UTC; what leaves it out writes the month 0."""
    year, month, day, hour, minute, second = info.date_time
    if month == 0 or day == 0:
        return float(archives.ZIP_FIRST)
    try:
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _kind(info: zipfile.ZipInfo, mode: int) -> MemberKind:
    if stat.S_ISLNK(mode):
        return MemberKind.SYMLINK
    if info.is_dir():
        return MemberKind.FOLDER
    return MemberKind.FILE if stat.S_IFMT(mode) in (0, stat.S_IFREG) else MemberKind.SPECIAL
