"""Answer who promoted what, when and why, from a ledger that is verified as a whole first."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterseal.cli.report import Report
from counterseal.cli.verbs.verify import add_trust
from counterseal.commands import log
from counterseal.errors import UsageError
from counterseal.formats import wire
from counterseal.render import text

if TYPE_CHECKING:
    import argparse

    from counterseal.gate import reading
    from counterseal.history import RecordedDecision
    from counterseal.model import StoredLedger
    from counterseal.wiring import Wiring


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument(
        "action", nargs="?", choices=("list", "show", "verify", "prove"), default="list", help="default: list"
    )
    parser.add_argument("sequence", nargs="?", type=int, help="the entry, for show and prove")
    parser.add_argument("--stage", help="only this stage")
    parser.add_argument("--since", help="only from this day (2026-10-01) or moment on, UTC")
    parser.add_argument("--search", help="only with this tag, file, digest, revision or login")
    parser.add_argument("--folder", type=Path, default=Path(), help="a clone that has the ledger (default: here)")
    add_trust(parser)


def run(options: argparse.Namespace, wiring: Wiring) -> Report:
    """Run the verb."""
    with wiring.surroundings.work_folder() as work:
        reader, stored = wiring.local_ledger(options.folder, work, options.trust, sandbox=options.sandbox)
        return _answer(options, reader, stored)


def _answer(options: argparse.Namespace, reader: reading.LedgerReader, stored: StoredLedger) -> Report:
    if options.action in ("show", "prove") and options.sequence is None:
        raise UsageError(
            f"log {options.action} needs the number of an entry",
            why="it is about one entry",
            fix=f"counterseal log shows the numbers; then: counterseal log {options.action} 42",
        )
    if options.action == "show":
        shown = log.show(reader, stored, options.sequence)
        line = json.loads(shown.line)
        data = {"schema": "counterseal.entry/v1", "sequence": shown.sequence, "bundle": line}
        return Report(text.entry(shown.recorded), data)
    if options.action == "prove":
        proof = log.prove(reader, stored, options.sequence)
        return Report(proof.decode(), json.loads(proof))
    query = log.LogQuery(options.stage, _since(options.since), options.search)
    result = log.run(reader, stored, query)
    decisions = () if options.action == "verify" else result.decisions
    body = text.log(decisions, entries=result.entries, head=result.head, mirror=result.mirror, sandbox=result.sandbox)
    if options.action == "verify":
        body = f"ledger {result.ledger_id}: " + body.partition(" · ")[2]
    data = {
        "schema": "counterseal.log/v1",
        "ledger": result.ledger_id,
        "entries": result.entries,
        "head": result.head,
        "mirror": result.mirror,
        "sandbox": result.sandbox,
        "decisions": [_row(each) for each in decisions],
    }
    return Report(body, data)


def _since(value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise UsageError(
            f"--since {value!r} is no date", why="a day or a moment in UTC is meant", fix="write it like 2026-10-01"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _row(recorded: RecordedDecision) -> dict[str, Any]:
    return {
        "sequence": recorded.sequence,
        "withdrawn": recorded.withdrawn,
        "published": recorded.publication is not None,
        "decision": wire.encode(recorded.decision),
    }
