"""Appends to a ledger as a gate does, but that nothing is signed or verified; a process of its own, for its memory.

The entry is a decision as a gate makes it, with its evidence, in a bundle of a real one's size that nobody signed;
lines that are there are taken on trust. Everything else is what a gate does: it begins with an empty folder, reads from
the newest audit on, checks commits, chain and tree, pushes, and looks whether the branch is there.

    python -m bench.append_worker URL     # each line of its input is an empty folder, and means one append

It answers each with a line of JSON: {"seconds": …, "mebibytes": …}, the memory being the peak so far.
"""

from __future__ import annotations

import base64
import json
import resource
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measuring import timed
from tests import evidence_samples as samples
from tests.signed_ledgers import patterns
from tests.signed_ledgers.layout import PLACE

from counterseal import ledger
from counterseal.adapters.git.ledger import GitLedgerStore
from counterseal.errors import CountersealError
from counterseal.evaluation import decision as decisions
from counterseal.formats import bundle, digests, statement, wire
from counterseal.gate.ledger import LedgerReader, recording
from counterseal.identifiers import BUNDLE_MEDIA_TYPE, PAYLOAD_TYPE
from counterseal.model import Attestation, Certificate, Entry, Outcome, Statement

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from counterseal.gate.ledger import Tip

#: What a bundle has beside the statement: certificate, entry of the log, timestamp, signature.
SIGNED_BYTES = 7_000


class _Verifier:
    """Takes every bundle for one that a gate signed in the run that its statement is of."""

    def verify_statement(self, line: bytes, what: str) -> Attestation:
        told = bundle.statement_of(line, what)
        predicate = told.predicate
        started = predicate.get("body", {}).get("trigger", "push")
        nobody = Certificate(san="https://ca.example", issuer="https://ca.example", trigger=started)
        moment = wire.parse_timestamp(predicate.get("decidedAt") or predicate.get("occurredAt"), what)
        return Attestation(told, line, nobody, moment, 0, line, digests.sha256(line))


class _Judge:
    """Lets everybody sign."""

    def __call__(self, attestation: Attestation, what: str) -> None:
        """Accept."""

    def check(
        self, certificate: Certificate, signed: Statement, what: str, *, signed_at: datetime | None = None
    ) -> None:
        """Accept."""

    def is_older(self, revision: str | None, other: str | None) -> bool:  # noqa: ARG002 - as the real one
        return False


class Appending:
    """Appends entries to the ledger at a URL; `signing` is called whenever one is signed."""

    def __init__(self, url: str, signing: Callable[[], None] = lambda: None) -> None:
        self._url, self._signing = url, signing
        self._pattern = patterns.decision("staging", Outcome.ALLOW)

    def append(self, folder: Path, name: str | None = None) -> None:
        """Append one entry, from an empty folder; `name` (16 hex digits) tells it from others."""
        name = name or secrets.token_hex(8)
        values, now = _values(name), datetime.now(UTC).replace(microsecond=0)
        evidence = self._pattern.evidence.fill(values, now, name)
        values[self._pattern.named.sha256] = digests.sha256(evidence)
        values[self._pattern.named.git_blob] = digests.git_object("blob", evidence)
        payload = self._pattern.payload.fill(values, now, name)
        content = decisions.parse(statement.parse(payload, "an entry"), "an entry")
        identifier = ledger.entry_id("decision", samples.LEDGER_ID, content.request.file)
        store = GitLedgerStore(self._url, folder / "ledger.git", token=None)
        reader = _reader()

        def prepare(tip: Tip, _: Sequence[str]) -> recording.Draft | Entry:
            if recorded := tip.find(identifier):  # by an earlier run
                return recorded
            link = wire.canonical(wire.encode(tip.next_link(identifier, content)))
            return recording.Draft(payload.replace(PLACE.encode(), link), identifier, f"{tip.size} {name}", evidence)

        recording.record(
            store,
            read=lambda: reader.read(store),
            prepare=prepare,
            sign=self._sign,
            fits=lambda line: reader.entry(line, "the new entry"),
        )

    def check(self, folder: Path) -> None:
        """Require that every commit of the ledger is one entry appended to the one before it."""
        _reader().read_whole(GitLedgerStore(self._url, folder / "ledger.git", token=None))

    def _sign(self, payload: bytes) -> bytes:
        self._signing()
        return _unsigned(payload)


def _reader() -> LedgerReader:
    return LedgerReader(samples.LEDGER_ID, _Verifier(), _Judge())  # type: ignore[arg-type] # they say yes


def _values(name: str) -> dict[str, str]:
    """Return what stands in the places of a decision that the ledger does not have."""
    made = patterns.made_up(samples.MANIFEST_DIGEST, name)
    words = dict.fromkeys((patterns.CHANGE, patterns.RELEASE, patterns.ABOUT, patterns.SIZE, patterns.AGE), "7")
    names = {patterns.REQUEST: name, patterns.VERSION: f"1.0.{int(name, 16)}", patterns.REASON: "monthly release"}
    return {**words, **names, samples.MANIFEST_DIGEST: made, PLACE: PLACE}


def _unsigned(payload: bytes) -> bytes:
    envelope = {"payload": base64.b64encode(payload).decode(), "payloadType": PAYLOAD_TYPE}
    filling = base64.b64encode(secrets.token_bytes(SIGNED_BYTES * 3 // 4)).decode()
    return json.dumps({"mediaType": BUNDLE_MEDIA_TYPE, "filling": filling, "dsseEnvelope": envelope}).encode()


def main() -> None:
    """Append whenever a line comes."""
    appending = Appending(sys.argv[1])
    for line in sys.stdin:
        try:
            seconds = timed(lambda: appending.append(Path(line.strip())))  # noqa: B023 - called at once
        except CountersealError as error:
            print(json.dumps({"problem": f"{error.what}: {error.why}"}), flush=True)
            continue
        peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        print(json.dumps({"seconds": seconds, "mebibytes": peak / 1024}), flush=True)


if __name__ == "__main__":
    main()
