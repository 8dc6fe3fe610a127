"""`gate`: decides every merged request that has no decision yet, and records each decision, or the event that follows.

One request's failure does not stop the next. A decision that cannot be made is not recorded; a
request that was decided before is answered with its recorded decision, by whatever run asks again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal import errors, evaluation, ledger
from counterseal.errors import CountersealError, ServiceError
from counterseal.evaluation import Decision
from counterseal.evaluation import decision as decisions
from counterseal.evaluation import evidence as evidence_room
from counterseal.gate import appending, candidate_bytes, collect, fitting, heartbeat, selection
from counterseal.gate import ledger as ledgers
from counterseal.gate.ledger import recording
from counterseal.gate.permitting import consented
from counterseal.gate.permitting.consented import Permitted
from counterseal.history import content_of, label
from counterseal.history import state as states
from counterseal.history.events import Event
from counterseal.model import Entry, FindingOutcome, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.evaluation import Evidence
    from counterseal.gate.collect import MergedRequest
    from counterseal.gate.ledger import Anchor, Tip
    from counterseal.gate.opening import Gate

#: How often the evidence is judged before we give up because it keeps changing (R24).
READINGS: Final = 3


@dataclass(frozen=True, slots=True)
class Decided:
    """A request with its recorded decision: made by this run (`fresh`) or before, and perhaps `withdrawn` since."""

    path: str
    decision: Decision
    entry: Entry
    fresh: bool
    withdrawn: bool

    @property
    def allowed(self) -> bool:
        """Return whether it is an allow that stands."""
        return self.decision.outcome is Outcome.ALLOW and not self.withdrawn

    @property
    def exit_code(self) -> int:
        """Return 0 for an allow, 12 where a hold alone was against it, else 10."""
        against = {finding.code for finding in self.decision.findings if finding.outcome is FindingOutcome.VIOLATED}
        if self.allowed:
            return errors.ALLOWED
        return errors.HELD if against == {evaluation.STAGE_HELD} and not self.withdrawn else errors.DENIED


@dataclass(frozen=True, slots=True)
class Failed:
    """A request that could not be decided, and why; nothing was recorded."""

    path: str
    error: CountersealError


@dataclass(frozen=True, slots=True)
class GateResult:
    """What one run of the gate did."""

    decided: tuple[Decided, ...]
    failed: tuple[Failed, ...]
    warnings: tuple[str, ...]
    sandbox: bool
    sweep: bool = False
    permitted: tuple[Permitted, ...] = ()

    @property
    def exit_code(self) -> int:
        """Return the worst code of what was done; a sweep where something only waits for the end of a hold is well."""
        failures = (failed.error.exit_code for failed in self.failed)
        code = errors.worst((*failures, *(decided.exit_code for decided in self.decided)))
        return errors.ALLOWED if self.sweep and code == errors.HELD else code


def run(gate: Gate, *, stage: str | None = None, request: str | None = None) -> GateResult:
    """Decide what is to be decided.

    Args:
        gate: The opened gate.
        stage: Only requests for this stage.
        request: Only this request file (path).

    Returns:
        The decisions made now and, for requests that this run was started for, those recorded before.

    Raises:
        LedgerError: The ledger is not what it was; nothing is signed on it.
    """
    tip = gate.reader.read(gate.store)
    anchor = ledgers.check_anchor(tip, gate.sources.assets, gate.sources.work)
    tip = heartbeat.keep(gate, tip)
    decided: list[Decided] = []
    permitted: list[Permitted] = []
    failed: list[Failed] = []
    selected, postponed = selection.selected(gate, tip, stage, request)
    for merged in selected:
        try:
            done = _decide(gate, merged, anchor)
        except CountersealError as error:
            failed.append(Failed(merged.path, error))
            continue
        if isinstance(done, Permitted):
            permitted.append(done)
        else:
            decided.append(done)
    backlog = (
        f"{postponed} more requests wait for the next run: "
        f"one run decides {selection.MAX_UNAPPROVED} that nobody approved"
    )
    notices = (anchor.warning, backlog if postponed else "", _open_branch(gate, selected))
    warnings = (*gate.warnings, *filter(None, notices), *gate.notices)
    return GateResult(
        tuple(decided),
        tuple(failed),
        warnings,
        gate.sources.trust.sandbox,
        gate.run.event == states.SCHEDULE,
        tuple(permitted),
    )


def _open_branch(gate: Gate, selected: Sequence[MergedRequest]) -> str:
    """Return a warning if a stage that publishes was selected and the branch takes, or may take, direct pushes."""
    requested_stages = {merged.path.split("/")[1] for merged in selected if "/" in merged.path}
    if not any(stage.publish and stage.name in requested_stages for stage in gate.policy.stages):
        return ""
    ref = gate.sources.repository.default_ref()
    try:
        return gate.sources.forge.direct_push(ref)
    except CountersealError as error:
        return f"whether {ref} takes pushes cannot be seen: {error.what}"


def _decide(gate: Gate, merged: MergedRequest, anchor: Anchor) -> Decided | Permitted:
    identifier = ledger.entry_id("decision", gate.policy.ledger_id, merged.path)
    facts: candidate_bytes.CandidateFacts | None = None

    def prepare(tip: Tip, abandoned: Sequence[str]) -> recording.Draft | Entry:
        nonlocal facts
        if entry := tip.find(identifier):
            return entry
        evidence, facts = _look(gate, merged, tip, anchor, facts)
        for _ in range(READINGS):
            findings = evaluation.judge(evidence)
            decision = decisions.decide(evidence, findings, abandoned=abandoned)
            reread, facts = _look(gate, merged, tip, anchor, facts)
            if evidence_room.digest(reread) == evidence_room.digest(evidence):
                if decision.outcome is Outcome.ALLOW and evidence.request.event is not None:
                    return consented.draft(tip, evidence, decision, identifier)
                decision, data = fitting.fitting(decision, evidence, lambda made: tip.next_link(identifier, made))
                _check_allow(gate, tip, decision)
                document = evidence_room.canonical(evidence)
                return recording.Draft(data, identifier, _message(tip.size, decision), document)
            evidence = reread
        raise ServiceError(f"{merged.path}: reviews, tag or candidate keep changing", fix="run the gate again")

    recorded = _record(gate, merged, prepare)
    entry = recorded.entry
    known = recorded.tip.decision(identifier)
    if known is None:
        event = content_of(entry)
        if not isinstance(event, Event):
            raise ServiceError(f"entry {recorded.sequence} is neither decision nor event")
        return Permitted(merged.path, event, entry, recorded.fresh)
    return Decided(merged.path, known.decision, entry, recorded.fresh, known.withdrawn)


def _record(gate: Gate, merged: MergedRequest, prepare: recording.Prepare) -> recording.Recorded:
    for _ in range(READINGS):
        try:
            return appending.record(gate, prepare)
        except _AuditFirst:
            heartbeat.audit(gate)
    raise ServiceError(f"{merged.path}: others keep writing between audit and allow", fix="run the gate again")


class _AuditFirst(Exception):  # noqa: N818 - no error: what has to be done before
    """An own gate is about to let something be published, and has to read the whole ledger before."""


def _check_allow(gate: Gate, tip: Tip, decision: Decision) -> None:
    """Require of an allow that is to be published that not too many wait, and of an own gate that it audited just now.

    Whoever once had an own gate's token can have signed an audit of what was never read.
    """
    if decision.outcome is not Outcome.ALLOW or not decision.publishes or tip.state is None:
        return
    if len(tip.state.unpublished) >= states.MAX_UNPUBLISHED:
        raise ServiceError(
            f"{len(tip.state.unpublished)} allows wait for their publication, and no more can",
            why="the ledger's state names them all, and has to stay small",
            fix="run the gate until they are published; what cannot be is withdrawn",
        )
    if gate.policy.gate.own is not None and not heartbeat.audited_here(gate, tip):
        raise _AuditFirst


def _look(
    gate: Gate,
    merged: MergedRequest,
    tip: Tip,
    anchor: Anchor,
    facts: candidate_bytes.CandidateFacts | None,
) -> tuple[Evidence, candidate_bytes.CandidateFacts]:
    state = ledgers.facts(tip, anchor)
    evidence, facts = collect.collect(gate.sources, gate.run, merged, ledger=state, candidate=facts)
    return collect.with_ledger(gate.sources, evidence, state, tip), facts


def _message(sequence: int, decision: Decision) -> str:
    approvers = ", ".join(approver.login for approver in decision.responsible.approvers) or "nobody"
    return f"{sequence} {decision.outcome} {decision.stage} {label(decision)} · {approvers}"
