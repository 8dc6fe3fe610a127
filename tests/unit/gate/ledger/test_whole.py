"""A whole ledger is read as a stream: what is kept of it, what is fetched again, and what is remembered of before."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from tests.unit import ledger_lines as lines
from tests.unit.ledger_lines import Book
from tests.unit.memory_ledger import MemoryLedger

from counterseal.errors import LedgerError, VerificationError
from counterseal.formats import digests
from counterseal.gate.ledger import Asked, LedgerReader, Whole, stream
from counterseal.gate.ledger.checking import payload_of
from counterseal.history import Brief, RecordedDecision, RecordedEvent, events
from counterseal.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from counterseal.model import Attestation, Certificate, Statement


@pytest.fixture
def written() -> Bundled:
    made = Bundled(MemoryLedger())
    made.begin()
    for number in range(4):
        made.decide(str(number))
    made.publish("1")
    made.withdraw("2")
    made.decide("denied", outcome=Outcome.DENY)
    return made


def bundled(payload: bytes) -> bytes:
    """Return a line that has its payload where bundles have it."""
    return json.dumps({"dsseEnvelope": {"payload": base64.b64encode(payload).decode()}}).encode()


class Bundled(Book):
    """A ledger whose lines look like bundles as far as payloads are concerned."""

    def __init__(self, store: MemoryLedger) -> None:
        super().__init__(store)
        self.reader = reader(Strict())

    def write(self, content: Any, entry_id: str, evidence: bytes = b"") -> Any:
        tip = self.tip()
        entry = self.reader.entry(bundled(lines.payload(tip, content, entry_id)), "a stand-in")
        self.entries.append(entry)
        self.at += timedelta(minutes=1)
        return self.store.push(tip.appended(entry, "an entry", evidence)[0])


class Strict(lines.Verifier):
    """Finds some lines wrong."""

    def __init__(self, *wrong: bytes) -> None:
        super().__init__()
        self.wrong = wrong

    def verify_statement(self, bundle: bytes, what: str) -> Attestation:
        if bundle in self.wrong:
            self.asked += 1
            raise VerificationError(f"{what}: wrong")
        payload = payload_of(bundle)
        told = super().verify_statement(payload, what)
        return dataclasses.replace(told, bundle=bundle, digest=digests.sha256(bundle))


class Crewed(Strict):
    """Has its work done by others, who are later than those after them."""

    size = 3

    @contextlib.contextmanager
    def crew(self) -> Iterator[Crewed]:
        yield self

    def submit(self, job: Callable[[Any, Any], Any], item: Any) -> Callable[[], Any]:
        return lambda: job(self, item)


class Suspicious(lines.Judge):
    """Lets one identity sign."""

    def check(self, certificate: Certificate, signed: Statement, what: str, **when: datetime | None) -> None:
        super().check(certificate, signed, what, **when)
        if certificate.san != "https://ca.example/gate":
            raise VerificationError(f"{what}: not signed by the gate")


class Memory:
    """Keeps one thing."""

    def __init__(self) -> None:
        self.data: bytes | None = None

    def read(self) -> bytes | None:
        return self.data

    def keep(self, data: bytes) -> None:
        self.data = data


def reader(
    verifier: lines.Verifier | None = None, memory: Memory | None = None, judge: lines.Judge | None = None
) -> LedgerReader:
    made = LedgerReader(lines.LEDGER, verifier or Strict(), judge or Suspicious())  # type: ignore[arg-type]
    made.memory = memory
    return made


def test_of_decisions_briefs_are_kept_and_each_is_fetched_whole(written: Bundled) -> None:
    whole = reader().read_whole(written.store)
    assert {type(known.decision) for known in whole.history.decisions.values()} == {Brief}
    told = whole.history.decisions[lines.identifier("1")]
    decided = whole.decided(told)
    assert (decided.entry, decided.publication) == (written.entries[2], written.entries[5])
    said = lines.decision("1", decided_at=decided.decision.decided_at)
    assert decided.decision == whole.entries.decision(2) == said
    assert isinstance(whole.recorded(7), RecordedDecision)
    event = whole.recorded(5)
    assert isinstance(event, RecordedEvent)
    assert event.event.body == events.parse(written.entries[5].attestation.statement, "it").body


def test_entries_are_a_sequence(written: Bundled) -> None:
    entries = reader().read_whole(written.store).entries
    assert list(entries) == written.entries
    assert (entries[-1], entries[1:3]) == (written.entries[-1], written.entries[1:3])
    assert entries.find(entries[3].attestation.digest) == 3
    assert entries.find("0" * 64) is None
    assert len(list(entries.said())) == len(entries) == 8
    with pytest.raises(IndexError):
        entries[8]


def test_a_line_that_is_another_one_when_it_is_fetched_again_is_an_error(written: Bundled) -> None:
    whole = reader().read_whole(written.store)
    store: Any = written.store
    blob = store.commits(None)[0].line
    store.found[blob] = store.found[blob] + b" "
    for ask in (whole.entries.__getitem__, whole.entries.decision, whole.recorded):
        with pytest.raises(LedgerError, match="entry 7 was read, and is another one now"):
            ask(7)


def test_what_is_searched_for_is_found_while_it_is_read(written: Bundled) -> None:
    history = reader().read_whole(written.store, Asked(search="VDEN")).history
    assert [known.sequence for known in history.query()] == [7]
    assert len(history.decisions) == 5


@pytest.mark.parametrize("verifier", [Strict, Crewed])
@pytest.mark.parametrize("batch", [1, 2, 64])
def test_the_first_line_that_is_wrong_is_named(
    written: Bundled, verifier: type[Strict], batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_BATCH", batch)
    monkeypatch.setattr(stream, "ALONE", 2)
    made = reader(verifier(written.entries[3].line, written.entries[6].line))
    with pytest.raises(LedgerError, match=r"^ledger entry 3 "):
        made.read_whole(written.store)
    assert reader(verifier()).read_whole(written.store).tip.size == 8


@pytest.mark.parametrize("batch", [1, 3, 64])
def test_a_commit_that_no_gate_made_is_named_after_what_is_wrong_before_it(
    written: Bundled, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_BATCH", batch)
    store: Any = written.store
    newest = store.commits(1)[0]
    store.made[newest.id] = dataclasses.replace(newest, line=None)
    with pytest.raises(LedgerError, match=f"commit {newest.id[:12]} of the ledger's branch is not an entry"):
        reader().read_whole(store)
    with pytest.raises(LedgerError, match=r"^ledger entry 5 "):
        reader(Strict(written.entries[5].line)).read_whole(store)


def test_it_is_told_how_far_it_is(written: Bundled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_BATCH", 3)
    told: list[tuple[str, int, int | None]] = []
    reader().read_whole(written.store, Asked(tell=lambda what, done=0, of=None: told.append((what, done, of))))
    assert told == [("verifying the ledger", done, 8) for done in (3, 6, 8)]


# --- what is remembered ----------------------------------------------------------------------------


def facts(whole: Whole) -> Any:
    tip = whole.tip
    return tip.commit, tip.head, tip.root, tip.state, whole.sums, len(whole.entries), list(whole.entries.said())


def test_what_was_verified_is_gone_on_from(written: Bundled) -> None:
    memory, first, again = Memory(), Strict(), Strict()
    one = reader(first, memory).read_whole(written.store)
    assert first.asked == 8
    other = reader(again, memory).read_whole(written.store)
    assert again.asked == 1, "the last line is, and no other"
    assert facts(one) == facts(other)
    assert one.history.decisions == other.history.decisions
    assert one.history.events == other.history.events


def test_what_came_since_is_verified(written: Bundled) -> None:
    memory = Memory()
    reader(memory=memory).read_whole(written.store)
    written.publish("0")
    written.decide("new")
    verifier = Strict()
    gone_on = reader(verifier, memory).read_whole(written.store)
    assert verifier.asked == 3, "the last one that was known, and the new ones"
    whole = reader().read_whole(written.store)
    assert facts(gone_on) == facts(whole)
    assert gone_on.history.decisions == whole.history.decisions
    assert facts(reader(memory=memory).read_whole(written.store)) == facts(whole)
    written.decide("wrong")
    with pytest.raises(LedgerError, match=r"^ledger entry 10 "):
        reader(Strict(written.entries[10].line), memory).read_whole(written.store)


def test_it_can_be_appended_to_what_was_gone_on_from(written: Bundled) -> None:
    memory = Memory()
    reader(memory=memory).read_whole(written.store)
    tip = reader(memory=memory).read_whole(written.store).tip
    content, entry_id = lines.decision("next", decided_at=written.at), lines.identifier("next")
    assert tip.next_link(entry_id, content) == written.tip().next_link(entry_id, content)


def test_what_is_searched_for_is_found_in_what_was_known(written: Bundled) -> None:
    memory = Memory()
    reader(memory=memory).read_whole(written.store)
    for word in ("denied", "v1", "alice", "no such word"):
        asked = Asked(search=word)
        known = reader(memory=memory).read_whole(written.store, asked).history.query()
        assert known == reader().read_whole(written.store, asked).history.query()


@pytest.mark.parametrize("data", [b"", b"null", b"{}\n", b"[" * 5000, b"\xff\n\0"])
def test_what_cannot_be_read_is_no_memory(written: Bundled, data: bytes) -> None:
    memory, verifier = Memory(), Strict()
    memory.data = data
    assert reader(verifier, memory).read_whole(written.store).tip.size == 8
    assert verifier.asked == 8
    assert memory.data != data


def test_a_branch_without_the_commit_that_was_known_is_read_from_its_beginning(written: Bundled) -> None:
    memory, verifier = Memory(), Strict()
    reader(memory=memory).read_whole(written.store)
    store: Any = written.store
    older = store.commits(None)[2]
    store.branch = older.id
    whole = reader(verifier, memory).read_whole(store)
    assert (whole.tip.commit, whole.tip.size, verifier.asked) == (older.id, 6, 1 + 6)


def test_a_branch_that_says_nothing_is_new_and_is_elsewhere_is_read_from_its_beginning(written: Bundled) -> None:
    memory = Memory()
    reader(memory=memory).read_whole(written.store)
    store: Any = written.store
    store.branch, listed = store.commits(None)[2].id, store.history
    store.history = lambda after=None: (0, (each for each in store.commits(0))) if after else listed()
    assert reader(memory=memory).read_whole(store).tip.size == 6


def test_what_is_remembered_has_no_say_in_what_is_wrong_with_the_ledger(written: Bundled) -> None:
    memory = Memory()
    reader(memory=memory).read_whole(written.store)
    written.decide("new")
    store: Any = written.store
    newest = store.commits(1)[0]
    store.made[newest.id] = dataclasses.replace(newest, tree="5" * 40)
    for known in (None, memory):
        with pytest.raises(LedgerError, match="its tree is not its parent's with entry 8 in its places"):
            reader(memory=known).read_whole(store)


def test_who_may_sign_is_asked_again_where_the_branch_is_another(written: Bundled) -> None:
    class Elsewhere(Suspicious):
        judged: ClassVar[list[str]] = []
        times: ClassVar[list[datetime | None]] = []

        def world(self) -> str:
            return "another branch"

        def check(self, certificate: Certificate, signed: Statement, what: str, **when: datetime | None) -> None:
            super().check(certificate, signed, what, **when)
            self.judged.append(what)
            self.times.append(when.get("signed_at"))

    class Nobody(Elsewhere):
        def check(self, certificate: Certificate, signed: Statement, what: str, **when: datetime | None) -> None:  # noqa: ARG002 - of anybody
            raise VerificationError(f"{what}: not signed by the gate")

    memory = Memory()
    reader(memory=memory).read_whole(written.store)
    with pytest.raises(VerificationError, match="entry 0: not signed by the gate"):
        reader(memory=memory, judge=Nobody()).read_whole(written.store)
    verifier = Strict()
    reader(verifier, memory, Elsewhere()).read_whole(written.store)
    assert verifier.asked == 1
    assert Elsewhere.judged[:8] == [f"entry {number}" for number in range(8)]
    signed_at = [entry.attestation.signed_at for entry in written.entries]
    assert Elsewhere.times[:8] == signed_at, "a gate that was withdrawn is refused by when it signed"
    Elsewhere.times.clear()
    reader(judge=Elsewhere()).read_whole(written.store)
    assert Elsewhere.times == signed_at
    Elsewhere.judged.clear()
    reader(memory=memory, judge=Elsewhere()).read_whole(written.store)
    assert Elsewhere.judged in ([], ["entry 7"]), "it is remembered by whom they were judged last"


def test_a_branch_that_moves_meanwhile_is_judged_again(written: Bundled) -> None:
    class Moving(Suspicious):
        seen = 0

        def world(self) -> str:
            return "moved" if self.seen > 3 else "a branch"

        def check(self, certificate: Certificate, signed: Statement, what: str, **when: datetime | None) -> None:
            super().check(certificate, signed, what, **when)
            self.seen += 1

    memory, moving = Memory(), Moving()
    reader(memory=memory, judge=moving).read_whole(written.store)
    before = moving.seen
    reader(memory=memory, judge=moving).read_whole(written.store)
    assert moving.seen - before >= 8, "the first ones were judged by the branch as it was"
    before = moving.seen
    reader(memory=memory, judge=moving).read_whole(written.store)
    assert moving.seen - before <= 1


def test_one_entry_that_is_shown_is_verified_whatever_is_remembered(written: Bundled) -> None:
    memory, verifier = Memory(), Strict()
    reader(memory=memory).read_whole(written.store)
    whole = reader(verifier, memory).read_whole(written.store)
    assert verifier.asked == 1
    assert whole.entries[2] == written.entries[2]
    assert whole.decided(whole.history.decisions[lines.identifier("1")]).entry == written.entries[2]
    assert verifier.asked == 3
