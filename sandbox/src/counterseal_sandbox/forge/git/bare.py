"""A bare git repository of the sandbox's forge, driven by the git binary: objects, refs, and the forges' merges.

It knows nothing of accounts or change requests. Whoever changes a ref on a person's behalf
goes through `books.py`.
"""

from __future__ import annotations

import os
import re
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from counterseal.forges import ForgeKind
from counterseal_sandbox.forge.git.habits import CONFIG, HABITS
from counterseal_sandbox.forge.git.objects import (
    NO_COMMIT,
    CommitObject,
    ConflictError,
    FileChange,
    GitError,
    Signature,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

#: A ref whose name leads to no other folder.
_NAME = re.compile(r"(?:[^/.\0][^/\0]*/)*[^/.\0][^/\0]*")
_SHA = re.compile(r"[0-9a-f]{40}")


def environment(**more: str) -> dict[str, str]:
    """Return the environment for git: nothing of the user's configuration, no prompts."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    fixed = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
    return {**kept, **fixed, **more}


class BareRepository:
    """One bare repository below `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._heads = ""
        self._commits: dict[str, CommitObject] = {}
        self._answers: dict[tuple[str, ...], bytes] = {}
        self._ancestors: dict[tuple[str, str], bool] = {}

    def create(self, kind: ForgeKind = ForgeKind.GITHUB, default_branch: str = "main") -> None:
        """Make the repository with the settings and the hook that the forge relies on."""
        habits = HABITS[kind]
        self._heads = habits.heads
        self.path.mkdir(parents=True)
        self.run("init", "--quiet", "--bare", "--template=", f"--initial-branch={default_branch}")
        with (self.path / "config").open("a") as config:
            for key, value in {**CONFIG, **habits.config, "receive.hideRefs": habits.heads}.items():
                section, name = key.split(".", 1)
                config.write(f"[{section}]\n\t{name} = {value}\n")
        hook = self.path / "hooks" / habits.hook
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(habits.script)
        hook.chmod(0o755)
        self.protect(())
        self.let_push({})

    def head_ref(self, number: int) -> str:
        """Return the ref under which the forge keeps the head of a change request."""
        return f"{self._heads}/{number}/head"

    def push_options(self) -> list[str]:
        """Return every option (`git push -o`) that came with a push; only GitLab takes them."""
        kept = self.path / "push-options"
        return kept.read_text().splitlines() if kept.exists() else []

    def protect(self, patterns: Sequence[str]) -> None:
        """Let nobody delete or force-push refs that match one of the shell patterns."""
        (self.path / "protected-refs").write_text("".join(f"{pattern}\n" for pattern in patterns))

    def let_push(self, least: Mapping[str, int]) -> None:
        """Let only who has a role (a number) or more push to refs that match a shell pattern; GitLab's hook asks."""
        (self.path / "pushers").write_text("".join(f"{role} {pattern}\n" for pattern, role in least.items()))

    def run(self, *arguments: str, data: bytes | None = None, **variables: str) -> bytes:
        """Return what a git command prints.

        Raises:
            GitError: It failed; the message is git's.
        """
        done = self.ended(*arguments, data=data, **variables)
        if done.returncode != 0:
            raise GitError(f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def ended(self, *arguments: str, data: bytes | None = None, **variables: str) -> subprocess.CompletedProcess[bytes]:
        """Return how a git command ended."""
        command = ("git", "-c", "safe.directory=*", *arguments)
        return subprocess.run(
            command, cwd=self.path, input=data, env=environment(**variables), capture_output=True, check=False
        )

    def text(self, *arguments: str) -> str:
        """Return what a git command prints, as one line of text."""
        return self.run(*arguments).decode(errors="replace").strip()

    def fixed(self, *arguments: str) -> bytes:
        """Return what a git command prints that is asked of objects by their ids alone, once and for all."""
        if arguments not in self._answers:
            self._answers[arguments] = self.run(*arguments)
        return self._answers[arguments]

    # --- reading -----------------------------------------------------------------------------

    def refs(self) -> dict[str, str]:
        """Return every ref with the object that it points to."""
        if not (self.path / "packed-refs").exists():
            files = {str(path.relative_to(self.path)): path for path in (self.path / "refs").rglob("*")}
            loose = {ref: _loose(path) for ref, path in files.items() if path.is_file() and path.suffix != ".lock"}
            present = {ref: sha for ref, sha in sorted(loose.items()) if sha is not None}
            if len(present) == len(loose):
                return present
        lines = self.text("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return {ref: sha for ref, _, sha in (line.partition(" ") for line in lines)}

    def resolve(self, name: str) -> str | None:
        """Return the commit that a ref or revision means (tags peeled), or None."""
        sha = name if _SHA.fullmatch(name) else None
        if name.startswith("refs/") and _NAME.fullmatch(name):
            sha = _loose(self.path / name)
            if sha is not None and name.startswith("refs/heads/"):  # git lets a branch point to nothing but a commit
                return sha
        parse = ("rev-parse", "--verify", "--quiet", "--end-of-options")
        try:
            if sha is not None:
                return self.fixed(*parse, f"{sha}^{{commit}}").decode().strip()
            return self.text(*parse, f"{name}^{{commit}}")
        except GitError:
            return None

    def kind_of(self, sha: str) -> str:
        """Return of what kind an object is: commit, tag, tree, blob."""
        return self.fixed("cat-file", "-t", sha).decode().strip()

    def is_ancestor(self, commit: str, of: str) -> bool:
        """Return whether `commit` is reachable from `of`; of two ids that git knows, once and for all."""
        if (commit, of) not in self._ancestors:
            code = self.ended("merge-base", "--is-ancestor", commit, of).returncode
            if code not in (0, 1) or not (_SHA.fullmatch(commit) and _SHA.fullmatch(of)):
                return code == 0
            self._ancestors[commit, of] = code == 0
        return self._ancestors[commit, of]

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the best common ancestor, or None."""
        try:
            return self.fixed("merge-base", one, other).decode().strip()
        except GitError:
            return None

    def commits_between(self, base: str | None, head: str) -> list[str]:
        """Return the commits of `head` that `base` has not, oldest first."""
        bounds = [head] if base is None else [head, f"^{base}"]
        return self.fixed("rev-list", "--topo-order", "--reverse", *bounds).decode().splitlines()

    def first_with(self, sha: str, before: str, after: str) -> str:
        """Return the commit by which a branch that moved from `before` to `after` got `sha` (itself, or a merge)."""
        line = self.text("rev-list", "--first-parent", "--reverse", after, f"^{before}").splitlines()
        return next((commit for commit in line if self.is_ancestor(sha, commit)), sha)

    def commit(self, sha: str) -> CommitObject:
        """Return a commit.

        Raises:
            GitError: There is no such commit.
        """
        if sha in self._commits:
            return self._commits[sha]
        form = "%H%x00%T%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%B"
        parts = (
            self.run("show", "--no-patch", "--no-show-signature", f"--format={form}", sha, "--").decode().split("\0")
        )
        author = Signature(parts[3], parts[4], datetime.fromtimestamp(int(parts[5]), UTC))
        committer = Signature(parts[6], parts[7], datetime.fromtimestamp(int(parts[8]), UTC))
        commit = CommitObject(parts[0], parts[1], tuple(parts[2].split()), author, committer, parts[9].rstrip("\n"))
        self._commits[commit.sha] = commit
        return commit

    def changes(self, base: str, head: str) -> list[FileChange]:
        """Return what differs between two commits, renames found."""
        counts = _numstat(self.fixed("diff", "--numstat", "-z", "-M", base, head, "--").split(b"\0"))
        fields = iter(self.fixed("diff", "--raw", "--no-abbrev", "-z", "-M", base, head, "--").split(b"\0"))
        changes = []
        for header in fields:
            if not header:
                break
            old, new, _, sha, status = header.decode().removeprefix(":").split(" ")
            first = next(fields).decode(errors="replace")
            renamed = status[0] in "RC"
            path = next(fields).decode(errors="replace") if renamed else first
            added, deleted = counts.get(path, (0, 0))
            changes.append(FileChange(status[0], path, first if renamed else None, sha, added, deleted, (old, new)))
        return changes

    def file(self, commit: str, path: str) -> tuple[str, str, bytes] | None:
        """Return (mode, blob id, bytes) of a file at a commit, or None."""
        listed = self.fixed("ls-tree", "-z", commit, "--", path).split(b"\0")
        if not listed[0]:
            return None
        mode, kind, sha = listed[0].split(b"\t")[0].decode().split(" ")
        return (mode, sha, self.fixed("cat-file", "blob", sha)) if kind == "blob" else None

    # --- writing -----------------------------------------------------------------------------

    def set_ref(self, ref: str, sha: str | None) -> None:
        """Let a ref point to `sha`, or delete it."""
        self.run("update-ref", *(["-d", ref] if sha is None else [ref, sha]))

    def commit_tree(
        self, tree: str, parents: Sequence[str], message: str, *, author: Signature, committer: Signature
    ) -> str:
        """Return the id of a new commit."""
        variables = {
            "GIT_AUTHOR_NAME": author.name,
            "GIT_AUTHOR_EMAIL": author.email,
            "GIT_AUTHOR_DATE": f"{int(author.at.timestamp())} +0000",
            "GIT_COMMITTER_NAME": committer.name,
            "GIT_COMMITTER_EMAIL": committer.email,
            "GIT_COMMITTER_DATE": f"{int(committer.at.timestamp())} +0000",
        }
        flags = [part for parent in parents for part in ("-p", parent)]
        return self.run("commit-tree", tree, *flags, data=message.encode() + b"\n", **variables).decode().strip()

    def tree_with(self, commit: str | None, path: str, content: bytes | None) -> str:
        """Return the tree of `commit` with one file written (`content` None: removed)."""
        index = str(self.path / f"index-{os.urandom(6).hex()}")
        try:
            if commit:
                self.run("read-tree", commit, GIT_INDEX_FILE=index)
            if content is None:
                entry = f"0 {NO_COMMIT}\t{path}"
            else:
                entry = f"100644 {self.run('hash-object', '-w', '--stdin', data=content).decode().strip()}\t{path}"
            self.run("update-index", "-z", "--index-info", data=entry.encode() + b"\0", GIT_INDEX_FILE=index)
            return self.run("write-tree", GIT_INDEX_FILE=index).decode().strip()
        finally:
            (self.path / index).unlink(missing_ok=True)

    def merged_tree(self, ours: str, theirs: str) -> str:
        """Return the tree that merging `theirs` into `ours` gives.

        Raises:
            ConflictError: It cannot be merged.
        """
        try:
            return self.text("merge-tree", "--write-tree", ours, theirs).splitlines()[0]
        except GitError as error:
            raise ConflictError(f"{ours} and {theirs} do not merge") from error

    def replay(self, commits: Sequence[str], onto: str, stamp: Callable[[], Signature]) -> str:
        """Return the head of `commits` (oldest first) replayed onto `onto`, as a rebase merge does it.

        Each is merged with its own parent as the base: two throw-away commits below that parent
        make `git merge-tree` see it so (its option for this is younger than git 2.38).
        """
        tip = onto
        for sha in commits:
            old = self.commit(sha)
            stamped = {"author": old.author, "committer": stamp()}
            ours = self.commit_tree(self.commit(tip).tree, old.parents[:1], "ours", **stamped)
            theirs = self.commit_tree(old.tree, old.parents[:1], "theirs", **stamped)
            tip = self.commit_tree(self.merged_tree(ours, theirs), [tip], old.message, **stamped)
        return tip


def _loose(path: Path) -> str | None:
    """Return the object that the file of a ref names, or None: there is no such file, or it leads to another ref."""
    try:
        content = path.read_text().strip()
    except (OSError, ValueError):
        return None
    return content if _SHA.fullmatch(content) else None


def _numstat(fields: Sequence[bytes]) -> dict[str, tuple[int, int]]:
    counts = {}
    remaining = iter(fields)
    for row in remaining:
        if not row:
            break
        added, deleted, path = row.split(b"\t", 2)
        if not path:  # a rename: old and new name follow
            next(remaining)
            path = next(remaining)
        number = tuple(0 if part == b"-" else int(part) for part in (added, deleted))
        counts[path.decode(errors="replace")] = (number[0], number[1])
    return counts
