"""Archives: what stands in one beside the bytes of its files, and what is to be put into one."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class MemberKind(StrEnum):
    """What a member of an archive is."""

    FILE = "file"
    FOLDER = "folder"
    SYMLINK = "symlink"
    HARD_LINK = "hard link"
    SPECIAL = "device or pipe"


@dataclass(frozen=True, slots=True)
class Trace:
    """Something of the machine or the moment that was found inside of a file: its code, and what it says."""

    code: str
    words: str


@dataclass(frozen=True, slots=True)
class Member:
    """What an archive says of one of its files.

    Attributes:
        name: As it stands there; bytes that are no UTF-8 are surrogates.
        kind: What it is.
        time: Seconds since 1970; of a zip as if its clock showed UTC. None if there is none.
        mode: Permission bits; None if there are none.
        owners: Numbers and names of its owner and group that are neither 0, `root` nor empty.
        target: Where a link leads.
        fields: What else stands beside it: extended fields of zip, records of pax.
        times: Seconds since 1970 from extended fields, in UTC.
        traces: What was found inside of it.
    """

    name: str
    kind: MemberKind
    time: float | None = None
    mode: int | None = None
    owners: tuple[str, ...] = ()
    target: str = ""
    fields: tuple[str, ...] = ()
    times: tuple[float, ...] = ()
    traces: tuple[Trace, ...] = ()


@dataclass(frozen=True, slots=True)
class GzipHeader:
    """What stands before the compressed bytes (RFC 1952): time, name, operating system, and where it ends."""

    time: int
    system: int
    name: str | None
    length: int


@dataclass(frozen=True, slots=True)
class Archive:
    """What was seen of an archive, of which nothing was unpacked.

    Attributes:
        kind: `zip`, `tar`, `gzip` (one compressed file) or `program`.
        name: The file's own name.
        members: In their order there.
        gzip: Its header, if it is compressed by gzip.
        gzip_streams: How many stand one after the other.
        compressed: Whether deflate made its bytes.
        texts: Small members that tell who made it, by name.
        traces: What was found inside of a file that holds no members.
        unseen: How many bytes of programs were not searched, because there were too many.
    """

    kind: str
    name: str
    members: tuple[Member, ...] = ()
    gzip: GzipHeader | None = None
    gzip_streams: int = 0
    compressed: bool = False
    texts: dict[str, bytes] = field(default_factory=dict)
    traces: tuple[Trace, ...] = ()
    unseen: int = 0


@dataclass(frozen=True, slots=True)
class Packable:
    """A file, or an empty folder, that is to be packed: its name in the archive, where it lies, what its owner may."""

    name: str
    path: Path
    executable: bool = False
    folder: bool = False


@dataclass(frozen=True, slots=True)
class Packed:
    """An archive that was made: where, its sha256, its size, and the sha256 of what is inside before compression."""

    path: Path
    digest: str
    size: int
    content_digest: str
