"""What varies at the members of an archive: times, modes, owners, their order, and what else stands beside them."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from counterseal.archives.said import PAX_PROCESS, TOLD_ELSEWHERE, Said, allowed, certain, moment, perhaps
from counterseal.model import MemberKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from counterseal.model import Archive, Member

#: A difference of whole quarters of an hour, at most 14 hours, is a time zone.
_QUARTER, _FARTHEST, _ZIP_STEP = 900, 14 * 3600, 2
_DESCRIBES: Final = re.compile(r"(?:^|/)(?:[^/]+\.dist-info|META-INF)(?:/|$)")
_TRACES: Final = {
    "pyc-time": ("compiled Python files with the time of their source", "Python compares it with the file's"),
    "paths-go": ("paths of the build machine in Go programs", "the compiler notes where sources lay"),
    "paths-rust": ("paths of the build machine in Rust programs", "panics name the file that they come from"),
    "paths-c": ("paths of the build machine in programs", "__FILE__ and debug information name sources"),
    "paths-script": ("scripts that start a program in somebody's folder", "their first line has its absolute path"),
    "gzip-inside": ("compressed files inside, with a time in their header", "gzip writes the file's time"),
}


def look(archive: Archive, epoch: int | None, *, sorts: bool) -> Iterator[Said]:
    """Yield what varies at the members.

    Args:
        archive: What was seen.
        epoch: SOURCE_DATE_EPOCH, if it is known.
        sorts: Whether what made it is known to sort in its own way.
    """
    yield from _times(archive.members, epoch)
    yield from _zone(archive.members)
    yield from _modes(archive.members)
    yield from _owners(archive.members)
    yield from _order(archive.members, sorts=sorts)
    yield from _fields(archive.members, epoch)
    yield from _traces(archive)


def _times(members: Sequence[Member], epoch: int | None) -> Iterator[Said]:
    right = allowed(epoch)
    other = [each for each in members if each.time is not None and each.time not in right]
    if not other:
        return
    times = sorted({each.time for each in other if each.time is not None})
    where = [f"{each.name} ({moment(each.time or 0)})" for each in other]
    if len(times) > 1:
        what = f"times from {moment(times[0])} to {moment(times[-1])}: {_of(other, members)}"
        yield certain("times", what, "they come from the files or from the clock", where)
    elif epoch is not None:
        what = f"another time than SOURCE_DATE_EPOCH, {moment(times[0])}: {_of(other, members)}"
        yield certain("times", what, f"it is {moment(epoch)}", where)
    else:
        what = f"the time {moment(times[0])}: {_of(other, members)}"
        why = "right if that is the build's SOURCE_DATE_EPOCH, wrong if it is the clock's"
        yield perhaps("times-to-tell", what, why, where)


def _of(some: Sequence[object], members: Sequence[Member]) -> str:
    return f"{len(some)} of {len(members)} members"


def _zone(members: Sequence[Member]) -> Iterator[Said]:
    where = [each.name for each in members if each.time is not None and each.times and _is_zone(each.time, each.times)]
    if where:
        what = f"times in a local time zone: {_of(where, members)}"
        yield certain("zone", what, "a zip's own time is the local one, and the field beside it has UTC", where)


def _is_zone(local: float, times: Sequence[float]) -> bool:
    apart = abs(local - times[0])
    return _QUARTER - _ZIP_STEP <= apart <= _FARTHEST and min(apart % _QUARTER, -apart % _QUARTER) <= _ZIP_STEP


def _modes(members: Sequence[Member]) -> Iterator[Said]:
    where = [f"{each.name} ({each.mode:04o})" for each in members if each.mode is not None and _is_umask(each)]
    if where:
        what = f"permissions that depend on the umask: {_of(where, members)}"
        yield certain("modes", what, "they are as the files lay there, not 0644 or 0755", where)


def _is_umask(member: Member) -> bool:
    """Return whether permissions are not those that umask 022 leaves, or are those of nobody in particular."""
    mode = member.mode or 0
    if member.kind not in (MemberKind.FILE, MemberKind.FOLDER):
        return False
    read_by_all = mode & 0o444 == 0o444
    run_by_all = mode & 0o111 in (0, 0o111)
    return bool(mode & 0o7022) or not read_by_all or not run_by_all


def _owners(members: Sequence[Member]) -> Iterator[Said]:
    where = [f"{each.name} ({', '.join(each.owners)})" for each in members if each.owners]
    if where:
        yield certain("owners", f"owners: {_of(where, members)}", "whoever runs the build owns its files", where)


def _plain(name: str) -> str:
    return name


#: Sorted by bytes, without case, and (as npm and macOS do) without case and punctuation.
_KEYS: Final[tuple[Callable[[str], str], ...]] = (
    _plain,
    str.casefold,
    lambda name: re.sub(r"\W|_", "", name.casefold()),
)


def _order(members: Sequence[Member], *, sorts: bool) -> Iterator[Said]:
    """Say so if the members of some folder are in no order that a program would sort them into."""
    unsorted = {folder for (folder, _), names in _siblings(members).items() if not _is_sorted(names)}
    where = sorted(f"{folder or '.'}/" for folder in unsorted)
    if not where:
        return
    what = f"members that are not sorted by name: in {len(where)} folder{'' if len(where) == 1 else 's'}"
    if sorts:
        yield perhaps("order-to-tell", what, "this tool has an order of its own, the same each time", where)
    else:
        yield certain("order", what, "a file system gives names in an order of its own", where)


def _is_sorted(names: Sequence[str]) -> bool:
    keyed = ([key(name) for name in names] for key in _KEYS)
    return any(all(one <= other for one, other in pairwise(keys)) for keys in keyed)


def _siblings(members: Sequence[Member]) -> dict[tuple[str, bool], list[str]]:
    """Return the names in each folder as they come: (folder, whether these are its folders) → names.

    What describes an archive (`.dist-info`, `META-INF`) has its place by a rule, and is left out.
    """
    found: dict[tuple[str, bool], list[str]] = defaultdict(list)
    seen: set[str] = set()
    for member in members:
        if _DESCRIBES.search(member.name):
            continue
        folder, _, name = member.name.rstrip("/").rpartition("/")
        if member.kind is not MemberKind.FOLDER:
            found[folder, False].append(name)
        if folder and folder not in seen:
            seen.add(folder)
            above, _, inner = folder.rpartition("/")
            found[above, True].append(inner)
    return found


def _fields(members: Sequence[Member], epoch: int | None) -> Iterator[Said]:
    right = allowed(epoch)
    process = [each.name for each in members if PAX_PROCESS in each.fields]
    if process:
        what = f"extended headers that are called after a process: {_of(process, members)}"
        yield certain("pax-process", what, "GNU tar writes it where POSIX asks for it", process)
    where = []
    for each in members:
        varying = [field for field in each.fields if field not in TOLD_ELSEWHERE]
        if varying and not (each.times and varying == ["extended timestamp"] and right.issuperset(each.times)):
            where.append(f"{each.name} ({', '.join(varying)})")
    if where:
        what = f"extended fields: {_of(where, members)}"
        yield certain("fields", what, "they hold what the file system says of a file: times, numbers, owners", where)


def _traces(archive: Archive) -> Iterator[Said]:
    found: dict[str, list[str]] = defaultdict(list)
    for trace in archive.traces:
        found[trace.code].append(trace.words)
    for member in archive.members:
        for trace in member.traces:
            found[trace.code].append(f"{member.name} ({trace.words})")
    for code, where in found.items():
        what, why = _TRACES[code]
        yield certain(code, f"{what}: {len(where)} found", why, where)
