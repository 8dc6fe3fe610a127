"""Appends one entry to the ledger: read, decide on that tip, sign, push; again from the start if somebody was faster.

What holds for every call of `record`, however it ends:

1. Nothing is signed on a tip that `read` did not accept, or that moved while the decision was made.
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
from counterseal.gate.ledger.tip import Tip
from counterseal.model import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from counterseal.model import Pushed
    from counterseal.ports import LedgerStore

MAX_TRIES: Final = 12
MAX_SECONDS: Final = 120.0
_EVEN_TRIES: Final = 4
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry to be signed.

    Attributes:
        payload: The statement's bytes; its `ledger` member is the tip's `next_link`.
        entry_id: Its id.
        message: The commit message, for people.
        evidence: The document that a decision rests on and names by its digest; it is kept beside the entry.
    """

    payload: bytes
    entry_id: str
    message: str
    evidence: bytes = b""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry that the ledger has: `fresh` if this call put it there.

    `tip` is the ledger as it was read with the entry in place, `warning` what people should know of the push.
    """

    entry: Entry
    fresh: bool
    tip: Tip
    warning: str = ""

    @property
    def sequence(self) -> int:
        """Return the entry's place."""
        return self.entry.link.sequence


Read = Callable[[], "Tip"]
Prepare = Callable[["Tip", Sequence[str]], "Draft | Entry"]
Sign = Callable[[bytes], bytes]
#: Returns the entry in a line if readers will take it, else None.
Fits = Callable[[bytes], "Entry | None"]


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
    fits: Fits,
    patience: Patience | None = None,
) -> Recorded:
    """Return the entry after it is in the ledger, confirmed by reading it back.

    Args:
        store: Where the ledger lies.
        read: Returns the verified ledger as the store has it now; raises what makes it unfit to sign on.
        prepare: Decides on that ledger. Gets the sha256 of each line that this call signed in vain, to be named in
            the new entry. Returns the entry instead if it is recorded already.
        sign: Returns the line for a payload.
        fits: Verifies a signed line as readers will; if they would not take it, it is abandoned, and everything is done
            anew.
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
        tip = self._read()
        # an earlier push of ours may have arrived late, or another run may have had the same task
        recorded = tip.find(self._entry_id) if self._entry_id else None
        prepared = recorded or self._prepare(tip, tuple(self.abandoned))
        if not isinstance(prepared, Draft):
            return Recorded(prepared, prepared.line in self._signed, tip)
        _check_draft(prepared, tip)
        self._entry_id = prepared.entry_id
        if self._store.tip() != tip.commit:
            return None
        with deferred_signals():
            line = self._sign(prepared.payload)
            ledger.check_line(line, f"entry {tip.size}")
            self._signed.add(line)
            entry = self._fits(line)
            result = self._push(tip, entry, prepared) if entry else None
        if result is None:
            self.abandoned.append(digests.sha256(line))
        return result

    def _push(self, tip: Tip, entry: Entry, draft: Draft) -> Recorded | None:
        """Return the entry in the ledger, whatever the push said of itself, or None if it is not there."""
        commit, walk = tip.appended(entry, draft.message, draft.evidence)
        refused: ServiceError | None = None
        pushed: Pushed | None = None
        try:
            pushed = self._store.push(commit)
            if pushed.taken and self._store.tip() == pushed.commit:  # nobody wrote since: the rest is what we made
                return Recorded(entry, fresh=True, tip=tip.then(walk, pushed.commit), warning=pushed.warning)
        except ServiceError as error:
            refused = error
        try:
            after = self._read()
        except ServiceError as error:
            raise (refused if pushed is None and refused else _unknown(error)) from error
        warning = pushed.warning if pushed else ""
        if (there := after.find(draft.entry_id)) and there.line == entry.line:
            return Recorded(there, fresh=True, tip=after, warning=warning)
        if pushed is None and refused:
            raise refused
        if pushed and pushed.taken:
            raise LedgerError(
                "the entry was pushed, and the ledger has lost it again",
                why=f"the branch is at {after.commit or 'nothing'}",
                fix="find out who pushed it; the branch has to be protected against force pushes",
            )
        return None


def _unknown(error: ServiceError) -> ServiceError:
    return ServiceError(
        "the entry was pushed, but whether it is recorded could not be read",
        why=error.what + (f" ({error.why})" if error.why else ""),
        fix="run it again: it looks for its entry first and records it only once",
    )


def _check_draft(draft: Draft, tip: Tip) -> None:
    """Refuse to sign what is not for this place, or cannot become a line."""
    what = f"entry {tip.size}"
    named = ledger.link_of(statement.parse(draft.payload, what))
    if (named.entry_id, named.sequence, named.commit) != (draft.entry_id, tip.size, tip.commit):
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
