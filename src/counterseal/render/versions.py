"""A warning about artifacts that were named before somebody raised the version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.formats import subject
from counterseal.identifiers import BLOB_SUFFIX
from counterseal.render.escape import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NAMED = 3


def warnings(tag: str | None, files: Iterable[str]) -> Iterator[str]:
    """Yield one warning if the names of files have another version than the tag.

    Args:
        tag: None if there is none, or nobody knows it.
        files: Names of files that are released; those of signatures are passed over.
    """
    if tag is None:
        return
    other = subject.of_another_version(tag, [file for file in files if not file.endswith(BLOB_SUFFIX)])
    if other:
        more = f" and {len(other) - _NAMED} more" if len(other) > _NAMED else ""
        named = ", ".join(map(plain, other[:_NAMED]))
        yield f"the tag is {plain(tag)}, and another version is in the name of {named}{more}: was it raised?"
