"""What entries say: decisions that the rules made on the tests' evidence, and the events that follow them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests import evidence_samples as samples
from tests.signed_ledgers import patterns
from tests.signed_ledgers.branch import File, policy_at, policy_digests
from tests.signed_ledgers.layout import PLACE, UNPLACED, Written
from tests.signed_ledgers.plan import Kind

from counterseal import ledger
from counterseal.evaluation import PolicyUse
from counterseal.formats import digests, manifest
from counterseal.history import events
from counterseal.history.events import Audit, Event, EventKind, Genesis, Swept
from counterseal.identifiers import POLICY_PATH
from counterseal.model import DigestSet, Subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.signed_ledgers.branch import Branch
    from tests.signed_ledgers.plan import Parameters, Step

    from counterseal.history.events.event import Body

LEDGER = samples.LEDGER_ID
_REASONS = (
    "monthly release",
    "fixes the import of old changelogs, see #16",
    "security fix: the parser took paths from archives as they are, see the advisory",
    "asked for by support, customers wait for the export; release notes are in the change request",
)


_FIRST_RUN = 9_000_000


def run_number(step: Step) -> int:
    """Return the number of the run that makes an entry."""
    return _FIRST_RUN + step.sequence


def requests(parameters: Parameters, steps: Iterable[Step]) -> Iterator[File]:
    """Yield the file that asks for each decision, and where on the branch it is merged."""
    policies = policy_digests(parameters)
    for step in steps:
        if step.kind is Kind.DECISION:
            place = parameters.commit(step.sequence)
            content = _request(parameters, step, policies[policy_at(parameters, place - 1)])
            yield File(place, _path(parameters, step), content)


class Statements:
    """Makes the entries of a plan in their order, beside a branch that has their requests.

    `revision` is what the run is of that makes an entry.
    """

    def __init__(self, parameters: Parameters, branch: Branch) -> None:
        self._parameters = parameters
        self._branch = branch
        #: Entry id and sha256 of the line of what later entries may name.
        self._recorded: dict[int, tuple[str, str]] = {}
        self._source = self._taken = ""

    def revision(self, step: Step) -> str:
        """Return the commit of the branch whose run makes an entry."""
        return self._branch.commits[self._parameters.commit(step.sequence)]

    def entry_id(self, step: Step) -> str:
        """Return the id of an entry."""
        if step.kind is Kind.GENESIS:
            return ledger.entry_id(step.kind, LEDGER)
        if step.kind is Kind.AUDIT:
            run = f"{samples.SOURCE}/actions/runs/{run_number(step)}"
            return ledger.entry_id(step.kind, LEDGER, run, "1", str(step.sequence))
        part = _path(self._parameters, step) if step.kind is Kind.DECISION else self._recorded[step.about][0]
        return ledger.entry_id(step.kind, LEDGER, part)

    def write(self, step: Step) -> Written:
        """Return an entry, but for its place in the ledger."""
        now, salt = self._parameters.moment(step.sequence), _salt(self._parameters, step)
        if step.kind in (Kind.GENESIS, Kind.AUDIT):
            name = LEDGER if step.kind is Kind.GENESIS else ""
            return Written(self._own(step), now, f"{step.sequence} {step.kind} {name}".strip(), trigger=step.trigger)
        if step.sequence == step.first:
            self._begin(step)
        values = self._values(step)
        what = f"{samples.REPOSITORY.name} v{values[patterns.VERSION]}"
        if step.kind is not Kind.DECISION:
            message = f"{step.sequence} {step.kind} {step.stage} {what}"
            return Written(patterns.event(step.kind).fill(values, now, salt), now, message)
        pattern = patterns.decision(step.stage, step.outcome)
        evidence = pattern.evidence.fill(values, now, salt)
        values[pattern.named.sha256] = digests.sha256(evidence)
        values[pattern.named.git_blob] = digests.git_object("blob", evidence)
        message = f"{step.sequence} {step.outcome} {step.stage} {what} · alice, dora"
        return Written(pattern.payload.fill(values, now, salt), now, message, evidence)

    def recorded(self, step: Step, entry_id: str, line: bytes) -> None:
        """Remember the line of an entry, as far as later ones may name it."""
        self._recorded[step.sequence] = entry_id, digests.sha256(line)

    def _begin(self, step: Step) -> None:
        """Forget the release before, and choose the commit of this one: a branch of maintenance has all but one."""
        self._recorded.clear()
        commit = self._branch.commits[self._parameters.commit(step.sequence)]
        other = patterns.made_up(samples.REVISION, _salt(self._parameters, step))
        self._source, self._taken = other if commit == self._taken else commit, commit

    def _own(self, step: Step) -> bytes:
        """Return what the gate says of the ledger itself: that it begins, or that all of it was verified."""
        place = self._parameters.commit(step.sequence)
        digest, now = self._branch.policies[place], self._parameters.moment(step.sequence)
        use = PolicyUse(POLICY_PATH, DigestSet(digest), self._branch.commits[place], samples.MAIN)
        body: Body = Genesis(LEDGER, digest)
        if step.kind is Kind.AUDIT:
            # where many entries are of one commit, some of its requests are decided only later
            last = place if self._parameters.commit(step.sequence + 1) > place else place - 1
            body = Audit(step.sequence - 1, step.trigger, Swept(self._branch.commits[last], ()))
        event = Event(EventKind(step.kind), now, samples.FRANK, use, body)
        return events.payload(event, [Subject(POLICY_PATH, digest)], UNPLACED)

    def _values(self, step: Step) -> dict[str, str]:
        """Return what stands in the places of a decision, or of an event that follows it."""
        place, commits = self._parameters.commit(step.sequence), self._branch.commits
        policy = self._branch.policies[place - 1]
        between = self._parameters.moment(step.sequence) - self._parameters.moment(step.about)
        entry_id, line = self._recorded.get(step.about, ("", ""))
        return {
            **_asked(self._parameters, step, policy),
            samples.sha256("request"): digests.sha256(_request(self._parameters, step, policy)),
            samples.BASE: commits[place - 1],
            samples.MERGE: commits[place],
            samples.REVISION: self._source,
            samples.HEAD: patterns.made_up(samples.HEAD, str(step.request)),
            patterns.ENTRY: entry_id,
            patterns.LINE: line,
            patterns.CHANGE: str(step.request + 1),
            patterns.ABOUT: str(step.about),
            patterns.SIZE: str(step.sequence),
            patterns.AGE: str(int(between.total_seconds())),
            PLACE: PLACE,
        }


def _asked(parameters: Parameters, step: Step, policy: str) -> dict[str, str]:
    """Return what stands in the places of a request, which are places of the decision, too."""
    number = step.release
    return {
        samples.MANIFEST_DIGEST: patterns.made_up(samples.MANIFEST_DIGEST, _salt(parameters, step)),
        samples.POLICY_DIGEST: policy,
        patterns.VERSION: f"{1 + number // 400}.{number // 20 % 20}.{number % 20}",
        patterns.REQUEST: _number(step),
        patterns.REASON: _REASONS[step.request % len(_REASONS)],
        patterns.RELEASE: str(500_000 + number),
    }


def _request(parameters: Parameters, step: Step, policy: str) -> bytes:
    now, values = parameters.moment(step.sequence), _asked(parameters, step, policy)
    return patterns.request(step.stage).fill(values, now, _salt(parameters, step))


def _path(parameters: Parameters, step: Step) -> str:
    made = patterns.made_up(samples.MANIFEST_DIGEST, _salt(parameters, step))
    return manifest.request_path(step.stage, made, _number(step))


def _number(step: Step) -> str:
    return f"{step.request:016x}"


def _salt(parameters: Parameters, step: Step) -> str:
    return f"{parameters.seed} release {step.release}"
