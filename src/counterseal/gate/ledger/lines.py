"""Verifies lines of the ledger one by one: what is signed, by whom, and whether it is of the time that it names."""

from __future__ import annotations

import base64
import contextlib
from dataclasses import dataclass, field
from typing import Final

from counterseal import ledger
from counterseal.errors import CountersealError, FormatError, LedgerError, SandboxSignedError, VerificationError
from counterseal.formats import digests, wire
from counterseal.gate.judge import Judge
from counterseal.model import Entry, Predecessor
from counterseal.ports import BundleVerifier

#: How many verified lines are remembered.
_MAX_KNOWN: Final = 256


@dataclass(slots=True)
class Lines:
    """Verifies lines of one ledger, which may follow another one; the newest are verified once in the life of this."""

    ledger_id: str
    verifier: BundleVerifier
    judge: Judge
    predecessor: Predecessor | None = None
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
            self._known[name] = self._checked(line, where)
        return self._known[name]

    def _checked(self, line: bytes, where: str) -> Entry:
        try:
            return self._verified(line, where)
        except CountersealError:  # the same again, with a better name for it
            return self._verified(line, _place(line, where))

    def _verified(self, line: bytes, what: str) -> Entry:
        try:
            attestation = self.verifier.verify_statement(line, what)
            entry = ledger.entry_of(line, attestation)
        except SandboxSignedError as error:
            raise LedgerError(error.what, why=error.why, fix=error.fix) from error
        except (FormatError, VerificationError) as error:
            if error.fix == ledger.UPGRADE:
                raise LedgerError(f"{what}: {error.what}", why=error.why, fix=error.fix) from error
            why = error.why or error.what  # without its fix, which is about files that people download
            raise LedgerError(f"{what} is not what a gate signed", why=why, fix=ledger.RESTORE) from error
        self.judge(attestation, f"entry {entry.link.sequence}")
        if problem := ledger.moment_problem(attestation):
            raise LedgerError(f"entry {entry.link.sequence} is not of the time that it names", why=problem)
        return entry


def _place(line: bytes, where: str) -> str:
    """Return where a line stands, with the number that it claims for itself (unverified, for people)."""
    with contextlib.suppress(CountersealError, KeyError, TypeError, ValueError):
        bundle = wire.load_json(line, "a line")
        payload = wire.load_json(base64.b64decode(bundle["dsseEnvelope"]["payload"]), "its payload")
        if isinstance(sequence := payload["predicate"]["ledger"]["sequence"], int):
            return f"ledger entry {sequence} ({where})"
    return f"a line of the ledger ({where})"
