"""Files of the workspace → subjects. Opens and hashes files; the rules for names are in `formats/subject.py`.

Nothing outside the workspace is read and no symlink is followed, neither the file's nor that of a folder on its way,
because the build that left them is not trusted to choose what gets signed.
"""

from __future__ import annotations

import difflib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal.errors import UsageError
from counterseal.formats import digests, subject
from counterseal.identifiers import CHECKSUMS_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterseal.model import Subject

MAX_MATCHES: Final = 4096
_MAGIC = frozenset("*?[")


class WorkspaceFiles:
    """Collects subjects below one folder, the workspace (`ports.SubjectFiles`)."""

    def __init__(self, workspace: Path) -> None:
        self._given = workspace.absolute()
        self._root = workspace.resolve()

    def collect(self, patterns: Sequence[str]) -> tuple[tuple[Path, Subject], ...]:
        """Return each named file once, with its subject, in the order of the names.

        A file called `SHA256SUMS` is a list: the files in it are taken, and their bytes have to be as it says.

        Args:
            patterns: Paths, globs and checksum lists, relative to the workspace or absolute below it.

        Raises:
            UsageError: A pattern matches nothing; a symlink, a folder, a file outside; a refused name or content.
            FormatError: A checksum list is malformed.
        """
        subjects: dict[Path, Subject] = {}
        for pattern in patterns:
            for path in self._matches(pattern):
                if path.name == CHECKSUMS_FILE:
                    subjects.update(self._listed(path))
                elif path not in subjects:
                    subjects[path] = self._subject(path)
        ordered = subject.together(list(subjects.values()))
        by_name = {artifact.name: path for path, artifact in subjects.items()}
        return tuple((by_name[artifact.name], artifact) for artifact in ordered)

    def _matches(self, pattern: str) -> Iterator[Path]:
        relative = self._inside(pattern)
        if not _MAGIC.intersection(pattern):
            yield self._root / relative
            return
        matches = [path for path in self._expand(relative) if _asked_for(path.relative_to(self._root), relative)]
        if "**" in relative.parts:
            matches = [path for path in matches if not path.is_dir() or path.is_symlink()]
        if not matches:
            raise UsageError(f"{pattern!r} matches no file", why=self._what_is_there(relative), fix=_BUILD_FIRST)
        yield from sorted(matches)

    def _expand(self, relative: Path) -> list[Path]:
        matches: list[Path] = []
        try:
            for path in self._root.glob(str(relative)):
                matches.append(path)
                if len(matches) > MAX_MATCHES:
                    raise UsageError(
                        f"{str(relative)!r} matches more than {MAX_MATCHES} files", fix="name only what is released"
                    )
        except (ValueError, OSError) as error:
            raise UsageError(f"{str(relative)!r} is not a glob", why=str(error)) from error
        return matches

    def _inside(self, pattern: str) -> Path:
        """Return the pattern relative to the workspace, without looking at the disk."""
        if not pattern or "\0" in pattern:
            raise UsageError(f"{pattern!r} names no file", fix="name the files, for example dist/*")
        asked = Path(pattern)
        if asked.is_relative_to(self._given):
            asked = asked.relative_to(self._given)
        normal = self._root / asked
        if ".." in asked.parts or not normal.is_relative_to(self._root) or normal == self._root:
            raise UsageError(
                f"{pattern!r} is not below the workspace",
                why="only files of the workspace can be signed",
                fix="copy the file into the workspace, and start counterseal there",
            )
        return normal.relative_to(self._root)

    def _what_is_there(self, relative: Path) -> str:
        folder, missing = self._root, False
        for part in relative.parts[:-1]:
            if _MAGIC.intersection(part):
                break
            if not (folder / part).is_dir():
                missing = True
                break
            folder /= part
        names = sorted(entry.name for entry in folder.iterdir())
        where = "the workspace" if folder == self._root else repr(str(folder.relative_to(self._root)))
        wanted = relative.parts[len(folder.relative_to(self._root).parts)]
        near = difflib.get_close_matches(wanted, names, n=1)
        listed = ", ".join(map(repr, names[:10])) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
        hint = f"; did you mean {near[0]!r}?" if near else ""
        missing_folder = f"there is no folder {wanted!r}; " if missing else ""
        return f"{missing_folder}{where} holds {listed or 'nothing'}{hint}"

    def _listed(self, path: Path) -> dict[Path, Subject]:
        subjects: dict[Path, Subject] = {}
        descriptor = self._open(path)
        with os.fdopen(descriptor, "rb") as stream:
            lines = subject.parse_checksums(stream.read(subject.MAX_CHECKSUMS_BYTES + 1), self._show(path))
        for line in lines:
            if Path(line.path).is_absolute():
                raise UsageError(f"{self._show(path)}: {line.path!r} is absolute", fix="list names beside the list")
            file = self._root / self._inside(str(path.parent.relative_to(self._root) / line.path))
            subjects[file] = self._subject(file)
            if subjects[file].digest != line.digest:
                raise UsageError(
                    f"{self._show(file)} is not what {self._show(path)} says",
                    why=f"its sha256 is {subjects[file].digest}, listed is {line.digest}",
                    fix="build again, or write the list again",
                )
        return subjects

    def _subject(self, path: Path) -> Subject:
        subject.check_name(path.name)
        with os.fdopen(self._open(path), "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if stream.read(len(subject.REFUSED_PREFIX)) == subject.REFUSED_PREFIX:
                raise UsageError(
                    f"{self._show(path)} begins with {subject.REFUSED_PREFIX.decode()!r}",
                    why="a signature over it could be used as an attestation that nobody made",
                    fix="put it into an archive, and sign that",
                )
            stream.seek(0)
            return subject.make(path.name, digests.sha256_of(stream), size)

    def _open(self, path: Path) -> int:
        """Return a descriptor of a regular file, every folder on the way opened without following a symlink."""
        folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            parts = path.relative_to(self._root).parts
            for part in parts[:-1]:
                inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
                os.close(folder)
                folder = inner
            descriptor = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        except OSError as error:
            raise self._unusable(path, error) from error
        finally:
            os.close(folder)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            folderish = stat.S_ISDIR(os.fstat(descriptor).st_mode)
            os.close(descriptor)
            raise UsageError(
                f"{self._show(path)} is {'a folder' if folderish else 'not a regular file'}",
                why="only files can be signed",
                fix=f"name its files, for example '{self._show(path)}/*'" if folderish else "leave it out",
            )
        return descriptor

    def _unusable(self, path: Path, error: OSError) -> UsageError:
        way = [path, *path.parents]
        link = next((place for place in way if place != self._root and place.is_symlink()), None)
        if link is not None and self._root in link.parents:
            return UsageError(
                f"{self._show(path)} is behind a symlink",
                why=f"{self._show(link)} points to {str(link.readlink())!r}; symlinks are not followed",
                fix="copy the file itself into the workspace",
            )
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            relative = path.relative_to(self._root)
            return UsageError(
                f"there is no file {self._show(path)}", why=self._what_is_there(relative), fix=_BUILD_FIRST
            )
        return UsageError(f"{self._show(path)} cannot be read", why=os.strerror(error.errno or 0))

    def _show(self, path: Path) -> str:
        text = str(path.relative_to(self._root))
        return text if text.isprintable() else repr(text)


_BUILD_FIRST: Final = "build first, and name the files relative to the workspace, for example dist/*"


def _asked_for(path: Path, pattern: Path) -> bool:
    """Return whether a match is no hidden file that the pattern did not ask for (builders leave a .gitignore)."""
    asked = any(part.startswith(".") for part in pattern.parts)
    return asked or not any(part.startswith(".") for part in path.parts)
