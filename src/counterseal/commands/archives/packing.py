"""`pack`: makes archives whose bytes follow from the files alone, and lists them in `SHA256SUMS`."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal import archives, plain_file
from counterseal.archives import Flaw
from counterseal.commands import outputs
from counterseal.errors import UsageError
from counterseal.formats import subject
from counterseal.identifiers import CHECKSUMS_FILE
from counterseal.model import Packed
from counterseal.ports import Tell, silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.ports import ArchiveReader, Packer

ENDINGS: Final = (".tar.gz", ".tgz", ".zip")
#: What packing cannot change: it stands in the files.
_IN_FILES: Final = ("pyc-time", "paths-", "gzip-inside")


@dataclass(frozen=True, slots=True)
class PackInputs:
    """What `pack` is asked for.

    Attributes:
        sources: Files, folders and globs.
        to: The archives; their names say which kind they are.
        prefix: A folder in the archives that all is put into; none if empty.
        epoch: SOURCE_DATE_EPOCH, the time of all members.
        store: Without compression.
        dry_run: Make them, keep none.
    """

    sources: tuple[str, ...]
    to: tuple[Path, ...]
    prefix: str
    epoch: int
    store: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class PackResult:
    """The archives, how many members each has, the list of digests, and what in the files themselves varies.

    `zlib` is the version that compressed; None if nothing did.
    """

    archives: tuple[Packed, ...]
    members: int
    sums: Path
    zlib: str | None
    flaws: tuple[Flaw, ...]
    dry_run: bool


def run(inputs: PackInputs, packer: Packer, reader: ArchiveReader, tell: Tell = silent) -> PackResult:
    """Make the archives and `SHA256SUMS` beside them; lines of other files that stand there stay.

    Raises:
        UsageError: A source, a name or an archive's place cannot be used.
        FormatError: There is a `SHA256SUMS` that is none.
    """
    folder = _check(inputs.to)
    sums = folder / CHECKSUMS_FILE
    files = packer.collect(inputs.sources, inputs.prefix, (*inputs.to, sums))
    listed = _listed(sums)
    made: list[Packed] = []
    flaws: tuple[Flaw, ...] = ()
    for path in inputs.to:
        tell(f"packing {path.name}, {len(files)} members")
        packed = packer.pack(files, path, epoch=inputs.epoch, store=inputs.store, keep=not inputs.dry_run)
        made.append(packed)
        listed[path.name] = packed.digest
    if not inputs.dry_run:
        text = "".join(f"{digest}  {name}\n" for name, digest in sorted(listed.items()))
        outputs.place(folder, {CHECKSUMS_FILE: text.encode()})
        flaws = _in_files(archives.find(reader.read(inputs.to[0]), inputs.epoch))
    version = None if inputs.store else zlib.ZLIB_RUNTIME_VERSION
    return PackResult(tuple(made), len(files), sums, version, flaws, inputs.dry_run)


def _check(to: Sequence[Path]) -> Path:
    """Return the folder that the archives are put into.

    Raises:
        UsageError: There is no archive, a name says no kind or may not be released, or the folders differ.
    """
    if not to:
        example = "counterseal pack bin README.md --to dist/app-1.2.0.tar.gz"
        raise UsageError("no --to", why="it says where the archive is put, and which kind it is", fix=example)
    for path in to:
        if not path.name.endswith(ENDINGS):
            why = "the name says which kind of archive it is"
            raise UsageError(
                f"{path.name!r} is no kind that is known", why=why, fix=f"end it with {', '.join(ENDINGS)}"
            )
        subject.check_name(path.name)
    folders = {path.parent for path in to}
    if len(folders) > 1 or len({path.name for path in to}) < len(to):
        why = "one SHA256SUMS lists all, each by its name"
        raise UsageError("the archives are not beside each other", why=why, fix="name one folder, and each name once")
    (folder,) = folders
    if folder.is_symlink():
        raise UsageError(f"{folder} is a symlink", why="symlinks are not followed", fix="remove it")
    return folder


def _listed(sums: Path) -> dict[str, str]:
    """Return the sha256 of each file that is listed already, by its name."""
    if not sums.exists() and not sums.is_symlink():
        return {}
    data = plain_file.read(sums.absolute(), max_bytes=subject.MAX_CHECKSUMS_BYTES, what=str(sums))
    return {line.path: line.digest for line in subject.parse_checksums(data, str(sums))}


def _in_files(flaws: Sequence[Flaw]) -> tuple[Flaw, ...]:
    return tuple(flaw for flaw in flaws if flaw.code.startswith(_IN_FILES))
