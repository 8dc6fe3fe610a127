"""`gate`: decides every merged promotion request that has no decision yet, and records each decision.

One request's failure does not stop the next. A decision that cannot be made is not recorded; a
request that was decided before is answered with its recorded decision, by whatever run asks again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal import decision as decisions
from counterseal import errors, evaluation, identity, ledger, statement
from counterseal import event as events
from counterseal import evidence as evidence_room
from counterseal.commands import candidate_bytes, collect, fitting, reading, recording, release_files, selection
from counterseal.commands.collect import Sources
from counterseal.commands.reading import LedgerReader
from counterseal.decision import Decision, DigestSet, PolicyUse
from counterseal.errors import CountersealError, ServiceError, UsageError
from counterseal.event import Event, EventKind, Genesis
from counterseal.history import History, label
from counterseal.identifiers import GATE_WORKFLOW, POLICY_PATH, REPOSITORY
from counterseal.model import Entry, Outcome, Policy, PolicyReference, Run, Subject
from counterseal.ports import LedgerStore, Signer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.commands.collect import MergedRequest
    from counterseal.commands.reading import Anchor
    from counterseal.evidence import Evidence
    from counterseal.ledger import Ledger

#: How often the evidence may change under our eyes before we give up (R24).
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
        if not all(each.allowed for each in self.decided):
            return errors.DENIED
        return errors.ALLOWED


@dataclass(frozen=True, slots=True)
class Gate:
    """The gate at work in one run: its ports, the policy at the branch head, and how it reads the ledger."""

    sources: Sources
    store: LedgerStore
    signer: Signer
    run: Run
    head: str
    policy: Policy
    policy_reference: PolicyReference
    reader: LedgerReader
    warnings: tuple[str, ...] = ()


def open_gate(sources: Sources, store: LedgerStore, signer: Signer, run: Run) -> Gate:
    """Return a gate after checking that this run may be one (R02, R29, R34, R35), and can do its work.

    Raises:
        UsageError: The run is not counterseal's reusable gate on the protected default branch.
        PolicyError: The branch has no usable policy.
        ServiceError: A permission or setting of the forge is missing, of those that show before anything is signed.
    """
    default_ref = sources.repository.default_ref()
    head = sources.repository.resolve(default_ref)
    if head is None:
        raise ServiceError(
            f"the default branch {default_ref} cannot be read",
            why="the repository is empty, or lost the branch",
            fix="push it, with a policy (docs/policy-reference.md)",
        )
    found, reference = collect.read_policy(sources.repository, head)
    home = sources.forge.repository()
    if (home.host, home.id) != (run.repository.host, run.repository.id):
        raise UsageError(
            f"the forge's repository is {home.host} {home.id}, the run's {run.repository.host} {run.repository.id}",
            why="a repository was renamed or replaced under its old name",
            fix="start a new run in the repository that has the name now",
        )
    problem = _run_problem(run, sources, found, default_ref)
    if problem:
        raise UsageError(
            "this run is not a gate",
            why=problem,
            fix=_gate_fix(found),
        )
    store.check_push()
    missed = tuple(sources.forge.check_settings())
    judge = reading.Judge(sources.repository, sources.trust, home, head, run.signer_digest)
    reader = reading.LedgerReader(found.ledger_id, sources.verifier, judge)
    return Gate(sources, store, signer, run, head, found, reference, reader, missed)


def _gate_fix(found: Policy) -> str:
    if (own := found.gate.own) is not None:
        return f"run the gate in {own.file} on {own.ref}, which has to be protected"
    return f"call {REPOSITORY}/{GATE_WORKFLOW} from a workflow on the protected default branch"


def _run_problem(run: Run, sources: Sources, found: Policy, default_ref: str) -> str | None:
    if not run.ref_protected:
        return f"{run.ref} is not protected"
    return identity.run_problem(run, found.gate, sources.trust, default_ref)


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
    current = gate.reader.read(stored)
    anchor = reading.check_anchor(current, gate.sources.assets, gate.reader, gate.sources.work)
    if not current.entries:
        _genesis(gate)
    decided: list[Decided] = []
    failed: list[Failed] = []
    for merged in selection.selected(gate, current, stage, request):
        try:
            decided.append(_decide(gate, merged, anchor))
        except CountersealError as error:
            failed.append(Failed(merged.path, error))
    warnings = (*gate.warnings, *((anchor.warning,) if anchor.warning else ()))
    return GateResult(tuple(decided), tuple(failed), warnings, gate.sources.trust.sandbox)


def _genesis(gate: Gate) -> None:
    """Record entry 0. Reached only if notes and mirror are absent and no release proves an older ledger."""
    reference = gate.policy_reference
    about = [Subject(POLICY_PATH, reference.digest)]
    identifier = ledger.entry_id("genesis", gate.policy.ledger_id)

    def prepare(current: Ledger, _: Sequence[str]) -> recording.Draft | Entry:
        if found := current.find(identifier):
            return found
        event = Event(
            EventKind.GENESIS,
            gate.sources.clock.now(),
            gate.run.actor,
            PolicyUse(reference.uri, DigestSet(reference.digest), reference.revision, reference.ref),
            Genesis(gate.policy.ledger_id, reference.digest),
        )
        data = events.payload(event, about, current.next_link(identifier))
        return recording.Draft(data, identifier, None, f"0 genesis {gate.policy.ledger_id}")

    record(gate, prepare)


def record(gate: Gate, prepare: recording.Prepare) -> recording.Recorded:
    """Append to the ledger what `prepare` makes on its head, with this gate's signature."""

    def sign(payload: bytes) -> bytes:
        what = "the entry to be signed"  # one that readers would refuse would end the ledger
        gate.reader.judge.check(identity.claimed(gate.run), statement.parse(payload, what), what)
        return gate.signer.sign_statement(payload)

    return recording.record(gate.store, read=gate.reader.read, prepare=prepare, sign=sign)


def _decide(gate: Gate, merged: MergedRequest, anchor: Anchor) -> Decided:
    identifier = ledger.entry_id("decision", gate.policy.ledger_id, merged.path)
    facts: candidate_bytes.CandidateFacts | None = None

    def prepare(current: Ledger, abandoned: Sequence[str]) -> recording.Draft | Entry:
        nonlocal facts
        if found := current.find(identifier):
            return found
        history = History(current.entries)
        before, facts = _look(gate, merged, (current, history), anchor, facts)
        for _ in range(READINGS):
            findings = evaluation.judge(before)
            made = decisions.decide(before, findings, abandoned=abandoned)
            _keep_evidence(gate, before, identifier)
            again, facts = _look(gate, merged, (current, history), anchor, facts)
            if evidence_room.digest(again) == evidence_room.digest(before):
                link = current.next_link(identifier)
                made, data = fitting.fitting(made, before, link)
                return recording.Draft(data, identifier, _note(before), _message(link.sequence, made))
            before = again
        raise ServiceError(f"{merged.path}: reviews, tag or candidate keep changing", fix="run the gate again")

    recorded = record(gate, prepare)
    entry = recorded.entry
    found = History(recorded.ledger.entries).decisions[entry.link.entry_id]
    return Decided(merged.path, found.decision, entry, recorded.fresh, found.withdrawn)


def _look(
    gate: Gate,
    merged: MergedRequest,
    on: tuple[Ledger, History],
    anchor: Anchor,
    facts: candidate_bytes.CandidateFacts | None,
) -> tuple[Evidence, candidate_bytes.CandidateFacts]:
    current, history = on
    state = reading.facts(current, mirror=True, anchor=anchor)
    evidence, facts = collect.collect(gate.sources, gate.run, merged, ledger=state, candidate=facts)
    return collect.with_ledger(evidence, state, history.earlier_decisions(evidence.manifest_digest)), facts


def _keep_evidence(gate: Gate, evidence: Evidence, identifier: str) -> None:
    """Leave the evidence document at the candidate, so that the decision can be made again from its record."""
    release = evidence.candidate
    if release is None or not release.draft or gate.run.visibility != release_files.PUBLIC:
        return
    name = f"{collect.EVIDENCE_PREFIX}{identifier[:16]}.{evidence_room.digest(evidence)[:16]}.json"
    path = gate.sources.work / name
    path.write_bytes(evidence_room.canonical(evidence))
    gate.sources.assets.upload(release, name, path)


def _note(evidence: Evidence) -> str | None:
    source, manifest = evidence.source, evidence.manifest
    return manifest.revision if source and manifest and source.on_protected_branch else None


def _message(sequence: int, made: Decision) -> str:
    approvers = ", ".join(each.login for each in made.responsible.approvers) or "nobody"
    return f"{sequence} {made.outcome} {made.stage} {label(made)} · {approvers}"
