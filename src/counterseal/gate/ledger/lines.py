"""Verifies lines of the ledger one by one: what is signed, by whom, and whether it is of the time that it names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from counterseal.formats import digests
from counterseal.gate.judge import Judge
from counterseal.gate.ledger import checking
from counterseal.model import Entry, Predecessor
from counterseal.ports import BundleVerifier, Memory

#: How many verified lines are remembered.
_MAX_KNOWN: Final = 256


@dataclass(slots=True)
class Lines:
    """Verifies lines of one ledger, which may follow another one; the newest are verified once in the life of this."""

    ledger_id: str
    verifier: BundleVerifier
    judge: Judge
    predecessor: Predecessor | None = None
    #: What was verified of this ledger before: for people, never in a gate, which verifies all itself.
    memory: Memory | None = None
    _known: dict[str, Entry] = field(default_factory=dict)

    def entry(self, note: bytes, where: str) -> Entry:
        """Return the entry in a note that has its line alone.

        Raises:
            LedgerError: It is not what a gate signed.
            VerificationError: Another one than this repository's gate signed it.
        """
        line = note.removesuffix(b"\n")
        name = digests.sha256(line)
        if name not in self._known:
            while len(self._known) >= _MAX_KNOWN:
                del self._known[next(iter(self._known))]
            entry = checking.verified(self.verifier, line, where)
            self.judge(entry.attestation, f"entry {entry.link.sequence}")
            checking.check_moment(entry)
            self._known[name] = entry
        return self._known[name]
