"""The fold of a ledger: what was decided, published, withdrawn; what it refuses to pass over; what it answers."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit import frozen

from counterseal import ledger
from counterseal.errors import FormatError, LedgerError
from counterseal.evaluation import decision
from counterseal.formats import statement
from counterseal.history import Brief, History, Told, brief, label
from counterseal.history import events as event
from counterseal.history.events import EntryReference, EventKind, Publication, Withdrawn
from counterseal.model import Attestation, Entry, FindingOutcome, LedgerLink

if TYPE_CHECKING:
    from counterseal.evaluation.decision import Decision

ABOUT = decision.subjects(frozen.EVIDENCE)


class Log:
    """A ledger that grows; the bare statements stand where signed bundles would."""

    def __init__(self) -> None:
        self.chain = ledger.Chain(frozen.LEDGER)
        self.entries: list[Entry] = []
        self.event(frozen.GENESIS)

    def _append(self, payload: bytes) -> Entry:
        found = statement.parse(payload, "x")
        digest = hashlib.sha256(payload).hexdigest()
        attested = Attestation(found, payload, frozen.CERTIFICATE, frozen.moment(10), 0, payload, digest)
        self.entries.append(ledger.entry_of(payload, attested))
        self.chain.add(self.entries[-1])
        return self.entries[-1]

    def _link(self) -> LedgerLink:
        size = self.chain.size
        stood = frozen.revision(str(size)) if size else None
        identifier = ledger.entry_id("x", frozen.LEDGER, str(size))
        return self.chain.link(identifier, stood, stood, frozen.digest("state"))

    def decide(self, made: Decision = frozen.ALLOW, **changes: Any) -> Entry:
        return self._append(decision.payload(dataclasses.replace(made, **changes), ABOUT, self._link()))

    def event(self, what: event.Event, **body: Any) -> Entry:
        changed = dataclasses.replace(what, body=dataclasses.replace(what.body, **body))
        return self._append(event.payload(changed, ABOUT, self._link()))

    def publish(self, of: Entry) -> Entry:
        return self.event(frozen.PUBLICATION, decision=reference(of))

    def withdraw(self, of: Entry) -> Entry:
        made = decision.parse(of.attestation.statement, "x")
        manifest = made.manifest.sha256 if made.manifest else ""
        return self.event(frozen.WITHDRAWN, decision=reference(of), stage=made.stage, manifest=manifest)

    def raw(self, predicate_type: str, predicate: dict[str, Any]) -> Entry:
        link = frozen.document("decision", "deny")["predicate"]["ledger"]
        named = self._link()
        wanted = {
            **link,
            "entryId": named.entry_id,
            "sequence": named.sequence,
            "previous": named.previous,
            "treeSize": named.tree_size,
            "rootHash": named.root_hash,
            "peaks": list(named.peaks),
            "commit": named.commit,
            "tree": named.tree,
        }
        return self._append(statement.build(ABOUT, predicate_type, {**predicate, "ledger": wanted}))

    @property
    def history(self) -> History:
        return History(self.entries)


def reference(of: Entry, **changes: Any) -> EntryReference:
    found = EntryReference(of.link.entry_id, of.link.sequence, hashlib.sha256(of.line).hexdigest())
    return dataclasses.replace(found, **changes)


def only(history: History) -> Told:
    (found,) = history.decisions.values()
    return found


# --- the fold --------------------------------------------------------------------------------


def test_nothing_was_decided_yet() -> None:
    assert History([]).decisions == {}
    found = Log().history
    assert (len(found.events), found.decisions, found.query()) == (1, {}, ())


def test_a_decision_is_there_in_brief_with_its_place() -> None:
    log = Log()
    entry = log.decide()
    found = only(log.history)
    assert (found.sequence, found.entry_id, found.withdrawn, found.publication) == (1, entry.link.entry_id, False, None)
    assert found.line == hashlib.sha256(entry.line).hexdigest()
    assert found.decision == brief(frozen.ALLOW)


def test_a_brief_is_what_lists_show_and_why_something_was_denied() -> None:
    wrong = [finding for finding in frozen.DENY.findings if finding.outcome is FindingOutcome.VIOLATED]
    kept = brief(frozen.DENY)
    assert isinstance(kept, Brief)
    assert wrong
    assert list(kept.findings) == wrong
    assert frozen.ALLOW.reviews
    assert brief(frozen.ALLOW) == Brief(
        **{
            **{field.name: getattr(frozen.ALLOW, field.name) for field in dataclasses.fields(frozen.ALLOW)},
            **dict.fromkeys(("findings", "reviews", "evidence", "builds", "abandoned"), ()),
        }
    )


def test_what_is_the_same_in_many_decisions_is_kept_once() -> None:
    log = Log()
    log.decide()
    log.decide(stage="staging")
    one, other = log.history.decisions.values()
    assert one.decision.responsible is other.decision.responsible
    assert one.decision.policy is other.decision.policy


def test_a_publication_belongs_to_its_decision() -> None:
    log = Log()
    first, second = log.decide(), log.decide(stage="staging")
    published = log.publish(first)
    found = log.history
    assert found.decisions[first.link.entry_id].publication == published.link.sequence
    assert found.decisions[second.link.entry_id].publication is None
    assert isinstance(found.events[-1].event.body, Publication)


def test_what_was_withdrawn_stays_withdrawn() -> None:
    log = Log()
    entry = log.decide()
    log.withdraw(entry)
    assert only(log.history).withdrawn
    log.publish(entry)
    assert only(log.history).withdrawn
    assert isinstance(log.history.events[1].event.body, Withdrawn)


def test_a_withdrawal_leaves_the_publication_visible() -> None:
    log = Log()
    entry = log.decide()
    published = log.publish(entry)
    log.withdraw(entry)
    found = only(log.history)
    assert (found.withdrawn, found.publication) == (True, published.link.sequence)


# --- what it refuses -------------------------------------------------------------------------


@pytest.mark.parametrize("sealed", [frozen.PUBLICATION, frozen.WITHDRAWN], ids=["publication", "withdrawn"])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"entry_id": "0" * 64}, "entry 2: it names decision 000000000000 at 1\n  why: no such decision stands there"),
        ({"sequence": 0}, "entry 2: it names decision .* at 0\n  why: no such decision"),
        ({"sequence": 2}, "entry 2: it names decision .* at 2\n  why: no such decision"),
        ({"line": "0" * 64}, "entry 2: it names another line than the one of entry 1"),
    ],
)
def test_a_reference_to_nothing_is_an_error(sealed: event.Event, changes: dict[str, Any], message: str) -> None:
    log = Log()
    entry = log.decide()
    log.event(sealed, decision=reference(entry, **changes))
    with pytest.raises(LedgerError, match=message):
        _ = log.history


def test_a_reference_forward_is_a_reference_to_nothing() -> None:
    first = Log()
    entry = first.decide()
    later = Log()
    later.event(frozen.WITHDRAWN, decision=reference(entry, sequence=2))
    later.decide()
    with pytest.raises(LedgerError, match="entry 1: it names decision"):
        _ = later.history


def test_a_reference_to_an_event_is_an_error() -> None:
    log = Log()
    log.publish(log.entries[0])
    with pytest.raises(LedgerError, match="no such decision stands there"):
        _ = log.history


@pytest.mark.parametrize("verb", ["publish", "withdraw"])
def test_a_deny_is_neither_published_nor_withdrawn(verb: str) -> None:
    log = Log()
    getattr(log, verb)(log.decide(frozen.DENY))
    with pytest.raises(LedgerError, match=r"entry 2: a (publication|withdrawn) of entry 1, a deny"):
        _ = log.history


@pytest.mark.parametrize(
    "predicate_type",
    [
        "https://counterseal.dev/decision/v2",
        "https://counterseal.dev/decision/v1/",
        "https://counterseal.dev/rebuild/v1",
        "https://slsa.dev/verification_summary/v1",
    ],
)
def test_an_unknown_type_is_never_passed_over(predicate_type: str) -> None:
    log = Log()
    log.raw(predicate_type, frozen.document("decision", "allow")["predicate"])
    with pytest.raises(LedgerError, match=f"entry 1: unknown type of entry {predicate_type}\n  fix: upgrade"):
        _ = log.history


def test_an_unknown_kind_of_event_is_never_passed_over() -> None:
    log = Log()
    held = {**frozen.document("event-withdrawn", "withdrawn")["predicate"], "kind": "freeze"}
    log.raw("https://counterseal.dev/event/v1", held)
    with pytest.raises(FormatError, match="entry 1: unknown kind of event 'freeze'"):
        _ = log.history


def test_an_unknown_critical_member_stops_the_fold() -> None:
    log = Log()
    embargo = {**frozen.document("decision", "allow")["predicate"], "critical": ["embargo"], "embargo": 1}
    log.raw("https://counterseal.dev/decision/v1", embargo)
    with pytest.raises(FormatError, match="entry 1: this version does not know the critical field 'embargo'"):
        _ = log.history


# --- what it answers -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told() -> list[Entry]:
    log = Log()
    log.decide(stage="staging", decided_at=frozen.ALLOW.decided_at - timedelta(days=2))
    log.decide(frozen.DENY, decided_at=frozen.ALLOW.decided_at - timedelta(days=1))
    log.decide()
    return log.entries


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [3, 2, 1]),
        ({"stage": "staging"}, [2, 1]),
        ({"stage": "production"}, [3]),
        ({"stage": "prod"}, []),
        ({"since": frozen.ALLOW.decided_at}, [3]),
        ({"since": frozen.ALLOW.decided_at - timedelta(days=1)}, [3, 2]),
        ({"since": frozen.ALLOW.decided_at + timedelta(seconds=1)}, []),
        ({"text": "v1.2"}, [3, 1]),
        ({"text": frozen.REVISION[:7]}, [3, 1]),
        ({"text": frozen.WHEEL.digest}, [3, 2, 1]),
        ({"text": "app-1.2.0.tar.gz"}, [3, 2, 1]),
        ({"text": frozen.MANIFEST_DIGEST}, [3, 2, 1]),
        ({"text": "dora"}, [3, 1]),
        ({"text": "bob", "stage": "staging"}, [1]),
        ({"text": "DORA"}, [3, 1]),
        ({"text": "deny"}, [2]),
        ({"text": "review-of"}, [2]),
        ({"text": "#18"}, [3, 1]),
        ({"text": "old changelogs"}, [3, 1]),
        ({"text": "nobody"}, []),
    ],
)
def test_questions(told: list[Entry], asked: dict[str, Any], found: list[int]) -> None:
    history = History(told, search=asked.get("text", ""))
    query = {name: value for name, value in asked.items() if name != "text"}
    assert [each.sequence for each in history.query(**query)] == found


def test_what_in_words() -> None:
    assert label(frozen.ALLOW) == "acme/app v1.2.0"
    assert label(frozen.DENY) == "promotions/staging/oops.json"


def test_every_kind_of_event_is_told() -> None:
    log = Log()
    entry = log.decide()
    log.publish(entry)
    log.withdraw(entry)
    log.event(frozen.AUDIT, trigger="push")
    hold = log.event(frozen.HOLD)
    log.event(frozen.RESUME, holds=(hold.link.entry_id,))
    revoked = log.event(frozen.AT_ONCE)
    log.event(frozen.REINSTATEMENT, revocations=(revoked.link.entry_id,))
    assert [each.event.kind for each in log.history.events] == list(EventKind)
    assert [each.sequence for each in log.history.events] == [0, *range(2, 9)]


@pytest.mark.parametrize(
    ("made", "of"),
    [
        (lambda named: (frozen.RESUME, {"holds": (named,)}), frozen.AT_ONCE),
        (lambda named: (frozen.REINSTATEMENT, {"revocations": (named,)}), frozen.HOLD),
        (lambda named: (frozen.BY_TWO, {"confirms": named}), frozen.HOLD),
    ],
)
def test_what_ends_or_confirms_names_what_was_recorded_before(made: Any, of: Any) -> None:
    for named in (None, "e" * 64):
        log = Log()
        entry = log.event(of)
        event, body = made(named or entry.link.entry_id)
        log.event(event, **body)
        with pytest.raises(LedgerError, match=r"it names [0-9a-f]{12}, and no (hold|revocation) stands there"):
            log.history.query()


def test_an_audit_of_another_trigger_than_its_run_s_is_an_error() -> None:
    log = Log()
    log.event(frozen.AUDIT)
    with pytest.raises(LedgerError, match="says that it was started by schedule, and was signed in a run of push"):
        log.history.query()
