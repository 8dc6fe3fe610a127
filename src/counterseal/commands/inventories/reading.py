"""SBOM documents as files of this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal import inventory, plain_file

if TYPE_CHECKING:
    from counterseal.inventory import Document


def local(path: Path) -> Document:
    """Return a document that lies on this machine; a link to it is followed, since somebody named it.

    Raises:
        UsageError: There is no such file, or it cannot be read.
        FormatError: It is no CycloneDX document.
    """
    name = str(path)
    target = Path(os.path.realpath(path))
    return inventory.parse(plain_file.read(target, max_bytes=inventory.MAX_BYTES, what=name), name)
