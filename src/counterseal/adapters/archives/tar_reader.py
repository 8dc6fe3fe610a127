"""The members of a tar, header by header. Nothing is unpacked, no header is believed to have the length that it says.

The standard library reads each header; what it would read as a whole into memory, extended headers, is read here
within limits, and their names are seen, which it keeps to itself.
"""

from __future__ import annotations

import re
import tarfile
from typing import TYPE_CHECKING, Final, Protocol

from counterseal import archives
from counterseal.archives import fields, limits, makers
from counterseal.errors import FormatError
from counterseal.model import Member, MemberKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.model import Trace

BLOCK: Final = 512
_PIECE: Final = 1 << 18
_PAX, _GLOBAL, _LONG_NAME, _LONG_LINK = b"x", b"g", b"L", b"K"
_EXTENDED: Final = frozenset({_PAX, b"X", _GLOBAL, _LONG_NAME, _LONG_LINK})
_KINDS: Final = {
    tarfile.DIRTYPE: MemberKind.FOLDER,
    tarfile.SYMTYPE: MemberKind.SYMLINK,
    tarfile.LNKTYPE: MemberKind.HARD_LINK,
    tarfile.CHRTYPE: MemberKind.SPECIAL,
    tarfile.BLKTYPE: MemberKind.SPECIAL,
    tarfile.FIFOTYPE: MemberKind.SPECIAL,
}
#: Records of pax that stand for a field of the header; others are told.
_USUAL: Final = frozenset(
    {"path", "linkpath", "size", "uid", "gid", "uname", "gname", "mtime", "comment", "hdrcharset"}
)
_WITH_PROCESS: Final = re.compile(r"(?:^|/)PaxHeaders\.[1-9][0-9]*/")
_NOBODY: Final = frozenset({"", "root"})


class Bytes(Protocol):
    """What is read: forwards, fewer bytes than asked for only at its end."""

    def read(self, count: int, /) -> bytes:
        """Return the next bytes."""


class TarReader:
    """Reads the members of a tar.

    Args:
        stream: Its bytes, uncompressed.

    Attributes:
        texts: Small members that tell who made it.
        unseen: How many bytes of programs were not searched.
    """

    def __init__(self, stream: Bytes) -> None:
        self._stream = stream
        self._budget = archives.MAX_SEARCHED
        self.texts: dict[str, bytes] = {}
        self.unseen = 0
        self._named = 0

    def members(self) -> Iterator[Member]:
        """Yield each member.

        Raises:
            FormatError: A header is malformed, or the end is missing.
            LimitError: There is too much of something.
        """
        shared: dict[str, str] = {}
        own: dict[str, str] = {}
        marks: list[str] = []
        count = 0
        while (header := self._header()) is not None:
            if header.type in _EXTENDED:
                count += 1
                self._extend(header, shared, own, marks)
            else:
                count += 1
                yield self._member(header, {**shared, **own}, marks)
                own, marks = {}, []
            limits.check(count, 2 * limits.MAX_MEMBERS, "headers in a tar")

    def _header(self) -> tarfile.TarInfo | None:
        block = self._stream.read(BLOCK)
        if len(block) == BLOCK and not block.strip(b"\0"):
            self._drain()
            return None
        try:
            return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            why = f"a header of tar: {error}"
            raise FormatError("the tar is damaged or cut", why=why, fix="download or build it again") from error

    def _drain(self) -> None:
        """Read to the end, so that a checksum there is compared; what follows the members is no member."""
        total = 0
        while piece := self._stream.read(_PIECE):
            total += len(piece)
            limits.check(total, limits.MAX_CONTENT, "bytes after the end of a tar")

    def _extend(self, header: tarfile.TarInfo, shared: dict[str, str], own: dict[str, str], marks: list[str]) -> None:
        """Read an extended header: it speaks of the next member, or of all that follow."""
        limits.check(header.size, limits.MAX_HEADER, "bytes in an extended header")
        data = self._data(header.size)
        if header.type in (_LONG_NAME, _LONG_LINK):
            key = "path" if header.type == _LONG_NAME else "linkpath"
            own[key] = data.rstrip(b"\0").decode("utf-8", "surrogateescape")
            return
        records = shared if header.type == _GLOBAL else own
        records.update(fields.pax(data))
        limits.check(len(records), limits.MAX_RECORDS, "records in extended headers")
        if _WITH_PROCESS.search(header.name):
            marks.append(archives.PAX_PROCESS)

    def _data(self, size: int) -> bytes:
        if size < 0:
            raise FormatError("the tar is damaged", why="a member has fewer than no bytes")
        data = self._stream.read(size + -size % BLOCK)
        if len(data) < size:
            raise FormatError("the tar is cut", why="it ends within a member", fix="download or build it again")
        return data[:size]

    def _member(self, header: tarfile.TarInfo, records: dict[str, str], marks: list[str]) -> Member:
        if header.type == tarfile.GNUTYPE_SPARSE:
            raise FormatError(
                f"{header.name!r} has holes", why="sparse members are not read", fix="tar without --sparse"
            )
        name = records.get("path", header.name)
        target = records.get("linkpath", header.linkname)
        limits.check(max(len(name), len(target)), limits.MAX_NAME, "characters in a name")
        self._named += len(name) + len(target)
        limits.check(self._named, limits.MAX_NAMES, "characters in all names")
        kind = _KINDS.get(header.type, MemberKind.FILE)
        size = _number(records.get("size"), header.size) if kind is MemberKind.FILE else 0
        time, whole = _time(records.get("mtime"), header.mtime)
        odd = [*([] if whole else ["mtime below a second"]), *(key[:80] for key in records if key not in _USUAL)]
        return Member(
            name=name,
            kind=kind,
            time=time,
            mode=header.mode & 0o7777,
            owners=_owners(header, records),
            target=target,
            fields=(*dict.fromkeys(marks), *odd[: limits.KEPT_FIELDS]),
            traces=self._look(name, size),
        )

    def _look(self, name: str, size: int) -> tuple[Trace, ...]:
        """Pass over the bytes of a member, and return what was found in them."""
        if size < 0:
            raise FormatError("the tar is damaged", why=f"{name!r} has fewer than no bytes")
        looker, left, text = archives.Looker(name, self._budget), size + -size % BLOCK, bytearray()
        telling = makers.wanted(name, size, self.texts)
        while left:
            piece = self._stream.read(min(left, _PIECE))
            if not piece:
                raise FormatError("the tar is cut", why=f"it ends within {name!r}", fix="download or build it again")
            left -= len(piece)
            looker.feed(piece)
            if telling:
                text += piece
        if telling:
            self.texts[name] = bytes(text[:size])
        self._budget -= looker.searched
        self.unseen += looker.unseen
        return looker.traces()


def _number(text: str | None, otherwise: int) -> int:
    if text is None:
        return otherwise
    if not text.isascii() or not text.isdigit() or len(text) > 20:
        raise FormatError("a record of an extended header is malformed", why=f"{text[:40]!r} is no number")
    return int(text)


def _time(text: str | None, otherwise: float) -> tuple[float, bool]:
    """Return a time, and whether it is one of whole seconds."""
    if text is None:
        return float(otherwise), True
    found = re.fullmatch(r"(-?[0-9]{1,18})(?:\.([0-9]{0,30}))?", text, re.ASCII)
    if found is None:
        raise FormatError("a record of an extended header is malformed", why=f"{text[:40]!r} is no time")
    return float(found[1]), not (found[2] or "").strip("0")


def _owners(header: tarfile.TarInfo, records: dict[str, str]) -> tuple[str, ...]:
    numbers = (records.get("uid", str(header.uid)), records.get("gid", str(header.gid)))
    names = (records.get("uname", header.uname), records.get("gname", header.gname))
    shown = [*(each for each in names if each not in _NOBODY), *(each for each in numbers if each != "0")]
    return tuple(each[:80] for each in shown)
