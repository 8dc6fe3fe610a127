"""The second reading before a publication: whether a recorded allow stands on the world as it is now (R24, R38).

The evidence has to be that of the decision, and the rules have to allow it: whoever signed the allow, what is published
under this gate's name is judged by this gate.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from counterseal import evaluation
from counterseal.errors import HeldError, ServiceError
from counterseal.evaluation import evidence as evidence_room
from counterseal.formats import wire
from counterseal.gate import collect, request_files
from counterseal.gate import ledger as ledgers
from counterseal.model import Outcome, Reason

if TYPE_CHECKING:
    from counterseal.evaluation import Evidence
    from counterseal.gate.candidate_bytes import CandidateFacts
    from counterseal.gate.ledger import Tip
    from counterseal.gate.opening import Gate
    from counterseal.history import RecordedDecision


def read(
    gate: Gate, recorded: RecordedDecision, known_bytes: CandidateFacts | None = None
) -> tuple[Evidence, CandidateFacts, Reason | None]:
    """Return the evidence as it is now, what the candidate's bytes say, and why the allow does not stand on it.

    The last is None if it stands. `known_bytes` are what the bytes said before.

    Raises:
        ServiceError: The request is not on the default branch any more, or something cannot be read.
    """
    path = recorded.decision.request.file
    merged = request_files.merged_request(gate.sources.repository, gate.head, path)
    if merged is None:
        raise ServiceError(
            f"{path} is not on the default branch any more",
            fix=f"ask again: counterseal request --stage {recorded.decision.stage} --again",
        )
    tip = gate.reader.read(gate.store)
    state = ledgers.facts(tip)
    require_no_hold(gate, tip, recorded)
    evidence, facts = collect.collect(gate.sources, gate.run, merged, ledger=state, candidate=known_bytes)
    evidence = collect.with_ledger(gate.sources, evidence, state, tip)
    problem: Reason | None = None
    sealed = recorded.publication is not None  # if a sealed release is public, an earlier run published it
    if tip.is_withdrawn(recorded):
        problem = Reason("withdrawn-before")
    elif evidence.candidate is not None and not evidence.candidate.draft and not sealed:
        problem = Reason("public-already")
    elif evidence_room.digest(evidence) != recorded.decision.evidence_digest.sha256:
        problem = Reason("evidence-changed")
    elif not _allowed(evidence, recorded):
        problem = Reason("not-allowed")
    return evidence, facts, problem


def require_no_hold(gate: Gate, tip: Tip, recorded: RecordedDecision) -> None:
    """Require that nobody holds the stage of an allow: it waits, and is judged again after.

    Raises:
        HeldError: Somebody does.
    """
    stage, now = recorded.decision.stage, gate.sources.clock.now()
    holds = [held for held in (tip.state.holds if tip.state else ()) if held.covers(stage) and held.stands(now)]
    if holds:
        last = max(holds, key=lambda held: held.until)
        raise HeldError(
            f"{stage} is held until {wire.timestamp(last.until)}, so nothing is published into it",
            why=f"{gate.policy.known_as(last.by)} holds {last.stage or 'every stage'} (entry {last.sequence}); "
            "the allow stands, and waits",
            fix="run the gate again when the hold has ended",
        )


def _allowed(evidence: Evidence, recorded: RecordedDecision) -> bool:
    """Return whether the rules allow it; a file that somebody put beside it is for publication to refuse.

    Whom the deciding run excluded from approving stays excluded; an approver may start the run that publishes.
    """
    release, observed_ids = evidence.candidate, {asset.id for asset in evidence.observed}
    if release is not None:
        release = replace(
            release, assets=tuple(asset for asset in release.assets if asset.id in observed_ids), draft=True
        )
    excluded = recorded.decision.responsible.excluded_by_run
    judged = replace(evidence, candidate=release, run_actors=excluded)
    return evaluation.outcome(evaluation.judge(judged)) is Outcome.ALLOW
