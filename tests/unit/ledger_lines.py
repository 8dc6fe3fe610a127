"""Stand-in lines for tests of the ledger: the bare statement where a signed bundle would be.

Signatures are another room's work (the reader's); everything here is about bytes, places and notes.
"""

from __future__ import annotations

from datetime import UTC, datetime

from counterseal import ledger
from counterseal.formats import digests, statement, wire
from counterseal.identifiers import EVENT
from counterseal.model import Attestation, Certificate, Entry, LedgerLink, StoredLedger, Subject

LEDGER = "github.com/777/5d1c"
_NOBODY = Certificate(san="https://ca.example/nobody", issuer="https://ca.example")


def payload(link: LedgerLink, text: str = "") -> bytes:
    """Return a statement at a place in the ledger; `text` makes it a different one."""
    about = [Subject("app.whl", digests.sha256(text.encode()))]
    return statement.build(about, EVENT, {"text": text, "ledger": wire.encode(link)})


def entry(line: bytes) -> Entry:
    """Return the entry in a line, taken on trust."""
    content = statement.parse(line, "a stand-in line")
    signed_at = datetime(2026, 11, 24, 9, 10, 44, tzinfo=UTC)
    return ledger.entry_of(line, Attestation(content, line, _NOBODY, signed_at, 0, line, digests.sha256(line)))


def identifier(name: str) -> str:
    """Return an entry id."""
    return ledger.entry_id("decision", LEDGER, f"promotions/production/{name}.json")


def grow(current_ledger: ledger.Ledger, name: str, text: str = "") -> ledger.Ledger:
    """Return the ledger with one more entry."""
    link = current_ledger.next_link(identifier(name))
    return ledger.check([*current_ledger.entries, entry(payload(link, text))], LEDGER)


def build(size: int) -> list[Entry]:
    """Return the entries of a whole ledger."""
    current_ledger = ledger.check([], LEDGER)
    for number in range(size):
        current_ledger = grow(current_ledger, str(number), f"entry {number}")
    return list(current_ledger.entries)


def read(stored: StoredLedger) -> ledger.Ledger:
    """Return the ledger in a store, its lines taken on trust."""
    return ledger.check([entry(stored_line.line) for stored_line in stored.lines], LEDGER)
