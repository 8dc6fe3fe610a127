"""Reads a clone of somebody's: its working tree, its refs, where it came from. It talks to no remote."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal import plain_file
from counterseal.adapters.git.history import text
from counterseal.adapters.git.process import Git, explain
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: More than any file has that `init` or `doctor` reads.
MAX_FILE: Final = 16 << 20
#: Of rows that name a file, how many fields stand before its name: changed, in conflict (git-status, "Porcelain v2").
_STATUS_FIELDS: Final = {b"1": 8, b"u": 10}


class GitClone:
    """A `Clone` over the git binary.

    Args:
        start: The clone, or a folder in its working tree.

    Raises:
        UsageError: It is no clone with a working tree.
    """

    def __init__(self, start: Path) -> None:
        top = Git(start.resolve(), own=False).run("rev-parse", "--show-toplevel")
        if top.code != 0:
            raise UsageError(
                f"{start} is not a git repository with a working tree",
                why=explain(top),
                fix="run it in a clone, or name the folder of one",
            )
        self._folder = Path(text(top.out.rstrip(b"\n")))
        self._git = Git(self._folder, own=False)

    @property
    def folder(self) -> Path:
        """Return the top of the working tree."""
        return self._folder

    def origin(self) -> str:
        """Return the address that it was cloned from, as it was given, or nothing."""
        return self._line("config", "--get", "remote.origin.url") or ""

    def branch(self) -> str | None:
        """Return the full ref of the branch that is checked out, or None."""
        return self._line("symbolic-ref", "--quiet", "HEAD")

    @cached_property
    def _files(self) -> tuple[str, ...]:
        return tuple(sorted(text(path) for path in self._git.read("ls-files", "-z").split(b"\0") if path))

    def files(self) -> Sequence[str]:
        """Return the paths of all tracked files, sorted, with `/` between folders."""
        return self._files

    def read(self, path: str) -> bytes | None:
        """Return a file of the working tree, or None if it is not there or no plain file."""
        place = self._folder / path
        if place.is_symlink() or not place.is_file():
            return None
        return plain_file.read(place, max_bytes=MAX_FILE, what=path)

    def committed(self, path: str, revision: str = "HEAD") -> bytes | None:
        """Return a file as it was committed last, or in a revision; None if it is not there."""
        listed = self._git.run("ls-tree", "-z", revision, "--", path)
        kind, _, blob = listed.out.partition(b"\t")[0].decode("ascii", "replace").rpartition(" ")
        plain = listed.code == 0 and kind in ("100644 blob", "100755 blob")
        return self._git.read("cat-file", "blob", blob, limit=MAX_FILE) if plain else None

    def changed(self) -> bool:
        """Return whether there is anything in the working tree that is not committed."""
        return bool(self._git.read("status", "--porcelain", "-z"))

    def changed_files(self) -> Sequence[str]:
        """Return the tracked files that are not as committed, and submodules that are at another commit.

        What git does not know is left out. No git runs in a submodule, whose own configuration could start programs.
        """
        kinds = ("--untracked-files=no", "--ignore-submodules=dirty", "--no-renames")
        rows = self._git.read("status", "--porcelain=v2", "-z", *kinds).split(b"\0")
        return tuple(text(row.split(b" ", _STATUS_FIELDS[row[:1]])[-1]) for row in rows if row[:1] in _STATUS_FIELDS)

    def submodules(self) -> Mapping[str, str]:
        """Return path and commit of each submodule, as the commit that is checked out has them."""
        rows = self._git.read("ls-tree", "-r", "-z", "HEAD").split(b"\0")
        links = (row.partition(b"\t") for row in rows if row.startswith(b"160000 commit "))
        return {text(path): head.split(b" ")[2].decode("ascii") for head, _, path in links}

    def tags(self) -> Sequence[str]:
        """Return all tags by name, the newest version last."""
        listed = self._git.read("for-each-ref", "--sort=version:refname", "--format=%(refname:strip=2)", "refs/tags")
        return tuple(text(listed).splitlines())

    def revision(self, ref: str) -> str | None:
        """Return the commit that a ref of the clone points to, or None."""
        return self._line("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")

    def shallow(self) -> bool:
        """Return whether the history was cut off when it was cloned."""
        return self._line("rev-parse", "--is-shallow-repository") != "false"

    def _line(self, *arguments: str) -> str | None:
        answer = self._git.run(*arguments)
        return text(answer.out).strip() if answer.code == 0 else None
