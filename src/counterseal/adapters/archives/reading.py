"""An existing file → what was seen of it as an archive, told by its first bytes and not by its name."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from counterseal import archives, plain_file
from counterseal.adapters.archives.inflating import Inflating
from counterseal.adapters.archives.tar_reader import BLOCK, TarReader
from counterseal.adapters.archives.zip_reader import ZipReader
from counterseal.archives import fields, limits
from counterseal.errors import FormatError
from counterseal.model import Archive, Trace

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from counterseal.adapters.archives.tar_reader import Bytes

_PIECE: Final = 1 << 18
_TAR_MAGIC: Final = slice(257, 262)


class LocalArchives:
    """Reads archives of this machine (`ports.Archives`)."""

    def read(self, path: Path) -> Archive:
        """Return what was seen of an archive; nothing of it is unpacked to disk.

        Raises:
            UsageError: It is no plain file, or cannot be opened.
            FormatError: It is none that is known, or damaged.
            LimitError: There is too much of something.
        """
        with plain_file.opened(path.absolute(), max_bytes=limits.MAX_FILE, what=str(path)) as stream:
            head = stream.read(BLOCK)
            stream.seek(0)
            if head.startswith(fields.GZIP_MAGIC):
                return _compressed(stream, path.name)
            if head[_TAR_MAGIC] == b"ustar":
                return _tar(stream, path.name)
            if archives.is_program(head):
                return _program(stream, path.name)
            if head.startswith((b"PK\3\4", b"PK\5\6")):
                return ZipReader(stream, path.name).archive()
        raise FormatError(
            f"{path.name} is no archive that is known",
            why="it begins like no zip, gzip or tar, and like no program",
            fix="checked are wheels and other zips, tar, tar.gz, .crate, .tgz, .gz and programs",
        )


def _compressed(stream: BinaryIO, name: str) -> Archive:
    inflating = Inflating(stream)
    ahead = _Ahead(inflating, inflating.read(BLOCK))
    if ahead.head[_TAR_MAGIC] == b"ustar":
        found = _tar(ahead, name)
        kind, members, texts, unseen = found.kind, found.members, found.texts, found.unseen
        traces: tuple[Trace, ...] = ()
    else:
        kind, members, texts = "gzip", (), {}
        traces, unseen = _inside(ahead, name.removesuffix(".gz"))
    return Archive(
        kind,
        name,
        members,
        inflating.header,
        inflating.streams,
        compressed=True,
        texts=texts,
        traces=traces,
        unseen=unseen,
    )


def _tar(stream: Bytes, name: str) -> Archive:
    reader = TarReader(stream)
    members = tuple(islice(reader.members(), limits.MAX_MEMBERS + 1))
    limits.check(len(members), limits.MAX_MEMBERS, "members")
    return Archive("tar", name, members, texts=reader.texts, unseen=reader.unseen)


def _program(stream: BinaryIO, name: str) -> Archive:
    traces, unseen = _inside(stream, name)
    return Archive("program", name, traces=traces, unseen=unseen)


def _inside(stream: Bytes, name: str) -> tuple[tuple[Trace, ...], int]:
    looker = archives.Looker(name)
    while piece := stream.read(_PIECE):
        looker.feed(piece)
    return looker.traces(), looker.unseen


class _Ahead:
    """A stream of which the first bytes were looked at, and come again."""

    def __init__(self, stream: Bytes, head: bytes) -> None:
        self._stream = stream
        self.head = head
        self._left = head

    def read(self, count: int) -> bytes:
        """Return the next bytes."""
        data, self._left = self._left[:count], self._left[count:]
        return data if len(data) == count else data + self._stream.read(count - len(data))
