"""Appends one entry to the ledger: read, decide on that head, sign, push; again from the start if somebody was faster.

What holds for every call of `record`, however it ends:

1. Nothing is signed on a head that `read` did not accept, or that moved while the decision was made.
2. A push that seemed to fail may have succeeded: the line is looked for before anything is signed again, and the
   entry's id before anything is decided again. So no entry is recorded twice.
3. A signed line that did not get in leaves this process in no way but as its sha256, for the next try to name.
4. A signal between signing and the confirmed push waits until it is known how that ended.
"""

from __future__ import annotations

import base64
import contextlib
import secrets
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal import ledger
from counterseal.errors import LedgerError, ServiceError
from counterseal.formats import digests, statement
from counterseal.ledger import Ledger
from counterseal.model import Entry, StoredLedger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from counterseal.ports import LedgerStore

MAX_TRIES: Final = 12
MAX_SECONDS: Final = 120.0
_EVEN_TRIES: Final = 4
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry to be signed.

    Attributes:
        payload: The statement's bytes; its `ledger` member is the head's `next_link(entry_id)`.
        entry_id: Its id.
        note: The source revision whose note it belongs to, or None.
        message: The commit message, for people.
        evidence: The document that the statement rests on and names by its digest; it is kept beside the entry.
    """

    payload: bytes
    entry_id: str
    note: str | None
    message: str
    evidence: bytes = b""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry that the ledger has: `fresh` if this call put it there.

    `note` is the note that it lies in, `stored` and `ledger` the state that was read with it in place.
    """

    entry: Entry
    fresh: bool
    note: str
    stored: StoredLedger
    ledger: Ledger

    @property
    def sequence(self) -> int:
        """Return the entry's place."""
        return self.entry.link.sequence


Read = Callable[[StoredLedger], Ledger]
Prepare = Callable[[Ledger, Sequence[str]], Draft | Entry]
Sign = Callable[[bytes], bytes]
Fits = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class Patience:
    """Time as `record` sees it: a clock in seconds, how to wait, and a random number between two bounds."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    uniform: Callable[[float, float], float] = secrets.SystemRandom().uniform

    def wait(self, attempt: int, window: float) -> None:
        """Wait before a try: up to 0.5 s at first, later up to 8 times what a whole try takes (`window`)."""
        most = 0.5 if attempt <= _EVEN_TRIES + 1 else window * min(2 ** (attempt - _EVEN_TRIES - 1), 8)
        self.sleep(self.uniform(0, most))


def record(
    store: LedgerStore,
    *,
    read: Read,
    prepare: Prepare,
    sign: Sign,
    fits: Fits = lambda _: True,
    patience: Patience | None = None,
) -> Recorded:
    """Return the entry after it is in the ledger, confirmed by reading it back.

    Args:
        store: Where the ledger lies.
        read: Verifies stored lines, signatures included, to a ledger; raises what makes it unfit to sign on.
        prepare: Decides on that ledger. Gets the sha256 of each line that this call signed in vain, to be named in
            the new entry. Returns the entry instead if it is recorded already.
        sign: Returns the line for a payload.
        fits: Says whether readers will take a signed line; if not, it is abandoned, and everything is done anew.
        patience: Clock and pauses.

    Raises:
        LedgerError: The ledger is not what it was; nothing was signed on it.
        ServiceError: No entry could be made within 12 tries and 120 seconds, or the store refused for good.
    """
    patience = patience or Patience()
    writer = _Writer(store, read, prepare, sign, fits)
    started = patience.clock()
    for attempt in range(1, MAX_TRIES + 1):
        began = patience.clock()
        if recorded := writer.attempt():
            return recorded
        now = patience.clock()
        if attempt == MAX_TRIES or now - started > MAX_SECONDS:
            break
        patience.wait(attempt + 1, now - began)
    raise ServiceError(
        f"the entry could not be recorded in {attempt} tries",
        why="others kept writing to the ledger, or the way to it failed; "
        f"signatures without an entry: {len(writer.abandoned)}",
        fix="run it again: it looks for its entry first. Let one run at a time write (a concurrency group; on GitLab a "
        "resource group)",
    )


class _Writer:
    """One entry on its way into the ledger."""

    def __init__(self, store: LedgerStore, read: Read, prepare: Prepare, sign: Sign, fits: Fits) -> None:
        self._store = store
        self._read = read
        self._prepare = prepare
        self._sign = sign
        self._fits = fits
        self._signed: set[bytes] = set()
        self._entry_id: str | None = None
        self.abandoned: list[str] = []

    def attempt(self) -> Recorded | None:
        """Return the entry if it is in the ledger now; None: try again."""
        stored = self._store.fetch()
        current_ledger = self._read(stored)
        # an earlier push of ours may have arrived late, or another run may have had the same task
        prepared = (current_ledger.find(self._entry_id) if self._entry_id else None) or self._prepare(
            current_ledger, tuple(self.abandoned)
        )
        if isinstance(prepared, Entry):
            return _recorded(prepared, stored, current_ledger, fresh=prepared.line in self._signed)
        _check_draft(prepared, current_ledger)
        self._entry_id = prepared.entry_id
        if self._store.tips() != (stored.notes, stored.mirror):
            return None
        lines_in_note = sum(stored_line.note == prepared.note for stored_line in stored.lines)
        note = ledger.choose_note(prepared.note, lines_in_note, len(current_ledger.entries))
        with deferred_signals():
            line = self._sign(prepared.payload)
            ledger.check_line(line, f"entry {len(current_ledger.entries)}")
            self._signed.add(line)
            stored_after = self._push(stored, note, line, prepared) if self._fits(line) else None
        if stored_after is None:
            self.abandoned.append(digests.sha256(line))
            return None
        ledger_after = self._read(stored_after)
        if entry := ledger_after.find(prepared.entry_id):
            return _recorded(entry, stored_after, ledger_after, fresh=True)
        raise LedgerError(f"entry {len(current_ledger.entries)} was pushed and cannot be found in the ledger")

    def _push(self, base: StoredLedger, note: str, line: bytes, draft: Draft) -> StoredLedger | None:
        """Return the store with the line in it, whatever the push said of itself, or None if it is not there."""
        refused: ServiceError | None = None
        pushed = False
        try:
            pushed = self._store.push(base, note, line, draft.message, evidence=draft.evidence)
        except ServiceError as error:
            refused = error
        try:
            stored_after = self._store.fetch()
        except ServiceError as error:
            raise refused or _unknown(error) from error
        if any(stored_line.line == line for stored_line in stored_after.lines):
            return stored_after
        if refused:
            raise refused
        if pushed:
            raise LedgerError(
                "the entry was pushed, and the ledger has lost it again",
                why=f"notes are at {stored_after.notes or 'nothing'}, mirror at {stored_after.mirror or 'nothing'}",
                fix="find out who pushed it; the mirror branch has to be protected against force pushes",
            )
        return None


def _unknown(error: ServiceError) -> ServiceError:
    return ServiceError(
        "the entry was pushed, but whether it is recorded could not be read",
        why=error.what + (f" ({error.why})" if error.why else ""),
        fix="run it again: it looks for its entry first and records it only once",
    )


def _recorded(entry: Entry, stored: StoredLedger, current_ledger: Ledger, *, fresh: bool) -> Recorded:
    note = next(stored_line.note for stored_line in stored.lines if stored_line.line == entry.line)
    return Recorded(entry, fresh, note, stored, current_ledger)


def _check_draft(draft: Draft, current_ledger: Ledger) -> None:
    """Refuse to sign what is not for this place, or cannot become a line."""
    what = f"entry {len(current_ledger.entries)}"
    if ledger.link_of(statement.parse(draft.payload, what)) != current_ledger.next_link(draft.entry_id):
        raise LedgerError(f"{what}: the statement to be signed names another place in the ledger")
    ledger.check_line(base64.b64encode(draft.payload), what)


@contextlib.contextmanager
def deferred_signals() -> Iterator[None]:
    """Hold back SIGINT and SIGTERM until the end of the block, then let them do what they would have done.

    In a thread other than the main one, signals do not arrive and nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []

    def remember(number: int, _: FrameType | None) -> None:
        arrived.append(number)

    before = {number: signal.signal(number, remember) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        if arrived:
            signal.raise_signal(arrived[0])
