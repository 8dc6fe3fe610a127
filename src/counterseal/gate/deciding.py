"""`gate`: decides every merged promotion request that has no decision yet, and records each decision.

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
from counterseal.gate import appending, candidate_bytes, collect, fitting, reading, recording, selection
from counterseal.history import History, label
from counterseal.model import Entry, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.evaluation import Evidence
    from counterseal.gate.collect import MergedRequest
    from counterseal.gate.opening import Gate
    from counterseal.gate.reading import Anchor
    from counterseal.ledger import Ledger

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

    @property
    def exit_code(self) -> int:
        """Return the code of the first failure, else 10 if something is not allowed, else 0."""
        if self.failed:
            return self.failed[0].error.exit_code
        if not all(decided.allowed for decided in self.decided):
            return errors.DENIED
        return errors.ALLOWED


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
    stored = gate.store.fetch()
    reading.require_mirror(stored)
    current_ledger = gate.reader.read(stored)
    anchor = reading.check_anchor(current_ledger, gate.sources.assets, gate.reader, gate.sources.work)
    if not current_ledger.entries:
        appending.genesis(gate)
    decided: list[Decided] = []
    failed: list[Failed] = []
    selected, postponed = selection.selected(gate, current_ledger, stage, request)
    for merged in selected:
        try:
            decided.append(_decide(gate, merged, anchor))
        except CountersealError as error:
            failed.append(Failed(merged.path, error))
    backlog = (
        f"{postponed} more requests wait for the next run: "
        f"one run decides {selection.MAX_UNAPPROVED} that nobody approved"
    )
    notices = (anchor.warning, backlog if postponed else "", _open_branch(gate, selected))
    warnings = (*gate.warnings, *filter(None, notices))
    return GateResult(tuple(decided), tuple(failed), warnings, gate.sources.trust.sandbox)


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


def _decide(gate: Gate, merged: MergedRequest, anchor: Anchor) -> Decided:
    identifier = ledger.entry_id("decision", gate.policy.ledger_id, merged.path)
    facts: candidate_bytes.CandidateFacts | None = None

    def prepare(current_ledger: Ledger, abandoned: Sequence[str]) -> recording.Draft | Entry:
        nonlocal facts
        if entry := current_ledger.find(identifier):
            return entry
        history = History(current_ledger.entries)
        evidence, facts = _look(gate, merged, (current_ledger, history), anchor, facts)
        for _ in range(READINGS):
            findings = evaluation.judge(evidence)
            decision = decisions.decide(evidence, findings, abandoned=abandoned)
            reread, facts = _look(gate, merged, (current_ledger, history), anchor, facts)
            if evidence_room.digest(reread) == evidence_room.digest(evidence):
                link = current_ledger.next_link(identifier)
                decision, data = fitting.fitting(decision, evidence, link)
                document = evidence_room.canonical(evidence)
                return recording.Draft(data, identifier, _note(evidence), _message(link.sequence, decision), document)
            evidence = reread
        raise ServiceError(f"{merged.path}: reviews, tag or candidate keep changing", fix="run the gate again")

    recorded = appending.record(gate, prepare)
    entry = recorded.entry
    recorded_decision = History(recorded.ledger.entries).decisions[entry.link.entry_id]
    return Decided(merged.path, recorded_decision.decision, entry, recorded.fresh, recorded_decision.withdrawn)


def _look(
    gate: Gate,
    merged: MergedRequest,
    on: tuple[Ledger, History],
    anchor: Anchor,
    facts: candidate_bytes.CandidateFacts | None,
) -> tuple[Evidence, candidate_bytes.CandidateFacts]:
    current_ledger, history = on
    state = reading.facts(current_ledger, mirror=True, anchor=anchor)
    evidence, facts = collect.collect(gate.sources, gate.run, merged, ledger=state, candidate=facts)
    return collect.with_ledger(gate.sources, evidence, state, history), facts


def _note(evidence: Evidence) -> str | None:
    source, manifest = evidence.source, evidence.manifest
    return manifest.revision if source and manifest and source.on_protected_branch else None


def _message(sequence: int, decision: Decision) -> str:
    approvers = ", ".join(approver.login for approver in decision.responsible.approvers) or "nobody"
    return f"{sequence} {decision.outcome} {decision.stage} {label(decision)} · {approvers}"
