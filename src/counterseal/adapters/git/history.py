"""Reads `git log --raw -z`: which commit changed which path from which blob to which. Judges nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What `raw_changes` reads. A commit's header cannot be taken for a path: paths are only looked for after `:…`.
RAW_FORMAT: Final = ("--raw", "-r", "-z", "--no-abbrev", "--no-renames", "--no-color", "--format=tformat:%H")
NO_BLOB: Final = "0" * 40


@dataclass(frozen=True, slots=True)
class Change:
    """A path that a commit changed against a parent; `old` or `new` is `NO_BLOB` where it was not or is no more."""

    commit: str
    path: str
    mode: str
    old: str
    new: str


def text(name: bytes) -> str:
    """Return a path as text; bytes that are no UTF-8 stay distinguishable."""
    return name.decode("utf-8", "backslashreplace")


def raw_changes(printed: bytes) -> Iterator[Change]:
    """Yield the changes in what `git log` printed in `RAW_FORMAT`, in its order.

    Raises:
        ServiceError: It is not in that form.
    """
    commit = ""
    fields = iter(printed.split(b"\0"))
    for field in fields:
        head = field.lstrip(b"\n")
        if head.startswith(b":"):
            _, mode, old, new, _ = head[1:].decode("ascii", "replace").split(" ")
            yield Change(commit, text(next(fields, b"")), mode, old, new)
        elif len(head) == len(NO_BLOB):
            commit = head.decode("ascii", "replace")
        elif head:
            raise ServiceError("git log printed something that cannot be read", why=text(head[:80]))
