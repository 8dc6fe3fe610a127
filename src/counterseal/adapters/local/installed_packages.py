"""What packages are installed in some folders, by the heads of their metadata files. Nothing is imported, no code runs.

Whoever can install a package chooses what lies there, so a metadata file has to be a plain one of a sane size.
Source: PyPA specifications, "Recording installed projects" (`*.dist-info/METADATA`) and "Core metadata"; setuptools'
older `*.egg-info` as a folder with PKG-INFO or as one file.
"""

from __future__ import annotations

import os
from email.parser import Parser
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal import plain_file
from counterseal.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from email.message import Message

MAX_BYTES: Final = 4 << 20


def metadata(path: Iterable[str], *, prefixes: tuple[str, ...] = ()) -> Iterator[Message]:
    """Yield the head of each installed package's metadata, folder by folder, in the order of their names.

    Args:
        path: Folders, as of `sys.path`; what is no folder is passed over.
        prefixes: Only what lies under names that begin so, in lower case; none: everything.

    Raises:
        UsageError: A metadata file is no plain file, or too large.
        FormatError: One is not UTF-8.
    """
    for folder in map(Path, path):
        try:
            names = sorted(entry.name for entry in folder.iterdir() if entry.suffix in (".dist-info", ".egg-info"))
        except OSError:
            continue
        for name in names:
            if not prefixes or name.lower().startswith(prefixes):
                yield from _head(folder / name)


def _head(place: Path) -> Iterator[Message]:
    inner = "METADATA" if place.suffix == ".dist-info" else "PKG-INFO"
    file = place / inner if place.is_dir() else place
    if place.is_symlink() or file.is_symlink() or not os.path.lexists(file):
        return  # left behind by an installer, or a link to what may be anything
    what = place.name if file is place else f"{place.name}/{inner}"
    yield head(plain_file.read(file, max_bytes=MAX_BYTES, what=what), what)


def head(data: bytes, what: str) -> Message:
    """Return the head of a metadata file.

    Raises:
        FormatError: It is not UTF-8.
    """
    data = data.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    try:
        return Parser().parsestr(data.decode("utf-8"), headersonly=True)
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{what}: not UTF-8", why=str(error), fix="install that package again, or remove it from the environment"
        ) from error
