"""Reads the source repository from a bare copy of our own. It changes nothing at the remote.

What a ref points to is asked of the remote each time; commits are fetched when they are first needed, with
their whole history. No work tree, no attributes, no replace refs (R36).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.adapters.git.history import RAW_FORMAT, raw_changes, text
from counterseal.adapters.git.process import Git, explain
from counterseal.adapters.git.remote import Remote, check_ref
from counterseal.errors import FormatError, ServiceError
from counterseal.formats import digests

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

MAX_FILE: Final = 64 << 20
#: With how many paths git is called at once, so that they fit on its command line.
_PATHS: Final = 256
_REGULAR: Final = ("100644", "100755")
#: How many versions of a file are read before and after the one that is asked for.
_AROUND: Final = 64


class GitRepository:
    """A `SourceRepository` over the git binary.

    Args:
        url: Address of the remote (see `Remote`; GitLab's has to end in `.git`, since redirects are not followed).
        folder: Where the copy lies; made if it is not there.
        token: For the remote; None: read without one.
        default_branch: Name of the default branch; None: the remote is asked once.
        head_ref: The ref of a change request's head, with `{number}` in it.
        user: The name that goes with the token.
    """

    def __init__(
        self,
        url: str,
        folder: Path,
        *,
        token: str | None,
        default_branch: str | None = None,
        head_ref: str = "refs/pull/{number}/head",
        user: str = "x-access-token",
    ) -> None:
        self._remote = Remote(url, token, user=user)
        self._git = Git(folder)
        self._git.create()
        #: By path, of each commit that is known to have changed it, the mode and blob that it has then.
        self._versions: dict[str, dict[str, tuple[str, str]]] = {}
        self._default_ref = check_ref(f"refs/heads/{default_branch}") if default_branch else None
        self._head_ref = head_ref

    def default_ref(self) -> str:
        """Return the full ref of the default branch."""
        if self._default_ref is None:
            self._default_ref, _ = self._remote.default(self._git)
        return self._default_ref

    def default_tip(self) -> str | None:
        """Return what `resolve(default_ref())` does; where the branch is not known yet, both are asked in one go."""
        if self._default_ref is None:
            self._default_ref, tip = self._remote.default(self._git)
            if not self._git.commit_exists(tip):
                self._fetch([self._default_ref])
            if self._git.commit_exists(tip):
                return tip
        return self.resolve(self._default_ref)

    def resolve(self, ref: str) -> str | None:
        """Return the commit that a full ref points to now, tags peeled, or None if there is no such ref.

        Raises:
            ServiceError: The remote cannot be read, the copy is shallow, or the ref points to no commit.
        """
        return self.resolve_all(ref)[0]

    def resolve_all(self, *refs: str) -> tuple[str | None, ...]:
        """Return the commits that full refs point to, as `resolve` does, all as they are at one moment."""
        commits, lacking = self._present(refs)
        for _ in range(2):  # a ref may be moved away between asking and fetching
            if not lacking:
                break
            self._fetch(lacking)
            lacking = [ref for ref in lacking if not self._git.commit_exists(commits[ref])]
            if lacking:
                commits, lacking = self._present(refs)
        for ref in lacking:
            raise ServiceError(f"{ref} points to {commits[ref][:12]}, which is not a commit that can be fetched")
        return tuple(commits.get(ref) for ref in refs)

    def _fetch(self, refs: Sequence[str]) -> None:
        self._remote.fetch(self._git, {ref: f"refs/counterseal/{ref.removeprefix('refs/')}" for ref in refs})

    def _present(self, refs: Sequence[str]) -> tuple[dict[str, str], list[str]]:
        """Return the commits that refs of the remote point to now, and those refs of them that our copy lacks."""
        present = self._remote.refs(self._git, *refs)
        commits = {ref: present.get(f"{ref}^{{}}", present[ref]) for ref in refs if ref in present}
        return commits, [ref for ref, commit in commits.items() if not self._git.commit_exists(commit)]

    def fetch_head(self, number: int) -> str | None:
        """Return the head of a change request after fetching it, or None if the forge has lost it."""
        return self.resolve(self._head_ref.format(number=int(number)))

    def read_file(self, revision: str, path: str) -> bytes | None:
        """Return the bytes of a regular file (no symbolic link, no submodule) at a revision, or None.

        Raises:
            ServiceError: The revision is not in the repository.
            FormatError: The file has more than 64 MiB.
        """
        if revision in (versions := self._versions.get(path, {})):
            return self._version(versions, revision)
        mode, blob, size = self._listed(revision, path)
        if mode not in _REGULAR:
            return None
        if size > MAX_FILE:
            raise FormatError(f"{path} has {size} bytes at {revision[:12]}", why=f"at most {MAX_FILE} are read")
        return self._git.contents([blob], limit=MAX_FILE)[blob]

    def _version(self, versions: Mapping[str, tuple[str, str]], revision: str) -> bytes | None:
        """Return a file at a commit that changed it; those of commits around it are read in the same go."""
        mode, blob = versions[revision]
        if mode not in _REGULAR:
            return None
        names, blobs = list(versions), [name if kind in _REGULAR else "" for kind, name in versions.values()]
        place = names.index(revision)
        around = {name for name in blobs[max(0, place - _AROUND) : place + _AROUND] if name}
        try:
            return self._git.contents(around, limit=MAX_FILE)[blob]
        except ServiceError:  # together they may be too large
            return self._git.contents([blob], limit=MAX_FILE)[blob]

    def file_mode(self, revision: str, path: str) -> str | None:
        """Return the git mode of a path at a revision (`100644`, `120000`, `040000` …), or None."""
        return self._listed(revision, path)[0] or None

    def _listed(self, revision: str, path: str) -> tuple[str, str, int]:
        """Return mode, id and bytes of a path at a revision (0 if it is no file); an empty mode if there is none."""
        self._require(revision)
        printed = self._git.read_fixed(
            "ls-tree", "-l", "-z", "--full-tree", "--end-of-options", revision, "--", _checked(path)
        )
        for line in printed.split(b"\0"):
            facts, _, name = line.partition(b"\t")
            if name == path.encode():
                mode, _, blob, size = facts.decode().split()
                return mode, blob, int(size) if size.isdecimal() else 0
        return "", "", 0

    def is_ancestor(self, revision: str, of: str) -> bool:
        """Return whether `revision` is reachable from `of`; what our copy of its history does not have, is not."""
        self._require(of)
        if not self._git.commit_exists(_revision(revision)):
            return False
        answer = self._git.run_fixed("merge-base", "--is-ancestor", revision, of)
        if answer.code not in (0, 1):
            raise ServiceError(f"git merge-base failed for {revision[:12]}", why=explain(answer))
        return answer.code == 0

    def parent(self, revision: str, generations: int = 1) -> str | None:
        """Return the first parent so many generations back, or None if the history is not that long."""
        self._require(revision)
        wanted = f"{revision}~{int(generations)}^{{commit}}"
        answer = self._git.run_fixed("rev-parse", "--verify", "--quiet", "--end-of-options", wanted)
        return answer.out.decode().strip() if answer.code == 0 else None

    def first_parents(self, revision: str) -> Sequence[str]:
        """Return the first-parent line that ends in `revision`, newest first."""
        self._require(revision)
        line = self._git.read_fixed("rev-list", "--first-parent", "--end-of-options", revision, "--").decode().split()
        self._git.saw(line)
        return line

    def commits_touching(self, revision: str, path: str) -> Sequence[str]:
        """Return the commits of the first-parent line of `revision` that changed a path, newest first."""
        self._require(revision)
        options = ("--first-parent", "-m", "--root", "--topo-order", *RAW_FORMAT)
        printed = self._git.read_fixed("log", *options, "--end-of-options", revision, "--", _checked(path))
        changes = list(raw_changes(printed))
        self._versions[path] = {change.commit: (change.mode, change.new) for change in changes if change.path == path}
        return list(dict.fromkeys(change.commit for change in changes))

    def touched(self, revision: str, paths: Collection[str]) -> frozenset[str]:
        """Return those of some paths that a commit of the first-parent line of `revision` changed, or something below.

        The line is read once for many paths: reading it for each would take longer than all else a gate does.
        """
        self._require(revision)
        wanted, found = sorted(map(_checked, paths)), set[str]()
        for start in range(0, len(wanted), _PATHS):
            options = ("--first-parent", "-m", "--root", *RAW_FORMAT, "--end-of-options", revision, "--")
            for change in raw_changes(self._git.read_fixed("log", *options, *wanted[start : start + _PATHS])):
                parts = change.path.split("/")
                found.update("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
        return frozenset(found.intersection(wanted))

    def added_files(self, ref_revision: str, folder: str, since: str | None = None) -> Sequence[tuple[str, str]]:
        """Return (commit, path) of each file that a first-parent commit added under `folder`, oldest first.

        `since`: only commits after that one.
        """
        self._require(ref_revision)
        if since is not None:
            self._require(since)
        before = () if since is None else (f"^{since}",)
        options = ("--first-parent", "-m", "--root", "--reverse", "--topo-order", "--diff-filter=A")
        printed = self._git.read_fixed(
            "log", *options, *RAW_FORMAT, "--end-of-options", ref_revision, *before, "--", _checked(folder)
        )
        return [(change.commit, change.path) for change in raw_changes(printed)]

    def changed_paths(self, base: str, revision: str) -> Sequence[str]:
        """Return every path that differs between two revisions; a renamed file is both of its names."""
        self._require(base)
        self._require(revision)
        printed = self._git.read_fixed("diff-tree", "-r", "-z", "--no-renames", "--name-only", base, revision, "--")
        return [text(name) for name in printed.split(b"\0") if name]

    def _require(self, revision: str) -> None:
        if not self._git.commit_exists(_revision(revision)):
            raise ServiceError(
                f"{revision[:12]} is not in the copy of {self._remote.url}",
                why="no branch or tag that was read contains it",
            )


def _revision(revision: str) -> str:
    if not digests.is_revision(revision):
        raise FormatError(f"{revision[:100]!r} is not a full git revision", fix="give 40 lower-case hex digits")
    return revision


def _checked(path: str) -> str:
    parts = path.split("/")
    if "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise FormatError(
            f"{path[:200]!r} is not a path in a repository", fix="write it like folder/file, without `..`"
        )
    return path
