"""Who cannot approve what an event takes back or makes lasting, because it is about them (R37).

Whoever holds a stage has no say in the end of that hold: else a holder and one other would be enough. For the same
reason whoever revoked something at once has none in making that last. And nobody reinstates their own run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.formats import event_request
from counterseal.policy import reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.evaluation.evidence import Evidence, LedgerFacts
    from counterseal.model import EventRequest, Reason

Key = tuple[str, int]


def concerned(evidence: Evidence) -> Iterator[tuple[Key, Reason]]:
    """Yield by (host, id) whose approval never counts for a request for an event, and why; of a promotion nobody."""
    content = evidence.request.event
    if content is None:
        return
    if content.kind == event_request.REINSTATEMENT:
        for start in evidence.starts:
            for person in start.people:
                yield person.key, reason("revoked-run", run=start.run)
        return
    for entry_id, known in evidence.ledger.restricting.items():
        if entry_id in content.entries:
            yield _key(known.by), reason("restricted", entry=known.sequence)


def unknown(evidence: Evidence) -> tuple[Reason, ...]:
    """Return which revoked runs nobody can say anything of any more: whoever had a hand in one may approve."""
    content = evidence.request.event
    if content is None:
        return ()
    told = {start.run for start in evidence.starts}
    return tuple(reason("run-gone", run=run) for run in revoked_runs(content, evidence.ledger) if run not in told)


def revoked_runs(content: EventRequest, ledger: LedgerFacts) -> list[str]:
    """Return the addresses of the revoked runs that a reinstatement is about."""
    if content.kind != event_request.REINSTATEMENT:
        return []
    targets = [known.target for known in ledger.revoked if known.entry_id in content.entries]
    return [target.value for target in targets if target.kind == "run"]


def _key(by: str) -> Key:
    """Return (host, id) of a person as the state names one: `github.com/1001`."""
    host, _, number = by.rpartition("/")
    return host, int(number) if number.isdecimal() else 0
