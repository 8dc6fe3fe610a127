"""The ledger at a git remote: reads as much of its branch as is asked for, and appends a commit to it.

It reads into a copy of its own without trees and blobs (`--filter=tree:0`), and brings those by id, in batches, with
the folders below where those are few; git itself never fetches what it misses. An append is one commit, made here
object by object, and one push that expects the branch where it was read. The notes ref, which no forge can protect, is
moved along for people. It knows git objects; what a line says and whether it may be signed is decided elsewhere.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from counterseal.adapters.git import ledger_commits
from counterseal.adapters.git.pack import pack
from counterseal.adapters.git.process import Git
from counterseal.adapters.git.remote import GITHUB_USER, REMOTE_SECONDS, Remote, check_whole, transient
from counterseal.errors import AbsentError, ServiceError
from counterseal.formats import digests
from counterseal.identifiers import LEDGER_REF, NOTES_REF
from counterseal.model import Pushed

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Mapping, Sequence
    from pathlib import Path

    from counterseal.adapters.git.watch import Ended
    from counterseal.model import LedgerCommit, NewCommit

#: More than any batch of lines and trees has: git is stopped there, however large what was asked for is (R42).
MAX_BYTES: Final = 256 << 20
#: An object that git knows without having it.
_EMPTY_TREE: Final = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_HERE: Final = "refs/counterseal/ledger"
#: What git takes for "all of them".
_ALL: Final = 0x7FFFFFFF
#: Of a copy whose missing objects are at the remote; with this git marks what comes, and misses nothing.
_PARTIAL: Final = """[extensions]
\tpartialClone = origin
[remote "origin"]
\tpromisor = true
\tpartialclonefilter = tree:0
"""
_QUIETLY: Final = (
    "--quiet",
    "--no-tags",
    "--no-auto-maintenance",
    "--recurse-submodules=no",
    "--refmap=",
)
#: What does not come with what is asked for: anything below a tree, or notes alone. GitHub knows no steps between.
_NOTHING_BELOW: Final = "--filter=tree:0"
_FOLDERS_BELOW: Final = "--filter=blob:none"
#: Of so few objects the folders below come, too: of the second level each has 256 at most, of some hundred bytes.
_FEW: Final = 16
#: A folder in a tree that has only folders.
_FOLDER = re.compile(rb"40000 [^\0]+\0(.{20})", re.DOTALL)
#: The remote's answer to whoever asks for an object by id, in git's words.
_NOT_THERE = re.compile(r"not our ref ([0-9a-f]{40})")
#: A server leaves out what the filter leaves out, also where it is asked for by id.
_LEFT_OUT: Final = "did not send all necessary objects"
_ABSENT = re.compile(r"^fatal: couldn't find remote ref", re.MULTILINE)
#: Answers of the remote about a branch that somebody else moved first: git says it apart, GitHub as its reason.
_MOVED = re.compile(
    f"cannot lock ref '{LEDGER_REF}': (?:ref(?:erence)? )?"
    "(is at [0-9a-f]{40} but expected|already exists|is missing but expected|unable to resolve reference)"
)
#: Said before the connection is closed, which would look like a failed connection.
_UNABLE = re.compile(r"the receiving end does not support .*")
_LOCKED = re.compile(r"Unable to create '([^']*\.lock)': File exists")
_RACE = ("fetch first", "non-fast-forward", "stale info")
#: What the innocent ref of an atomic push is told, and what says nothing by itself.
_ECHO = ("atomic push failed", "atomic push failure", "atomic transaction failed", "failed to update ref")


class GitLedgerStore:
    """A `LedgerStore` at a git remote.

    Args:
        url: Address of the remote (see `Remote`).
        folder: Where our bare copy lies, not shared with another store or repository; made if it is not there.
        token: For the remote, with the right to push; None: none is sent.
        user: The name that goes with the token.
        push_options: For the forge (`ci.skip` on GitLab).
        seconds: After this time a push is killed; it may have succeeded then.
    """

    def __init__(
        self,
        url: str,
        folder: Path,
        *,
        token: str | None,
        user: str = GITHUB_USER,
        push_options: Sequence[str] = (),
        seconds: float = REMOTE_SECONDS,
    ) -> None:
        self._remote = Remote(url, token, user=user)
        self._git = Git(folder)
        self._git.create(_PARTIAL)
        self._origin = ("-c", f"remote.origin.url={url}")
        self._push_options = tuple(f"--push-option={option}" for option in push_options)
        self._seconds = seconds
        #: Objects that are here: git would not say "missing" of others, but end. Of some all folders below are, too.
        self._present: set[str] = set()
        self._deep: set[str] = set()
        #: The trees of the commits, from which everything hangs; and whether that is little.
        self._roots: set[str] = set()
        self._is_short = False
        self._locked: tuple[str | None, str] | None = None

    def check_push(self) -> None:
        """Ask the remote whether it would take a push of ours; nothing is pushed.

        A dry run asks for the service of pushes (`git-receive-pack`), where forges judge the token; it sends nothing,
        so hooks and rules of branches do not run.

        Raises:
            ServiceError: It would not.
        """
        nothing = f"{_EMPTY_TREE}:refs/counterseal/probe"
        options = ("--dry-run", "--porcelain", "--no-verify", "--end-of-options")
        answer = self._remote.patiently(self._git, "push", *options, self._remote.url, nothing)
        if answer.code != 0:
            raise self._remote.failure("this job could not push the ledger", answer, pushing=True)

    def tip(self) -> str | None:
        """Return where the branch is at the remote now (None: there is none)."""
        return self._remote.refs(self._git, LEDGER_REF, whole=False).get(LEDGER_REF)

    def copy(self) -> str | None:
        """Return where the notes ref is at the remote now (None: there is none)."""
        return self._remote.refs(self._git, NOTES_REF, whole=False).get(NOTES_REF)

    def commits(self, most: int | None) -> Sequence[LedgerCommit]:
        """Return the branch's commits as the remote has them now, newest first, by first parents.

        Raises:
            ServiceError: The remote cannot be read, or, where all are asked for, has not all.
        """
        if not self._fetch(most):
            return []
        listed = ledger_commits.read(self._git, _HERE, most)
        self._roots = {commit.tree for commit in listed}
        self._is_short = most is not None and len(listed) < most
        return listed

    def history(self, after: str | None = None) -> tuple[int, Generator[LedgerCommit]]:
        """Return how many commits the branch has at the remote now (after one), and they, oldest first.

        Raises:
            ServiceError: The remote cannot be read, or has not all.
        """
        return ledger_commits.stream(self._git, _HERE, after) if self._fetch(None) else (0, _nothing())

    def _fetch(self, most: int | None) -> bool:
        """Bring the branch's commits here; return whether there is a branch."""
        self._git.is_empty = False  # even a fetch that fails may leave something
        options = (*_QUIETLY, _NOTHING_BELOW, "--no-write-fetch-head", f"--depth={most or _ALL}")
        specs = (f"+{LEDGER_REF}:{_HERE}",)
        answer = self._remote.patiently(
            self._git, *self._origin, "fetch", *options, "--end-of-options", "origin", *specs
        )
        if answer.code != 0 and _ABSENT.search(answer.messages):
            return False
        if answer.code != 0:
            raise self._remote.failure("git fetch failed", answer)
        if most is None:
            check_whole(self._git, self._remote.url)
        return True

    def objects(self, ids: Collection[str]) -> Mapping[str, bytes]:
        """Return trees and blobs by id, those that are not here brought in one go.

        Raises:
            AbsentError: The remote says that it does not have one.
            ServiceError: One did not come.
        """
        if lacking := sorted(set(ids) - self._present):
            self._bring(lacking)
        found = self._git.objects(ids, limit=MAX_BYTES)
        self._present.update(found)
        for name in self._deep.intersection(found):
            if found[name].startswith(b"40000 "):  # a tree that has folders
                below = {folder.hex() for folder in _FOLDER.findall(found[name])}
                self._present |= below
                self._deep |= below
        return found

    def _bring(self, ids: Sequence[str]) -> None:
        """Bring objects by id, with the folders below if that cannot be much."""
        deep = self._is_short or (len(ids) <= _FEW and self._roots.isdisjoint(ids))
        answer = self._fetch_objects(ids, _FOLDERS_BELOW if deep else _NOTHING_BELOW)
        if (
            deep and _LEFT_OUT in answer.messages
        ):  # a note below a tree of the same call: only somebody's commit names both
            deep = False
            answer = self._fetch_objects(ids, _NOTHING_BELOW)
        if absent := _NOT_THERE.search(answer.messages):
            raise AbsentError(
                f"the ledger's branch names object {absent[1][:12]}, that {self._remote.url} does not have",
                why="it lost a part of the ledger, or holds it back",
                fix="run it again later; if it stays so, restore the branch from a clone that has all",
            )
        if answer.code != 0:
            raise self._remote.failure("a part of the ledger could not be fetched", answer)
        if deep:
            self._deep.update(ids)

    def _fetch_objects(self, ids: Sequence[str], without: str) -> Ended:
        asked = "".join(f"{name}\n" for name in ids).encode()
        # it has the commits without their trees, so it must not be told that they are here: the pack would lean on
        # what is not
        settings = (*self._origin, "-c", "fetch.negotiationAlgorithm=noop")
        options = (*_QUIETLY, without, "--no-write-fetch-head", "--stdin")
        return self._remote.patiently(self._git, *settings, "fetch", *options, "origin", data=asked)

    def push(self, commit: NewCommit) -> Pushed:
        """Append a commit to the branch, fast-forward only, and set the notes ref to the same.

        Returns:
            What became of it. Not taken: somebody was faster, or the connection failed; the remote may have it.

        Raises:
            ServiceError: The remote refused for good.
        """
        name = self._make(commit)
        lease = f"--force-with-lease={LEDGER_REF}:{commit.base or ''}"
        both = self._push("--atomic", lease, f"{name}:{LEDGER_REF}", f"+{name}:{NOTES_REF}")
        if both.code == 0:
            return Pushed(name, taken=True)
        if _may_pass(both):
            return Pushed(name, taken=False)
        alone = self._push(lease, f"{name}:{LEDGER_REF}")  # what was refused may have been the notes alone
        if alone.code != 0:
            return Pushed(name, self._judge(commit.base, alone))
        copied = self._push(f"+{name}:{NOTES_REF}")
        why = f"{NOTES_REF}, the ledger's copy for people, could not be set: {self._remote.explain(copied)}"
        return Pushed(name, taken=True, warning="" if copied.code == 0 else why)

    def _push(self, *arguments: str) -> Ended:
        options = [argument for argument in arguments if argument.startswith("--")]
        specs = [argument for argument in arguments if not argument.startswith("--")]
        fixed = ("--porcelain", "--no-verify", *self._push_options)
        return self._remote.run(
            self._git, "push", *fixed, *options, "--end-of-options", self._remote.url, *specs, seconds=self._seconds
        )

    def _judge(self, base: str | None, answer: Ended) -> bool:
        """Return False if it is worth reading again; raise if the refusal is final."""
        if _may_pass(answer):
            return False
        why = _rejections(answer).get(LEDGER_REF, "")
        if why and not why.startswith(_ECHO):
            said = self._remote.explain(replace(answer, messages=why))[:200]
            raise self._remote.failure(f"the push of the ledger was refused ({said})", answer, pushing=True)
        if lock := _LOCKED.search(answer.messages):
            if self._locked == (base, lock[1]):
                raise ServiceError(
                    f"the ledger at {self._remote.url} is locked",
                    why=f"{lock[1].replace('/./', '/')} was there twice while nobody moved the ref: a push died there",
                    fix="remove that file at the remote when no push is running",
                )
            self._locked = (base, lock[1])
            return False
        raise self._remote.failure("the push of the ledger failed", answer, pushing=True)

    def _make(self, commit: NewCommit) -> str:
        """Return the id of a commit after it and its objects were made here."""
        content = ledger_commits.encode(commit, int(time.time()))
        objects = [*commit.objects.values(), ("commit", content)]
        self._git.is_empty = False
        self._git.read("index-pack", "--stdin", data=pack(objects))
        self._present.update(commit.objects)
        return digests.git_object("commit", content)


def _nothing() -> Generator[LedgerCommit]:
    yield from ()


def _may_pass(answer: Ended) -> bool:
    """Return whether a push failed because somebody else moved the branch, or the way there failed: read again."""
    rejected = _rejections(answer)
    why = rejected.get(LEDGER_REF, "")
    if why.startswith(_RACE) or _MOVED.search(why) or _MOVED.search(answer.messages):
        return True
    return transient(answer) and not rejected and not _UNABLE.search(answer.messages)


def _rejections(answer: Ended) -> dict[str, str]:
    """Return by ref the reasons in the `!` lines of `git push --porcelain`."""
    lines = answer.out.decode("utf-8", "replace").splitlines()
    parts = (line.split("\t") for line in lines if line.startswith("!") and line.count("\t") > 1)
    return {part[1].rpartition(":")[2]: part[-1].partition("(")[2].rpartition(")")[0] for part in parts}
