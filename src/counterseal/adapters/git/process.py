"""Runs the git binary so that nothing but our own arguments steers it. Knows no remote, no ledger, no policy.

- Its environment is an allow-list; no configuration of the system or the user is read, no attributes of theirs.
- Hooks, file system monitors, replace refs, lazy fetches, prompts and credential helpers are off (R36).
- Each call has a time-out and a bound on its output, and runs in a session of its own: a Ctrl-C at the terminal
  reaches us, not a push in the middle of its work.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal.adapters.git.objects import ObjectReader, split
from counterseal.adapters.git.watch import Watch
from counterseal.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from counterseal.adapters.git.watch import Ended

LOCAL_SECONDS: Final = 120.0
MAX_OUTPUT: Final = 256 << 20
#: Longer answers about objects are asked for again; so are others, once those that are kept have this many bytes.
_MAX_REMEMBERED: Final = 64 << 10
_MAX_KEPT: Final = 64 << 20

_KEPT: Final = ("PATH", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO")
_FIXED: Final = {
    "HOME": os.devnull,  # nothing can be found below it: no .netrc, no .gitconfig, no credentials
    "XDG_CONFIG_HOME": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
    "TZ": "UTC",
}
_SETTINGS: Final = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.fsync=none",  # our copies can be made anew, and what is somebody's is only read
    "core.attributesFile=/dev/null",
    "core.askPass=",
    "credential.helper=",
    "fetch.recurseSubmodules=false",
    "gc.auto=0",
    "http.followRedirects=false",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=60",
    "log.showSignature=false",
    "maintenance.auto=false",
    "push.followTags=false",
    "push.gpgSign=false",
    "push.recurseSubmodules=no",
    "submodule.recurse=false",
    "transfer.bundleURI=false",
    "transfer.unpackLimit=1",  # what is fetched stays two files, and does not become one an object
)
#: Of a process that reads a whole repository: how much of its packs it may have in memory.
_SPARING: Final = ("-c", "core.packedGitLimit=32m", "-c", "core.packedGitWindowSize=1m")
#: By minor version of git 2 the first patch that knows GIT_NO_LAZY_FETCH; from 2.45 on all do (ADR 0003).
_NO_LAZY_FETCH: Final = {39: 4, 40: 2, 41: 1, 42: 2, 43: 4, 44: 1}
_VERSION = re.compile(rb"git version ([0-9]{1,3})\.([0-9]{1,4})\.([0-9]{1,4})")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
#: Of a bare repository of our own.
_CONFIG: Final = "[core]\n\trepositoryformatversion = {version}\n\tfilemode = true\n\tbare = true\n"


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a git command; `more` are variables of our own making.

    Without `GIT_ALLOW_PROTOCOL` in `more`, no transport at all is allowed.
    """
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, **_FIXED, "GIT_ALLOW_PROTOCOL": "none", **more}


def version() -> str:
    """Return what git says of itself.

    Raises:
        ServiceError: git is not installed.
    """
    return Git(Path(), own=False).read("--version").decode("utf-8", "replace").strip()


class Git:
    """The git binary at work in one repository.

    Args:
        folder: The repository. A bare one of our own making is used as it is; in a clone of somebody else (`own`
            false) git looks for the repository itself and refuses one of another owner (`safe.directory`).
        own: Whether `folder` is ours.
    """

    def __init__(self, folder: Path, *, own: bool = True) -> None:
        self.folder = folder
        self._where = (f"--git-dir={folder}",) if own else ("-C", str(folder))
        #: Whether it was made here and has no object yet; what is brought to it takes that back.
        self.is_empty = False
        self._commits: set[str] = set()
        self._answers: dict[tuple[str, ...], Ended] = {}
        self._blobs: dict[str, bytes] = {}
        self._kept = 0
        self._reader: ObjectReader | None = None

    def create(self, more: str = "", borrowed: Path | None = None) -> None:
        """Make the bare repository, if it is not there yet; `HEAD`, which makes it one, comes last.

        The files are those of gitrepository-layout(5).

        Args:
            more: For its configuration; extensions need the newer version of the format.
            borrowed: The objects of another repository on this machine, which then need not be copied.
        """
        if not (self.folder / "HEAD").exists():
            for folder in ("objects/info", "refs"):
                (self.folder / folder).mkdir(parents=True, exist_ok=True)
            if borrowed and "\n" not in str(borrowed):
                (self.folder / "objects/info/alternates").write_bytes(os.fsencode(borrowed) + b"\n")
            (self.folder / "config").write_text(_CONFIG.format(version=1 if more else 0) + more, encoding="ascii")
            (self.folder / "HEAD").write_text("ref: refs/heads/main\n", encoding="ascii")
            self.is_empty = True

    def run(
        self,
        *arguments: str,
        data: bytes = b"",
        variables: Mapping[str, str] | None = None,
        seconds: float = LOCAL_SECONDS,
        limit: int = MAX_OUTPUT,
    ) -> Ended:
        """Return how a git command ended, whatever its exit code.

        Args:
            arguments: The subcommand and its arguments.
            data: What it reads on standard input.
            variables: Environment variables beside the fixed ones.
            seconds: After this time it is killed with all its children.
            limit: It is killed if it prints more bytes than this.

        Raises:
            ServiceError: git is not installed, or it printed too much.
        """
        with self._start(arguments, variables or {}) as process:
            return Watch(process, seconds, limit).answer(_verb(arguments), data)

    def _start(self, arguments: Sequence[str], variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        command = ["git", "--no-pager", *self._where, *settings, *arguments]
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment(variables),
                start_new_session=True,
            )
        except FileNotFoundError:
            raise ServiceError("git is not installed", fix="install git 2.39 or newer") from None

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Ask one process for all objects meanwhile, and remember none of them."""
        self._reader = ObjectReader(self._start((*_SPARING, "cat-file", "--batch"), {}), LOCAL_SECONDS)
        try:
            yield
        finally:
            self._reader.close()
            self._reader = None

    def read(self, *arguments: str, data: bytes = b"", limit: int = MAX_OUTPUT) -> bytes:
        """Return what a local git command prints.

        Raises:
            ServiceError: It failed; the message has git's own.
        """
        return self._printed(arguments[0], self.run(*arguments, data=data, limit=limit))

    def run_fixed(self, *arguments: str) -> Ended:
        """Return what `run` does, of objects that are here by their ids alone: that never changes.

        So an answer that is short is kept, if it is one: git ends with 0, or 1 for "no".
        """
        ended = self._answers.get(arguments)
        if ended is None:
            ended = self.run(*arguments)
            if ended.code in (0, 1) and self._keeps(ended.out):
                self._answers[arguments] = ended
        return ended

    def read_fixed(self, *arguments: str) -> bytes:
        """Return what `read` does, of objects by their ids alone (see `run_fixed`).

        Raises:
            ServiceError: It failed.
        """
        return self._printed(arguments[0], self.run_fixed(*arguments))

    def _printed(self, verb: str, answer: Ended) -> bytes:
        if answer.code != 0:
            raise ServiceError(f"git {verb} failed in {self.folder.name}", why=explain(answer))
        return answer.out

    def _keeps(self, content: bytes) -> bool:
        """Return whether there is room to keep some bytes, and count them then."""
        fits = len(content) <= _MAX_REMEMBERED and self._kept + len(content) <= _MAX_KEPT
        self._kept += len(content) if fits else 0
        return fits

    def commit_exists(self, revision: str) -> bool:
        """Return whether the repository has this commit; one that was seen is not looked for again."""
        if self.is_empty:
            return False
        if revision not in self._commits and self.run("cat-file", "-e", f"{revision}^{{commit}}").code == 0:
            self._commits.add(revision)
        return revision in self._commits

    def saw(self, commits: Iterable[str]) -> None:
        """Take note of commits that git read here on its way."""
        self._commits.update(commits)

    def is_partial(self) -> bool:
        """Return whether the repository may lack objects that git would fetch when they are asked for."""
        keys = r"^(remote\..*\.(promisor|partialclonefilter)|extensions\.partialclone)$"
        return self.run("config", "--get-regexp", keys).code == 0

    def fetches_nothing(self) -> bool:
        """Return whether this git obeys when it is told to fetch nothing that was not asked for."""
        match = _VERSION.match(self.read("version"))
        if match is None:
            return False
        major, minor, patch = map(int, match.groups())
        return (major, minor) >= (2, 45) or (major == 2 and patch >= _NO_LAZY_FETCH.get(minor, patch + 1))

    def tips(self, *refs: str) -> dict[str, str]:
        """Return the objects that full refs of this repository point to, without those that are absent."""
        printed = self.read("for-each-ref", "--format=%(objectname) %(refname)", *refs).decode("utf-8", "replace")
        lines = (line.partition(" ") for line in printed.splitlines())
        return {ref: name for name, _, ref in lines if ref in refs}

    def contents(self, blobs: Collection[str], *, limit: int) -> dict[str, bytes]:
        """Return the bytes of blobs by id.

        Raises:
            ServiceError: One is absent or no blob, or together they have more than `limit` bytes.
        """
        return self._batch(blobs, limit, ("blob",))

    def objects(self, ids: Collection[str], *, limit: int) -> dict[str, bytes]:
        """Return the bytes of blobs and trees by id; raises what `contents` does."""
        return self._batch(ids, limit, ("blob", "tree"))

    def commits(self, ids: Collection[str], *, limit: int) -> dict[str, bytes]:
        """Return the bytes of commits by id; raises what `contents` does."""
        return self._batch(ids, limit, ("commit",))

    def _batch(self, wanted: Collection[str], limit: int, kinds: Sequence[str]) -> dict[str, bytes]:
        contents = {name: self._blobs[name] for name in set(wanted) & self._blobs.keys()}
        ids = sorted(set(wanted) - contents.keys())
        if not ids:
            return contents
        overhead = 64 * len(ids)  # `<id> blob <size>` and two newlines
        left = max(0, limit + overhead - sum(map(len, contents.values())))
        if self._reader is not None:
            return contents | split(self._reader.ask(ids, left), kinds)
        asked = "".join(f"{name}\n" for name in ids).encode()
        printed = self.read("cat-file", "--batch", "--buffer", data=asked, limit=left)
        read = split(printed, kinds)
        self._blobs.update((name, content) for name, content in read.items() if self._keeps(content))
        return contents | read


def _verb(arguments: Sequence[str]) -> str:
    """Return the subcommand in some arguments: what stands before it are settings."""
    place = 0
    while arguments[place] == "-c":
        place += 2
    return arguments[place]


def explain(answer: Ended) -> str:
    """Return the last lines of what git said, fit to be shown: bounded, without control characters."""
    if answer.timed_out:
        return "it took too long and was stopped"
    lines = [_CONTROL.sub("?", line) for line in answer.messages.replace("\r", "\n").splitlines() if line.strip()]
    return " / ".join(lines[-6:])[-600:] or f"exit code {answer.code}"
