"""What an append costs beside `git notes append`, and how many bytes come from the remote for it.

Git has a warm clone with all of the notes; it fetches, appends 16 kB to one note and pushes. Both push to a bare
repository on the same disk; bytes are counted on the way of `git http-backend`, as forges answer.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

from bench import measuring
from bench.measuring import ROOT, FailedError, timed
from bench.results import Measured, Times
from tests.unit import git_remotes

from counterseal.identifiers import LEDGER_REF, NOTES_REF

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.signed_ledgers.making import SignedLedger

    from counterseal_sandbox.http import LoopbackServer, Request, Response

#: Of what git appends: as many as the line of a decision has.
LINE_BYTES = 16_000


def measure(made: SignedLedger, place: Path) -> Iterator[Measured]:
    """Yield the time of an append to a ledger, and its bytes.

    Args:
        made: The ledger.
        place: A folder for both remotes; on the ledger's disk nothing is copied.
    """
    size = made.parameters.entries
    with tempfile.TemporaryDirectory(dir=place, prefix="append.") as name:
        folder = Path(name)
        remotes = [remote(made, folder / each) for each in ("ours.git", "theirs.git")]
        clone = folder / "clone.git"
        _git(folder, "clone", "--quiet", "--bare", str(remotes[1]), str(clone))
        _git(clone, "fetch", "--quiet", "origin", f"+{NOTES_REF}:{NOTES_REF}")
        try:
            yield _times(size, _Worker(str(remotes[0]), remotes[0]), clone)
            yield _bytes(size, folder)
        except FailedError as error:
            yield Measured("append", size, problem=str(error))
            yield Measured("append, bytes", size, problem=str(error))


def _times(size: int, worker: _Worker, clone: Path) -> Measured:
    with worker:
        ours, theirs = measuring.in_turns(worker.append, lambda: timed(lambda: _theirs(clone)))
        return Measured("append", size, ours=Times(tuple(ours), worker.mebibytes), beside=Times(tuple(theirs)))


def _bytes(size: int, folder: Path) -> Measured:
    """Return the bytes that come for one append each, by http."""
    server = git_remotes.serve(folder)
    try:
        counted = _counted(server)
        with _Worker(f"{server.url}/git/ours.git", folder / "ours.git") as worker:
            seconds = worker.append()
        ours, counted[0] = counted[0], 0
        clone = folder / "clone.git"
        _git(clone, "remote", "set-url", "origin", f"{server.url}/git/theirs.git")
        beside = timed(lambda: _theirs(clone))
        return Measured(
            "append, bytes", size, ours=Times((seconds,), fetched=ours), beside=Times((beside,), fetched=counted[0])
        )
    finally:
        server.stop()


def _counted(server: LoopbackServer) -> list[int]:
    """Return the number, in a list, of the bytes that a server answers from now on."""
    backend, total = server._handlers["/git"], [0]

    def counting(request: Request) -> Response:
        answer = backend(request)
        total[0] += len(answer.body)
        return answer

    server.mount("/git", counting)
    return total


class _Worker:
    """A process that appends to the ledger at a URL, each time from an empty folder; `mebibytes` is its peak.

    Each time the remote (a folder) has the same ledger: one that grew would be longer after its newest audit.
    """

    def __init__(self, url: str, remote: Path) -> None:
        self._remote, self._tip = remote, git_remotes.git(remote, "rev-parse", LEDGER_REF)
        command = [sys.executable, "-m", "bench.append_worker", url]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=git_remotes._ENVIRONMENT
        )
        self.mebibytes = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def append(self) -> float:
        """Return the seconds of an append.

        Raises:
            FailedError: Nothing was appended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        folder = tempfile.mkdtemp(prefix="counterseal-bench.")
        try:
            print(folder, file=self._process.stdin, flush=True)
            told = json.loads(self._process.stdout.readline() or '{"problem": "the process ended"}')
        finally:
            shutil.rmtree(folder)
        for ref in (LEDGER_REF, NOTES_REF):
            _git(self._remote, "update-ref", ref, self._tip)
        if "problem" in told:
            raise FailedError(told["problem"])
        self.mebibytes = told["mebibytes"]
        return float(told["seconds"])


def remote(made: SignedLedger, folder: Path) -> Path:
    """Return a bare repository with a ledger, that forges' answers can be had of by http."""
    folder.mkdir()
    _git(folder, "init", "--quiet", "--bare", "--template=", "--initial-branch=main")
    for key in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant", "http.receivepack"):
        _git(folder, "config", key, "true")
    made.lend(folder)
    return folder


def _theirs(clone: Path) -> None:
    text, key = secrets.token_hex(LINE_BYTES // 2), hashlib.sha1(secrets.token_bytes(8)).hexdigest()
    _git(clone, "fetch", "--quiet", "origin", f"+{NOTES_REF}:{NOTES_REF}")
    _git(clone, "notes", f"--ref={NOTES_REF}", "append", "-m", text, key)
    _git(clone, "push", "--quiet", "origin", NOTES_REF)


def _git(folder: Path, *arguments: str) -> None:
    git_remotes.git(folder, *arguments)
