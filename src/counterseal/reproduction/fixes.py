"""The usual causes of a difference, and what people do about them, by what differs and by what made the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import BinaryIO

    from counterseal.model import Difference

_BY_KIND: Final[Mapping[str, str]] = {
    "time": "times: set SOURCE_DATE_EPOCH (git log -1 --format=%ct) in both builds; tar --mtime=@$SOURCE_DATE_EPOCH",
    "mode": "modes: umask 022 before the build",
    "order": "order: tar --sort=name; PYTHONHASHSEED=0 where a program writes sets or dicts",
    "owner": "owner: tar --owner=0 --group=0 --numeric-owner",
    "compression": "compression: build with the same version of the tool, and so of zlib, and the same level",
    "frame": "around the members: gzip -n; the same version of the tool",
    "missing": "members: the first build found files that are not in the source, or not fetched",
    "added": "members: the first build lacked files, or left them out",
}
_CONTENT: Final[Mapping[str, str]] = {
    "go": "a Go binary: go build -trimpath -buildvcs=false, and the same version of Go",
    "rust": "a Rust binary: RUSTFLAGS=--remap-path-prefix=$PWD=., codegen-units = 1, and the same version of Rust",
    "native": "a native binary: -ffile-prefix-map=$PWD=., SOURCE_DATE_EPOCH instead of __DATE__, the same compiler",
    "pyc": ".pyc: python -m compileall --invalidation-mode unchecked-hash, or leave them out",
    "text": "content: look for times, paths, host names and random numbers that the build writes (diffoscope)",
}
_MARKS: Final = (
    (b"\xff Go buildinf:", "go"),
    (b"Go build ID:", "go"),
    (b"/rustc/", "rust"),
    (b"rustc version", "rust"),
)
_BINARIES: Final = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_CHUNK: Final = 4 << 20
_LOOKED_AT: Final = 256 << 20


def made_by(stream: BinaryIO) -> str:
    """Return what kind of file it is: `go`, `rust`, `native` or `text` for all else; read from its beginning."""
    stream.seek(0)
    head = stream.read(_CHUNK)
    if not head.startswith(_BINARIES):
        return "text"
    tail, read = b"", 0
    while head and read < _LOOKED_AT:
        part = tail + head
        for mark, kind in _MARKS:
            if mark in part:
                return kind
        tail, read = head[-32:], read + len(head)
        head = stream.read(_CHUNK)
    return "native"


def usual(differences: Iterable[Difference], kind: str) -> list[str]:
    """Return the usual fixes of what differs, each once.

    Args:
        differences: Of one artifact.
        kind: What `made_by` says of it.
    """
    found: dict[str, None] = {}
    for each in differences:
        if each.kind != "content":
            found.setdefault(_BY_KIND.get(each.kind, ""))
        elif each.member.endswith(".pyc"):
            found.setdefault(_CONTENT["pyc"])
        else:
            found.setdefault(_CONTENT["text" if each.member else kind])
    return [fix for fix in found if fix]
