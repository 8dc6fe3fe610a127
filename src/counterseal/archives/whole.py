"""What varies at an archive as a whole: the header of gzip, compression, and names that a reader cannot rely on."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from counterseal.archives.said import UNNAMED, Said, allowed, certain, moment, perhaps
from counterseal.formats import visible
from counterseal.model import MemberKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from counterseal.model import Archive, Member

#: gzip's byte for the operating system: Unix is what every program writes on Linux, and 255 says nothing.
_USUAL_SYSTEMS: Final = frozenset({3, 255})
_SYSTEMS: Final = {0: "FAT (Windows)", 7: "Macintosh", 10: "NTFS or TOPS-20", 11: "NTFS", 19: "macOS"}
_DRIVE: Final = re.compile(r"[A-Za-z]:")


def look(archive: Archive, epoch: int | None) -> Iterator[Said]:
    """Yield what varies.

    Args:
        archive: What was seen.
        epoch: SOURCE_DATE_EPOCH, if it is known.
    """
    yield from _gzip(archive, epoch)
    yield from _names(archive.members)
    yield from _links(archive.members)
    if archive.compressed:
        why = (
            "its bytes depend on the library, its version and the level: what is inside can be equal, and the file not"
        )
        yield perhaps("deflate", "it is compressed", why)
    if archive.unseen:
        yield perhaps("unseen", f"{archive.unseen} bytes of programs were not searched", "they are too many")


def _gzip(archive: Archive, epoch: int | None) -> Iterator[Said]:
    header = archive.gzip
    if header is None:
        return
    if header.time not in allowed(epoch):
        what, why = f"gzip's header has the time {moment(header.time)}", "it is the clock's, or that of the file"
        yield certain("gzip-time", what, why)
    if header.name is not None:
        same = _stem(header.name) == _stem(archive.name)
        why = "the same as long as the file is called so" if same else "the file was called so when it was compressed"
        what = f"gzip's header has the name {header.name!r}"
        yield perhaps("gzip-name-to-tell", what, why) if same else certain("gzip-name", what, why)
    if header.system not in _USUAL_SYSTEMS:
        system = _SYSTEMS.get(header.system, "another one")
        what = f"gzip's header says that the operating system is {header.system}: {system}"
        yield perhaps("gzip-system", what, "another machine writes another number")
    if archive.gzip_streams > 1:
        what = f"{archive.gzip_streams} streams of gzip stand one after the other"
        yield perhaps("gzip-streams", what, "programs that compress in parallel cut where their threads do")


def _stem(name: str) -> str:
    return re.sub(r"\.(?:gz|tgz|tar|crate)\b", "", name)


def _names(members: Sequence[Member]) -> Iterator[Said]:
    names = [member.name for member in members]
    for code, fits, what, why in (
        (
            "names-outside",
            _leads_out,
            "names that are absolute or lead out of the archive",
            "they name a machine's folders",
        ),
        ("names-hidden", _is_hidden, "names with characters that nobody sees", "a log or a terminal acts on them"),
    ):
        if where := [name for name in names if fits(name)]:
            yield certain(code, f"{what}: {len(where)} found", why, where)
    if where := [name for name, count in Counter(names).items() if count > 1]:
        yield certain("names-twice", f"names that are there more than once: {len(where)}", "one hides the other", where)
    if where := [each.name for each in members if UNNAMED in each.fields or _is_no_text(each.name)]:
        what = f"names that are neither ASCII nor marked as UTF-8: {len(where)}"
        yield certain("names-encoding", what, "how they read depends on the locale", where)


def _leads_out(name: str) -> bool:
    return name.startswith(("/", "\\")) or bool(_DRIVE.match(name)) or ".." in re.split(r"[/\\]", name)


def _is_hidden(name: str) -> bool:
    return any(visible.hidden(char) and not _is_no_text(char) for char in name)


def _is_no_text(name: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in name)


def _links(members: Sequence[Member]) -> Iterator[Said]:
    kinds: tuple[tuple[str, Callable[[Member], bool], str, str], ...] = (
        ("links", lambda each: each.kind is MemberKind.HARD_LINK, "hard links", "a copy of the files has none"),
        ("links-outside", _is_link_outside, "links to absolute paths", "they name a machine's folders"),
        ("special", lambda each: each.kind is MemberKind.SPECIAL, "devices or pipes", "no build needs them"),
    )
    for code, fits, what, why in kinds:
        if where := [each.name for each in members if fits(each)]:
            yield certain(code, f"{what}: {len(where)} found", why, where)


def _is_link_outside(member: Member) -> bool:
    return member.kind is MemberKind.SYMLINK and member.target.startswith("/")
