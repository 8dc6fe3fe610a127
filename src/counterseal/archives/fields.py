"""Small fields of archives, read from bytes: gzip's header, pax's records, the extra fields of zip.

Whoever made the bytes may be an enemy: lengths are held against what there is, and nothing is believed to be text.
"""

from __future__ import annotations

import struct
from itertools import islice
from typing import TYPE_CHECKING, Final

from counterseal.archives import limits
from counterseal.errors import FormatError
from counterseal.model import GzipHeader

if TYPE_CHECKING:
    from collections.abc import Iterator

GZIP_MAGIC: Final = b"\x1f\x8b\x08"
_EXTRA, _NAME, _COMMENT, _CHECK, _RESERVED = 4, 8, 16, 2, 0xE0
_UNIX_TIMES, _UNIX_IDS, _NTFS, _OLD_UNIX, _ASI_UNIX = 0x5455, 0x7875, 0x000A, 0x5855, 0x756E
#: Fields that say nothing of a machine: large sizes, the mark of a jar, names in Unicode, padding.
_HARMLESS: Final = frozenset({0x0001, 0xCAFE, 0x7075, 0x6375, 0xD935, 0xA11E})
_CALLED: Final = {
    _NTFS: "times of NTFS",
    _OLD_UNIX: "times and owner (old Info-ZIP)",
    _ASI_UNIX: "owner (ASi)",
}
_NUMBER_DIGITS: Final = 20


def gzip_header(data: bytes) -> GzipHeader | None:
    """Return the header that `data` begins with (RFC 1952, 2.3), or None: it does not begin with a whole one."""
    if len(data) < 10 or not data.startswith(GZIP_MAGIC) or data[3] & _RESERVED:
        return None
    flags, (time,), system, at = data[3], struct.unpack("<I", data[4:8]), data[9], 10
    if flags & _EXTRA:
        at += 2 + int.from_bytes(data[at : at + 2], "little")
    name = None
    for flag in (_NAME, _COMMENT):
        if flags & flag:
            end = data.find(b"\0", at)
            if end < 0:
                return None
            name = data[at:end].decode("latin-1") if flag == _NAME else name
            at = end + 1
    at += 2 if flags & _CHECK else 0
    return GzipHeader(time, system, name, at) if at <= len(data) else None


def pax(data: bytes) -> dict[str, str]:
    """Return the records of an extended header (POSIX.1-2001 pax): `LENGTH KEY=VALUE`, a line each.

    Raises:
        FormatError: It is not in this form.
        LimitError: There are too many.
    """
    records: dict[str, str] = {}
    at = 0
    while at < len(data) and data[at] != 0:
        blank = data.find(b" ", at, at + _NUMBER_DIGITS)
        length = int(data[at:blank]) if blank > at and data[at:blank].isdigit() else 0
        line = data[blank + 1 : at + length]
        limits.check(len(records), limits.MAX_RECORDS, "records in an extended header")
        key, equals, value = line[:-1].partition(b"=")
        if not equals or not line.endswith(b"\n") or at + length > len(data):
            raise FormatError("a record of an extended header is malformed", why="it is not `LENGTH KEY=VALUE`")
        records[key.decode("utf-8", "replace")] = value.decode("utf-8", "surrogateescape")
        at += length
    return records


def zip_extra(data: bytes) -> tuple[tuple[str, ...], tuple[float, ...], tuple[str, ...]]:
    """Return what the extra fields of a member say: their names, times in UTC, owners other than 0 (APPNOTE, 4.5)."""
    names: list[str] = []
    times: list[float] = []
    owners: list[str] = []
    for kind, body in islice(_extra_fields(data), 4 * limits.KEPT_FIELDS):
        if kind == _UNIX_TIMES:
            names.append("extended timestamp")
            whole = min((len(body) - 1) // 4, 3)
            times += [float(each) for each in struct.unpack(f"<{whole}i", body[1 : 1 + 4 * whole])] if whole > 0 else []
        elif kind == _UNIX_IDS:
            owners += [str(number) for number in islice(_ids(body), 2) if number]
        elif kind not in _HARMLESS:
            names.append(_CALLED.get(kind, f"field {kind:#06x}"))
    return tuple(dict.fromkeys(names))[: limits.KEPT_FIELDS], tuple(times[:6]), tuple(dict.fromkeys(owners))


def _extra_fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(data):
        kind, length = struct.unpack("<HH", data[at : at + 4])
        yield kind, data[at + 4 : at + 4 + length]
        at += 4 + length


def _ids(body: bytes) -> Iterator[int]:
    at = 1
    while at < len(body):
        length = body[at]
        yield int.from_bytes(body[at + 1 : at + 1 + length], "little")
        at += 1 + length
