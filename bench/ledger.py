"""Prints what an append to the ledger costs beside `git notes append`, at 10 and at 1,000 entries.

Both sides fetch, add one line of 9 kB in a note of its own, and push to a bare repository on the same disk. Ours
also reads every line, checks the whole chain and the mirror's history, and reads back what it pushed. Nothing is
signed or verified on either side, and a line that was parsed before is not parsed again (as the reader of a gate
does it). The numbers in a row come from one run, taken in turns: compare them with each other only.

    python bench/ledger.py [ENTRIES ...]
"""

from __future__ import annotations

import hashlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal import ledger
from counterseal.adapters.git.ledger import GitLedgerStore
from counterseal.formats import digests, statement, wire
from counterseal.gate import recording
from counterseal.identifiers import EVENT, MIRROR_REF, NOTES_REF
from counterseal.ledger import merkle
from counterseal.model import Attestation, Certificate, Entry, LedgerLink, StoredLedger, Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LEDGER = "github.com/777/bench"
ROUNDS = 7
LINE_BYTES = 9000
_CERTIFICATE = Certificate(san="https://ca.example/bench", issuer="https://ca.example")
_random = random.Random(1)
_environment = {
    "PATH": os.environ["PATH"],
    "HOME": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": "bench@users.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def git(folder: Path, *arguments: str, data: bytes = b"") -> None:
    command = ["git", "-C", str(folder), "-c", "gc.auto=0", *arguments]
    subprocess.run(command, input=data, env=_environment, check=True, capture_output=True)


def payload(link: LedgerLink) -> bytes:
    filling = _random.randbytes(LINE_BYTES // 2).hex()
    subject = Subject("app.whl", digests.sha256(link.entry_id.encode()))
    return statement.build([subject], EVENT, {"filling": filling, "ledger": wire.encode(link)})


def read(stored: StoredLedger) -> ledger.Ledger:
    return ledger.check((_entry(stored_line.line) for stored_line in stored.lines), LEDGER)


@cache
def _entry(line: bytes) -> Entry:
    signed_at = datetime(2026, 11, 24, tzinfo=UTC)
    content = statement.parse(line, "a line")
    return ledger.entry_of(line, Attestation(content, line, _CERTIFICATE, signed_at, 0, line, digests.sha256(line)))


def lines(size: int) -> Iterator[bytes]:
    """Yield the lines of a ledger, made without checking it at each step."""
    peaks: tuple[bytes, ...] = ()
    previous: str | None = None
    for number in range(size):
        identifier = hashlib.sha256(b"%d" % number).hexdigest()
        root, hexed = merkle.root_of_peaks(peaks).hex(), tuple(peak.hex() for peak in peaks)
        line = payload(LedgerLink(LEDGER, identifier, number, previous, number, root, hexed))
        yield line
        previous, peaks = digests.sha256(line), merkle.append(peaks, number, merkle.leaf(line))


def remote(folder: Path, size: int) -> Path:
    """Return a bare repository with a ledger of `size` entries, one commit each."""
    git(folder.parent, "init", "--quiet", "--bare", str(folder))
    parts = []
    for number, line in enumerate(lines(size)):
        key = ledger.note_key(number)
        parts.append(f"commit {NOTES_REF}\ncommitter b <b@users.example> now\ndata 1\n.\n".encode())
        parts.append(f"M 100644 inline {key[:2]}/{key[2:]}\n".encode())
        parts.append(b"data %d\n%s\n\n" % (len(line) + 1, line))
    git(folder, "fast-import", "--quiet", "--date-format=now", data=b"".join(parts))
    git(folder, "update-ref", MIRROR_REF, NOTES_REF)
    return folder


def ours(store: GitLedgerStore, number: int) -> None:
    def prepare(current_ledger: ledger.Ledger, _: Sequence[str]) -> recording.Draft:
        identifier = ledger.entry_id("bench", LEDGER, str(number))
        return recording.Draft(payload(current_ledger.next_link(identifier)), identifier, None, f"{number} allow")

    recording.record(store, read=read, prepare=prepare, sign=lambda line: line)


def theirs(clone: Path, number: int) -> None:
    git(clone, "fetch", "--quiet", "origin", f"+{NOTES_REF}:{NOTES_REF}")
    text = _random.randbytes(LINE_BYTES // 2).hex()
    git(clone, "notes", f"--ref={NOTES_REF}", "append", "-m", text, hashlib.sha1(b"git %d" % number).hexdigest())
    git(clone, "push", "--quiet", "origin", NOTES_REF)


def timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)


def measure(size: int) -> tuple[float, float]:
    """Return the median milliseconds of an append: ours, git's."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        store = GitLedgerStore(str(remote(folder / "ours.git", size)), folder / "copy.git", token=None)
        git(folder, "clone", "--quiet", str(remote(folder / "theirs.git", size)), str(folder / "clone"))
        ours(store, 0)  # the first one fetches the whole ledger, on both sides
        theirs(folder / "clone", 0)
        pairs = [
            (timed(lambda: ours(store, number)), timed(lambda: theirs(folder / "clone", number)))  # noqa: B023 - called at once
            for number in range(1, ROUNDS + 1)
        ]
    mine, gits = zip(*pairs, strict=True)
    return statistics.median(mine), statistics.median(gits)


def main(sizes: Sequence[int]) -> None:
    print(f"append, median of {ROUNDS} in turns, file transport, {LINE_BYTES} bytes a line, nothing signed")
    print(f"{'entries':>8}  {'counterseal':>12}  {'git notes append':>17}  {'ratio':>6}")
    for size in sizes:
        mine, gits = measure(size)
        print(f"{size:>8}  {mine:>9.0f} ms  {gits:>14.0f} ms  {mine / gits:>6.1f}")


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [10, 1000])
