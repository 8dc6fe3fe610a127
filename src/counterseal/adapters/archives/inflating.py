"""A stream of what gzip compressed, read forwards once, with an end to what never ends."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from counterseal.archives import fields, limits
from counterseal.errors import FormatError

if TYPE_CHECKING:
    from typing import BinaryIO

    from counterseal.model import GzipHeader

_PIECE: Final = 1 << 18
_GZIP: Final = 31
_MAX_STREAMS: Final = 100_000


class Inflating:
    """Reads compressed bytes.

    Attributes:
        header: The header of the first stream.
        streams: How many were met so far, one after the other.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._given = stream.read(_PIECE)
        header = fields.gzip_header(self._given)
        if header is None:
            raise FormatError("the header of gzip is malformed", why="it is cut, or uses what RFC 1952 reserves")
        self.header: GzipHeader = header
        self.streams = 1
        self._inflate = zlib.decompressobj(_GZIP)
        self._ready = bytearray()
        self._at = 0
        self._total = 0
        self._ended = False

    def read(self, count: int) -> bytes:
        """Return the next bytes, fewer than `count` only at the end.

        Raises:
            FormatError: They are cut, or their checksum is another.
            LimitError: There are too many.
        """
        while len(self._ready) - self._at < count and not self._ended:
            self._fill()
        data = bytes(self._ready[self._at : self._at + count])
        self._at += len(data)
        if self._at > _PIECE:
            del self._ready[: self._at]
            self._at = 0
        return data

    def _fill(self) -> None:
        if not self._given:
            self._given = self._stream.read(_PIECE)
            if not self._given:
                raise FormatError("the compressed bytes are cut", why="they end within a stream", fix=AGAIN)
        try:
            piece = self._inflate.decompress(self._given, _PIECE)
        except zlib.error as error:
            raise FormatError("the compressed bytes are damaged", why=str(error), fix=AGAIN) from error
        self._given = self._inflate.unconsumed_tail
        self._total += len(piece)
        limits.check(self._total, limits.MAX_CONTENT, "bytes unpacked")
        self._ready += piece
        if self._inflate.eof:
            self._next_stream(self._inflate.unused_data)

    def _next_stream(self, rest: bytes) -> None:
        """Begin the stream that follows, if one does; zeros after the last are padding."""
        rest = (rest or self._stream.read(_PIECE)).lstrip(b"\0")
        while not rest:
            piece = self._stream.read(_PIECE)
            if not piece:
                self._ended = True
                return
            rest = piece.lstrip(b"\0")
        if len(rest) < len(fields.GZIP_MAGIC):
            rest += self._stream.read(_PIECE)
        if not rest.startswith(fields.GZIP_MAGIC):
            why = "another stream or zeros may follow, nothing else"
            raise FormatError("bytes that are no gzip follow the compressed ones", why=why, fix=AGAIN)
        self.streams += 1
        limits.check(self.streams, _MAX_STREAMS, "streams of gzip")
        self._inflate, self._given = zlib.decompressobj(_GZIP), rest


AGAIN: Final = "download or build it again"
