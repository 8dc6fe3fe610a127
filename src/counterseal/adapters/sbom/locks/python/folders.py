"""Folders of the checkout that a lock file names."""

from __future__ import annotations

import posixpath


def inside(folder: str, path: str) -> str | None:
    """Return a path that a file in a folder of the checkout names, relative to the checkout; None: it lies outside."""
    place = posixpath.normpath(posixpath.join(folder, path.replace("\\", "/")))
    return None if place == ".." or place.startswith(("../", "/")) or "\0" in place else place
