"""Makes a branch with some files in somebody's clone, and brings it to the remote. It changes no other branch.

The commit is made beside the working tree, with an index of its own. Only then does git itself check it out: it writes
through no symbolic link, and changes nothing at all if that would lose what is not committed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from counterseal.adapters.git.history import text
from counterseal.adapters.git.process import Git, explain
from counterseal.adapters.git.remote import Remote
from counterseal.errors import ServiceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterseal.adapters.git.watch import Ended

_IDENT: Final = re.compile(r"(.+) <([^<>]*)> [0-9]+ [+-][0-9]{4}\s*")
#: What is somebody's is written so that it survives a crash, unlike copies of ours.
_LASTING: Final = ("-c", "core.fsync=default")
_NAMED: Final = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL")


class GitBranch:
    """A `BranchWriter` over the git binary.

    Args:
        folder: The top of the clone.
        url: The address of its repository at the forge.
        token: For pushing; None: none is sent.
        user: The name that goes with it.
    """

    def __init__(self, folder: Path, url: str, token: str | None, user: str) -> None:
        self._folder = folder
        self._git = Git(folder, own=False)
        self._url, self._token, self._user = url, token, user

    def write(self, branch: str, files: Mapping[str, bytes], message: str) -> str:
        """Commit files on a new branch from what is checked out, or on that branch if it is; return the commit.

        Raises:
            UsageError: There is such a branch that is not checked out, git does not know who commits, or something
                that is not committed is in the way.
        """
        ref = f"refs/heads/{branch}"
        there = self._git.run("symbolic-ref", "--quiet", "HEAD").out.decode().strip() == ref
        if not there and self._git.run("rev-parse", "--verify", "--quiet", ref).code == 0:
            raise UsageError(
                f"there is a branch {branch} already",
                why="it may have somebody's changes",
                fix=f"git switch {branch}, and run it again; or delete the branch first: git branch -D {branch}",
            )
        commit = self._commit(files, message)
        step = ("merge", "--ff-only", "--quiet") if there else ("switch", "--quiet", "--no-track", "--create", branch)
        done = self._git.run(*_LASTING, *step, commit)
        if done.code != 0:
            raise UsageError(
                f"the branch {branch} cannot be checked out, so nothing was changed",
                why=explain(done),
                fix="commit or stash what you have, and run it again",
            )
        return commit

    def push(self, branch: str) -> None:
        """Bring the branch to the forge, from a copy of our own: what the clone is told to do on a push does not count.

        Raises:
            ServiceError: It was not taken.
        """
        ref = f"refs/heads/{branch}"
        with TemporaryDirectory(prefix="counterseal.") as work:
            copy = Git(Path(work) / "push.git")
            copy.create()
            Remote(str(self._folder)).fetch(copy, {ref: ref})
            remote = Remote(self._url, self._token, user=self._user)
            answer = remote.patiently(copy, "push", "--quiet", "--end-of-options", self._url, f"{ref}:{ref}")
            if answer.code != 0:
                failed = remote.failure(f"the branch {branch} could not be pushed", answer, pushing=True)
                by_hand = f"git push -u origin {branch}, and open the change request yourself"
                scope = "a token of GitHub's needs the scope `workflow` for that (gh auth refresh -s workflow)"
                raise ServiceError(failed.what, why=failed.why, fix=f"{scope}; or: {by_hand}")

    def _commit(self, files: Mapping[str, bytes], message: str) -> str:
        head = self._git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        if head.code != 0:
            raise UsageError(
                f"{self._folder.name} has no commit yet",
                why="a branch begins somewhere",
                fix="commit something, and push it",
            )
        base = text(head.out).strip()
        with TemporaryDirectory(prefix="counterseal.") as work:
            index = {"GIT_INDEX_FILE": str(Path(work) / "index")}
            self._run("read-tree", base, variables=index)
            for path, content in files.items():
                blob = self._run("hash-object", "-w", "--no-filters", "--stdin", data=content)
                self._run("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", variables=index)
            tree = self._run("write-tree", variables=index)
        return self._run("commit-tree", "-p", base, "-m", message, tree, variables=self._who())

    def _who(self) -> dict[str, str]:
        """Return who commits: as git would say itself, with the configuration of the person whose clone it is.

        Raises:
            UsageError: git does not know.
        """
        given = {name: os.environ[name] for name in _NAMED if os.environ.get(name)}
        own = os.environ.get("GIT_CONFIG_GLOBAL") or _global_configuration()
        settings = {"HOME": str(Path.home()), "GIT_CONFIG_GLOBAL": own}
        asked = self._git.run("-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT", variables=settings | given)
        match = _IDENT.fullmatch(text(asked.out)) if asked.code == 0 else None
        if match is None:
            raise UsageError(
                "git does not know who you are",
                why="the commit on the new branch has an author",
                fix='git config user.name "Your Name"; git config user.email you@example.org',
            )
        name, mail = match.groups()
        return {f"GIT_{role}_{part}": word for role in ("AUTHOR", "COMMITTER") for part, word in (
            ("NAME", name), ("EMAIL", mail))}  # fmt: skip

    def _run(self, *arguments: str, data: bytes = b"", variables: Mapping[str, str] | None = None) -> str:
        answer: Ended = self._git.run(*_LASTING, *arguments, data=data, variables=variables)
        if answer.code != 0:
            raise ServiceError(f"git {arguments[0]} failed in {self._folder.name}", why=explain(answer))
        return text(answer.out).strip()


def _global_configuration() -> str:
    """Return the file of settings that git would read for this person."""
    home = Path.home()
    places = (home / ".gitconfig", Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "git" / "config")
    return str(next((place for place in places if place.is_file()), os.devnull))
