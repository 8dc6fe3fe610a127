"""What many writers at once cost: signatures for each recorded entry, and whether all of them got in.

Each writer appends one decision over http, from an empty folder, and signs for 0.3 s, as Sigstore takes. Seven of
eight are gates, which the shipped concurrency group lets write one at a time; the others are jobs that hold or revoke,
which wait for nobody. Beside them as many writers without any group. A writer that gives up is run again, as a job
would be.
"""

from __future__ import annotations

import contextlib
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench import appends
from bench.append_worker import Appending
from bench.measuring import FailedError, timed
from bench.results import Measured, Times
from tests.unit import git_remotes

from counterseal.errors import ServiceError
from counterseal.identifiers import LEDGER_REF

if TYPE_CHECKING:
    from tests.signed_ledgers.making import SignedLedger

WRITERS: Final = 32
_SIGNING: Final = 0.3
#: How many times a job is run again at most.
_RUNS: Final = 20


def measure(made: SignedLedger, place: Path) -> Measured:
    """Return what the writers took with the concurrency group, beside what they take without.

    Args:
        made: The ledger that they all append to.
        place: A folder for the remotes; on the ledger's disk nothing is copied.
    """
    try:
        ours, beside = (_at_once(made, place, grouped=grouped) for grouped in (True, False))
    except FailedError as error:
        return Measured("writers", WRITERS, problem=str(error))
    return Measured("writers", WRITERS, ours=ours, beside=beside)


def _at_once(made: SignedLedger, place: Path, *, grouped: bool) -> Times:
    with tempfile.TemporaryDirectory(dir=place, prefix="writers.") as name:
        folder = Path(name)
        remote = folder / "ledger.git"
        appends.remote(made, remote)
        server = git_remotes.serve(folder)
        try:
            writers = _Writers(f"{server.url}/git/ledger.git", folder, grouped=grouped)
            seconds = timed(writers.run)
            writers.check()
        finally:
            server.stop()
        added = int(git_remotes.git(remote, "rev-list", "--count", LEDGER_REF)) - made.parameters.entries
        if added != WRITERS:
            raise FailedError(f"{WRITERS} writers made {added} entries")
        return Times((seconds,), signatures=writers.signatures)


class _Writers:
    """All writers, and how often they signed."""

    def __init__(self, url: str, folder: Path, *, grouped: bool) -> None:
        self.signatures = 0
        self._appending = Appending(url, self._sign)
        self._folder, self._grouped = folder, grouped
        self._counting, self._group = threading.Lock(), threading.Lock()

    def run(self) -> None:
        """Have all of them write, and wait for the last."""
        with ThreadPoolExecutor(WRITERS) as threads:
            for done in [threads.submit(self._write, number) for number in range(WRITERS)]:
                done.result()

    def check(self) -> None:
        """Require that the ledger is whole: every commit is one entry appended to the one before."""
        self._appending.check(self._folder / "reader")

    def _write(self, number: int) -> None:
        in_group = self._grouped and number % 8 != 0
        with self._group if in_group else contextlib.nullcontext():
            for run in range(_RUNS):
                with contextlib.suppress(ServiceError):
                    self._appending.append(self._folder / f"{number}.{run}", f"{number:016x}")
                    return
        raise FailedError(f"a writer was run {_RUNS} times, and its entry is not recorded")

    def _sign(self) -> None:
        with self._counting:
            self.signatures += 1
        time.sleep(_SIGNING)
