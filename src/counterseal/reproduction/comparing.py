"""How two files that should be the same differ: by members, order, modes, times, owners, content, or around these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.model import Difference
from counterseal.reproduction import archives

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from counterseal.reproduction.archives import Archive, Member

MAX_LISTED: Final = 20
_CHUNK: Final = 1 << 20
_FIELDS: Final = ("kind", "mode", "time", "owner", "content")
_LONGEST: Final = 200


def differences(released: BinaryIO, rebuilt: BinaryIO) -> tuple[tuple[Difference, ...], int]:
    """Return in what two files differ whose digests differ: the first differences, and how many more there are.

    Args:
        released: A file of the release.
        rebuilt: That of the second build.
    """
    first, second = archives.read(released), archives.read(rebuilt)
    if first is None or second is None:
        return (_bytes(released, rebuilt),), 0
    listed: list[Difference] = []
    count = 0
    for difference in _of_archives(first, second):
        count += 1
        if len(listed) < MAX_LISTED:
            listed.append(difference)
    if not count:
        listed, count = [Difference("compression", "", "the same members", "packed otherwise")], 1
    return tuple(listed), count - len(listed)


def _of_archives(first: Archive, second: Archive) -> Iterator[Difference]:
    ours = {member.name: member for member in first.members}
    theirs = {member.name: member for member in second.members}
    for name in sorted(ours.keys() - theirs.keys()):
        yield Difference("missing", _short(name), _short(ours[name].content), "")
    for name in sorted(theirs.keys() - ours.keys()):
        yield Difference("added", _short(name), "", _short(theirs[name].content))
    for name, member in ours.items():
        if name in theirs:
            yield from _of_members(member, theirs[name])
    yield from _of_order([name for name in ours if name in theirs], [name for name in theirs if name in ours])
    for label, archive, other in (("released", first, ours), ("rebuilt", second, theirs)):
        if len(archive.members) != len(other):
            doubles = f"{len(archive.members) - len(other)} names twice"
            yield Difference("frame", "", doubles if label == "released" else "", doubles if label == "rebuilt" else "")
    if first.frame != second.frame:
        yield Difference("frame", "", first.frame, second.frame)


def _of_members(first: Member, second: Member) -> Iterator[Difference]:
    for field in _FIELDS:
        ours, theirs = getattr(first, field), getattr(second, field)
        if ours != theirs:
            yield Difference(field, _short(first.name), _short(ours), _short(theirs))


def _of_order(first: list[str], second: list[str]) -> Iterator[Difference]:
    for ours, theirs in zip(first, second, strict=True):
        if ours != theirs:
            yield Difference("order", "", f"{_short(ours)} comes first", f"{_short(theirs)} comes first")
            return


def _bytes(released: BinaryIO, rebuilt: BinaryIO) -> Difference:
    """Return where two files begin to differ."""
    released.seek(0)
    rebuilt.seek(0)
    place = 0
    while True:
        ours, theirs = released.read(_CHUNK), rebuilt.read(_CHUNK)
        if ours != theirs or not ours:
            same = next((at for at, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]), None)
            at = place + (min(len(ours), len(theirs)) if same is None else same)
            sizes = (_size(released), _size(rebuilt))
            return Difference("content", "", *(f"{size} bytes, other ones from byte {at} on" for size in sizes))
        place += len(ours)


def _size(stream: BinaryIO) -> int:
    return stream.seek(0, 2)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
