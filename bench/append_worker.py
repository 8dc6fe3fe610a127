"""Appends to a ledger as a gate does, but that nothing is signed or verified; a process of its own, for its memory.

The line is a bare statement of a real one's size; lines that are there are read on trust. Everything else is what a
gate does: it begins with an empty folder, reads, checks the chain and the mirror, pushes, and reads back.

    python -m bench.append_worker URL [BYTES]     # each line of its input is an empty folder, and means one append

It answers each with a line of JSON: {"seconds": …, "mebibytes": …}, the memory being the peak so far.
"""

from __future__ import annotations

import json
import resource
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measuring import timed
from tests.evidence_samples import LEDGER_ID, REVISION

from counterseal import ledger
from counterseal.adapters.git.ledger import GitLedgerStore
from counterseal.errors import CountersealError
from counterseal.formats import bundle, digests, statement, wire
from counterseal.gate import recording
from counterseal.identifiers import EVENT
from counterseal.model import Attestation, Certificate, Entry, Subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.ledger import Ledger
    from counterseal.model import LedgerLink, StoredLedger

#: Of a line, as `docs/formats.md` has them: a bundle around a statement is some three times as long.
LINE_BYTES = 16_000
_NOBODY = Certificate(san="https://ca.example/bench", issuer="https://ca.example")


def append(url: str, folder: Path) -> None:
    """Append one entry, from an empty folder."""
    name = secrets.token_hex(16)
    identifier = ledger.entry_id("bench", LEDGER_ID, name)

    def prepare(current_ledger: Ledger, _: Sequence[str]) -> recording.Draft:
        payload = _payload(current_ledger.next_link(identifier))
        return recording.Draft(payload, identifier, REVISION[:8] + name, f"allow {name}")

    store = GitLedgerStore(url, folder / "ledger.git", token=None)
    recording.record(store, read=_reader(), prepare=prepare, sign=lambda line: line)


def _payload(link: LedgerLink) -> bytes:
    subject = Subject("app.whl", digests.sha256(link.entry_id.encode()))
    filling = secrets.token_hex(LINE_BYTES // 2 - 600)
    return statement.build([subject], EVENT, {"filling": filling, "ledger": wire.encode(link)})


def _reader() -> recording.Read:
    """Return what reads a stored ledger on trust; no line twice."""
    known: dict[bytes, Entry] = {}

    def entry(line: bytes) -> Entry:
        if line not in known:
            parse = bundle.statement_of if line.startswith(b'{"mediaType"') else statement.parse
            content, signed_at = parse(line, "a line"), datetime(2026, 11, 24, tzinfo=UTC)
            attestation = Attestation(content, line, _NOBODY, signed_at, 0, line, digests.sha256(line))
            known[line] = ledger.entry_of(line, attestation)
        return known[line]

    def read(stored: StoredLedger) -> Ledger:
        return ledger.check((entry(stored_line.line) for stored_line in stored.lines), LEDGER_ID)

    return read


def main() -> None:
    """Append whenever a line comes."""
    url = sys.argv[1]
    for line in sys.stdin:
        try:
            seconds = timed(lambda: append(url, Path(line.strip())))  # noqa: B023 - called at once
        except CountersealError as error:
            print(json.dumps({"problem": f"{error.what}: {error.why}"}), flush=True)
            continue
        peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        print(json.dumps({"seconds": seconds, "mebibytes": peak / 1024}), flush=True)


if __name__ == "__main__":
    main()
