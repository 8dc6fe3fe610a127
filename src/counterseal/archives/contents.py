"""What the bytes of a file carry of the machine and the moment at which they were made.

A file is looked at piece by piece, and only for what can be told from its bytes alone.
"""

from __future__ import annotations

import re
import struct
from typing import Final

from counterseal.archives import fields, limits
from counterseal.model import Trace

#: How many bytes of programs are searched in an archive; and how many paths of one are told.
MAX_SEARCHED: Final = 256 << 20
_TOLD: Final = 3
_OVERLAP: Final = 512
_PROGRAMS: Final = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"MZ")
#: An absolute path of a source file. What Rust gives its own libraries is the same on every machine.
_SOURCE: Final = re.compile(
    rb"(?<![\w.+@~$}/-])(?!/rustc/|/rust/deps/)(?:[A-Z]:)?(?:[\\/][\w.+@~-]{1,100}){1,24}?[\\/][\w.+@-]{1,80}?"
    rb"\.(?P<kind>go|rs|cpp|cxx|cc|c|hpp|h|swift|zig)(?![A-Za-z0-9])",
    re.ASCII,
)
_LANGUAGES: Final = {"go": "go", "rs": "rust"}
_SHEBANG: Final = re.compile(
    rb"#! ?(/(?:home|Users|root|builds|tmp|private|__w|work|opt/hostedtoolcache)/[^\s\0]{1,200})"
)
_PYC_HEAD: Final = 16


def is_program(head: bytes) -> bool:
    """Return whether a file that begins so is a program or library of Linux, macOS or Windows."""
    return head.startswith(_PROGRAMS)


class Looker:
    """Looks at one file.

    Args:
        name: Its name in the archive.
        budget: How many bytes of a program may still be searched.
    """

    def __init__(self, name: str, budget: int = MAX_SEARCHED) -> None:
        self._name = name
        self._budget = budget
        self._kept = b""
        self._first = True
        self._program = False
        self._paths: dict[str, str] = {}
        self._traces: list[Trace] = []
        self.searched = 0
        self.unseen = 0

    @property
    def wants_more(self) -> bool:
        """Return whether the rest of the file would be looked at."""
        return self._first or (self._program and len(self._paths) < _TOLD)

    def feed(self, piece: bytes) -> None:
        """Take the next bytes of the file; the first piece should have a few hundred, if the file does."""
        if self._first and piece:
            self._first = False
            self._look_at_head(piece)
        if not self._program or len(self._paths) >= _TOLD:
            return
        if self.searched + len(piece) > self._budget:
            self.unseen += len(piece)
            return
        self.searched += len(piece)
        self._search(self._kept + piece)
        self._kept = piece[-_OVERLAP:]

    def traces(self) -> tuple[Trace, ...]:
        """Return what was found so far."""
        return (
            *self._traces,
            *(Trace(f"paths-{language}", path[: limits.KEPT_WORDS]) for path, language in self._paths.items()),
        )

    def _look_at_head(self, head: bytes) -> None:
        self._program = is_program(head)
        if self._name.endswith(".pyc") and len(head) >= _PYC_HEAD:
            (flags,) = struct.unpack("<I", head[4:8])
            if flags & 1 == 0:
                self._traces.append(Trace("pyc-time", str(struct.unpack("<I", head[8:12])[0])))
        elif found := _SHEBANG.match(head):
            self._traces.append(Trace("paths-script", found[1].decode("utf-8", "replace")))
        elif (header := fields.gzip_header(head[:_OVERLAP])) is not None and header.time:
            self._traces.append(Trace("gzip-inside", str(header.time)))

    def _search(self, data: bytes) -> None:
        for found in _SOURCE.finditer(data):
            path = found[0].decode("utf-8", "replace")
            self._paths.setdefault(path, _LANGUAGES.get(found["kind"].decode(), "c"))
            if len(self._paths) >= _TOLD:
                return
