"""Chooses what makes archives, and what looks into them: this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.ports import ArchiveReader, Packer


def reader() -> ArchiveReader:
    """Return what looks into archives."""
    from counterseal.adapters.archives.reading import LocalArchives

    return LocalArchives()


def packer(folder: Path) -> Packer:
    """Return what makes archives of the files below a folder."""
    from counterseal.adapters.archives.writing import LocalPacker

    return LocalPacker(folder)
