"""What a gate refuses to read: every commit of the branch that is not its parent and one signed line (R51).

Both readings are held against each attack: from the newest audit on, and of the whole.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from tests.unit import ledger_lines as lines
from tests.unit.ledger_lines import LEDGER, Book, book
from tests.unit.memory_ledger import MemoryLedger

from counterseal import ledger
from counterseal.errors import CountersealError, FormatError, LedgerError, ServiceError
from counterseal.formats import digests
from counterseal.history import places
from counterseal.ledger import NotesTree, keys
from counterseal.model import NewCommit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from counterseal.model import LedgerCommit


@pytest.fixture
def written() -> Book:
    """Return a ledger of seven entries; its audit is the fifth."""
    made = book(MemoryLedger(), 3)
    made.audit()
    made.decide("after")
    made.publish("after")
    return made


def store_of(made: Book) -> MemoryLedger:
    assert isinstance(made.store, MemoryLedger)
    return made.store


def refused(made: Book, match: str) -> None:
    """Require that both readings refuse the ledger, and that nothing is signed on it."""
    for reading in (made.reader.read, made.reader.read_whole):
        with pytest.raises(LedgerError, match=match):
            reading(made.store)


def on_top(made: Book, tree: NotesTree, written_keys: Sequence[str], like: LedgerCommit | None = None) -> None:
    """Push a commit with another tree, as anybody can who may push: what its message says is that of another one."""
    store = store_of(made)
    commits = store.commits(1)
    like = like or commits[0]
    objects = {name: ("tree", node) for name, node in tree.nodes(written_keys).items()}
    for key in written_keys:
        content = tree.read(key)
        if content is not None:
            objects[digests.git_object("blob", content)] = ("blob", content)
    store.branch = store.make(
        NewCommit(store.branch, str(tree.root), objects, str(like.line), int(like.since_audit or 0) + 1, "x")
    )


def rewritten(made: Book, change: Callable[[NotesTree], Sequence[str]]) -> None:
    """Replace the newest commit by one with the same line and another tree."""
    store = store_of(made)
    newest = store.commits(1)[0]
    tree = store.tree()
    touched = change(tree)
    store.branch = newest.parents[0]
    on_top(made, tree, touched, dataclasses.replace(newest, since_audit=int(newest.since_audit or 0) - 1))


# --- what is sound ---------------------------------------------------------------------------


def test_both_readings_end_at_the_same_ledger(written: Book) -> None:
    tip, whole = written.tip(), written.reader.read_whole(written.store)
    assert (tip.size, tip.head, tip.root, tip.state) == (7, whole.tip.head, whole.tip.root, whole.tip.state)
    assert tip.commit == whole.tip.commit == store_of(written).tip()
    assert [entry.link.sequence for entry in whole.entries] == list(range(7))
    assert tip.since_audit == 2


def test_from_the_audit_on_only_what_it_needs_is_asked_for() -> None:
    made = book(MemoryLedger(), 60)
    made.audit()
    made.decide("after")
    store, reader = store_of(made), lines.reader()
    store.asked.clear()
    tip = reader.read(store)
    assert len(store.asked) == 4  # lines and root; two levels of folders; notes that are added to
    assert sum(store.asked) < 40
    assert tip.find(lines.identifier("7")) is not None
    assert tip.find(lines.identifier("never")) is None


def test_from_the_genesis_on_nothing_but_lines_is_asked_for() -> None:
    made = book(MemoryLedger(), 30)
    store, reader = store_of(made), lines.reader()
    store.asked.clear()
    tip = reader.read(store)
    assert store.asked == [31]
    assert tip.decision(lines.identifier("7")) is not None


def test_with_too_many_entries_after_the_audit_the_whole_is_read() -> None:
    made = book(MemoryLedger(), 64)
    reader = lines.reader()
    assert reader.read(made.store).since_audit == 64
    made.decide("one more")
    tip = lines.reader().read(made.store)
    assert (tip.size, tip.since_audit) == (66, 65)
    made.audit()
    assert lines.reader().read(made.store).since_audit == 0


def test_what_is_asked_of_the_tip_is_what_the_whole_says(written: Book) -> None:
    written.withdraw("1")
    written.audit()
    written.decide("again", stage="staging", publishes=False)
    tip, whole = written.tip(), written.reader.read_whole(written.store)
    history = whole.history
    for name in ("0", "1", "2", "after", "again"):
        made = lines.decision(name)
        assert made.manifest is not None
        known = history.decisions[lines.identifier(name)]
        assert tip.decision(lines.identifier(name)) == whole.decided(known)
        assert [each.sequence for each in tip.on_manifest(made.manifest.sha256)] == [known.sequence]
    for stage in ("production", "staging"):
        here, there = tip.current(stage), history.current(stage)
        assert here is not None
        assert there is not None
        assert here == whole.decided(there)
    assert [known.sequence for known in tip.unpublished()] == [1, 3]
    assert [known.sequence for known in tip.published("vafter")] == [5]
    assert tip.published("v9") == ()


def test_many_decisions_of_one_manifest_and_revision_go_to_further_notes() -> None:
    made = book(MemoryLedger(), 0)
    one = lines.decision("one")
    for number in range(36):
        made.decide(f"r{number}", manifest=one.manifest, source=one.source)
    made.audit()
    tip = lines.reader().read(made.store)
    assert one.manifest is not None
    assert one.source is not None
    assert [known.sequence for known in tip.on_manifest(one.manifest.sha256)] == list(range(1, 37))
    tree = store_of(made).tree()
    notes = [places.list_key(places.REVISION, one.source.revision, n) for n in range(3)]
    assert [(tree.read(note) or b"").count(b"\n") for note in notes] == [16, 16, 4]
    assert notes[0] == one.source.revision
    assert tree.blob(places.list_key(places.REVISION, one.source.revision, 3)) is None
    made.decide("later", manifest=one.manifest, source=one.source)
    assert len(lines.reader().read(made.store).on_manifest(one.manifest.sha256)) == 37


# --- what is not -----------------------------------------------------------------------------


def dropped(tree: NotesTree) -> Sequence[str]:
    """Put another note where an entry lies."""
    key = places.entry_key(lines.identifier("1"))
    tree.write(key, b"nothing\n")
    return [key]


def forged_list(tree: NotesTree) -> Sequence[str]:
    key = places.list_key(places.MANIFEST, digests.sha256(b"0"), 0)
    tree.write(key, b"e" * 64 + b"\n")
    return [key]


def longer_list(tree: NotesTree) -> Sequence[str]:
    key = places.list_key(places.MANIFEST, digests.sha256(b"0"), 0)
    tree.write(key, (tree.read(key) or b"") + b"e" * 64 + b"\n")
    return [key]


def other_state(tree: NotesTree) -> Sequence[str]:
    line, state, _ = (tree.read(keys.STATE) or b"").split(b"\n")
    tree.write(keys.STATE, line + b"\n" + state.replace(b'"unpublished":[', b'"unpublished": [') + b"\n")
    return [keys.STATE]


def more(tree: NotesTree) -> Sequence[str]:
    tree.write("ab" * 20, b"hello\n")
    return ["ab" * 20]


@pytest.mark.parametrize("change", [dropped, forged_list, longer_list, other_state, more])
def test_a_commit_that_changes_more_than_its_line_does(
    written: Book, change: Callable[[NotesTree], Sequence[str]]
) -> None:
    rewritten(written, change)
    refused(written, r"is not an entry|not the one before it|what the ledger keeps as entry")
    with pytest.raises(LedgerError, match="notes were added, changed or lost"):
        written.reader.read_whole(written.store)


@pytest.mark.parametrize("change", [dropped, forged_list, longer_list, other_state, more])
def test_a_fast_forward_without_a_line(written: Book, change: Callable[[NotesTree], Sequence[str]]) -> None:
    tree = store_of(written).tree()
    on_top(written, tree, change(tree))
    refused(written, "stands where entry 7 belongs|is not the audit")


def test_a_commit_whose_message_does_not_say_what_it_adds(written: Book) -> None:
    store = store_of(written)
    newest = store.commits(1)[0]
    store.made["c" * 40] = dataclasses.replace(newest, id="c" * 40, parents=(newest.id,), line=None, since_audit=None)
    store.branch = "c" * 40
    refused(written, "its message does not say what it adds")


@pytest.mark.parametrize("since", [0, 1, 3, 6, 64])
def test_a_message_that_lies_about_the_audit_is_no_way_in(written: Book, since: int) -> None:
    store = store_of(written)
    newest = store.commits(1)[0]
    store.made[newest.id] = dataclasses.replace(newest, since_audit=since)
    if since == 6:  # that the genesis is where it begins is true, if farther than needed
        assert written.tip().size == 7
        return
    with pytest.raises(LedgerError, match=r"is not the audit|has 7 commits"):
        written.reader.read(store)


def test_a_merge(written: Book) -> None:
    store = store_of(written)
    newest = store.commits(1)[0]
    store.made["c" * 40] = dataclasses.replace(newest, id="c" * 40, parents=(*newest.parents, store.commits(4)[3].id))
    store.branch = "c" * 40
    refused(written, "it is a merge")


def test_an_old_tree_with_its_own_old_line_twice(written: Book) -> None:
    """Two fast-forward commits: the tree of two entries before, then the one after it with its own valid line."""
    store = store_of(written)
    old, older = store.commits(3)[1:]
    for commit in (older, old):
        name = digests.git_object("commit", f"{commit.id} again".encode())
        store.made[name] = dataclasses.replace(commit, id=name, parents=(str(store.branch),))
        store.branch = name
    refused(written, "is not an entry|stands where entry|is not the audit|the line before it is not")


def test_a_loser_s_line_on_an_older_tree(written: Book) -> None:
    store = store_of(written)
    before = store.branch
    loser = written.commit(lines.decision("loser", decided_at=written.at), lines.identifier("loser"),
                           evidence=lines.evidence_of("loser"))  # fmt: skip
    written.decide("winner")
    store.branch = store.make(dataclasses.replace(loser, base=store.branch))
    refused(written, "stands where entry 8 belongs|is not the audit")
    store.branch = before
    late = store.make(loser)
    store.branch = late  # while it still is the next one, it is what a gate decided
    assert written.tip().find(lines.identifier("loser")) is not None


def test_a_line_signed_for_this_place_on_another_commit(written: Book) -> None:
    """A fork at one entry: same sequence, previous and root, but signed on a commit that is not the parent."""
    store = store_of(written)
    there = store.branch
    twin = store.commits(1)[0]
    name = digests.git_object("commit", b"a twin with another time")
    store.made[name] = dataclasses.replace(twin, id=name)
    tip = written.tip()
    line = lines.payload(tip, lines.decision("mine", decided_at=written.at), lines.identifier("mine"))
    entry = written.reader.entry(line, "x")
    commit, _ = tip.appended(entry, "x", lines.evidence_of("mine"))
    store.branch = store.make(dataclasses.replace(commit, base=name))
    refused(written, "was signed on")
    store.branch = there
    assert written.tip().size == 7


def test_a_replayed_line(written: Book) -> None:
    store = store_of(written)
    newest = store.commits(1)[0]
    store.made["c" * 40] = dataclasses.replace(newest, id="c" * 40, parents=(newest.id,), since_audit=3)
    store.branch = "c" * 40
    refused(written, "stands where entry 7 belongs")


def test_a_line_of_another_ledger(written: Book) -> None:
    store = store_of(written)
    reader = lines.reader("gitlab.com/1/aa")
    for reading in (reader.read, reader.read_whole):
        with pytest.raises(LedgerError, match="its ledger id is not what the ledger gives"):
            reading(store)


def test_an_entry_that_is_recorded_already(written: Book) -> None:
    store, tip = store_of(written), written.tip()
    made = lines.decision("0", decided_at=written.at)
    other = lines.payload(tip, lines.decision("other", decided_at=written.at), lines.identifier("other"))
    line = other.replace(lines.identifier("other").encode(), lines.identifier("0").encode())
    entry = written.reader.entry(line, "x")
    with pytest.raises(LedgerError, match="recorded already"):
        tip.appended(entry, "x", lines.evidence_of("other"))
    with pytest.raises(LedgerError, match="recorded already, at 1"):
        tip.next_link(lines.identifier("0"), made)
    tree = store.tree()
    key = places.entry_key(lines.identifier("0"))
    tree.write(key, line + b"\n")
    store.found[digests.git_object("blob", line + b"\n")] = line + b"\n"
    for name, node in tree.nodes([key]).items():
        store.found[name] = node
    newest = store.commits(1)[0]
    name = digests.git_object("commit", b"twice")
    blob = digests.git_object("blob", line + b"\n")
    store.made[name] = dataclasses.replace(
        newest, id=name, parents=(newest.id,), tree=str(tree.root), line=blob, since_audit=3
    )
    store.branch = name
    refused(written, "recorded already|the state that it signs")


def test_a_state_that_does_not_follow(written: Book) -> None:
    store, tip = store_of(written), written.tip()
    line = lines.payload(tip, lines.decision("mine", decided_at=written.at), lines.identifier("mine"))
    link = written.reader.entry(line, "x").link
    forged = line.replace(link.state.encode(), b"0" * 64)
    with pytest.raises(LedgerError, match="not for this place"):
        tip.appended(written.reader.entry(forged, "x"), "x", lines.evidence_of("mine"))
    commit, _ = tip.appended(written.reader.entry(line, "x"), "x", lines.evidence_of("mine"))
    blob = digests.git_object("blob", forged + b"\n")
    objects = {**commit.objects, blob: ("blob", forged + b"\n")}
    store.branch = store.make(dataclasses.replace(commit, line=blob, objects=objects))
    refused(written, "entry 7: the state that it signs is not what follows")


def test_evidence_that_is_not_the_document_which_the_decision_names(written: Book) -> None:
    tip = written.tip()
    line = lines.payload(tip, lines.decision("mine", decided_at=written.at), lines.identifier("mine"))
    with pytest.raises(LedgerError, match="not the document that it names"):
        tip.appended(written.reader.entry(line, "x"), "x", b"{}")


def test_an_audit_of_a_run_that_nothing_scheduled(written: Book) -> None:
    written.audit("push")
    store = store_of(written)
    line = store.lines()[-1]
    written.reader.verifier.trigger = "push"  # type: ignore[attr-defined]
    reader = lines.reader()
    honest = reader.verifier.verify_statement

    def in_a_run_of_push(bundle: bytes, what: str) -> object:
        attestation = honest(bundle, what)
        certificate = dataclasses.replace(attestation.certificate, trigger="push")
        return dataclasses.replace(attestation, certificate=certificate)

    reader.verifier.verify_statement = in_a_run_of_push  # type: ignore[assignment, method-assign]
    assert reader.read(store).state is not None
    written.audit("schedule")
    for reading in (reader.read, reader.read_whole):
        with pytest.raises(LedgerError, match="says that it was started by schedule, and was signed in a run of push"):
            reading(store)
    assert line != store.lines()[-1]


def test_a_second_genesis_and_a_ledger_that_begins_without_one(written: Book) -> None:
    from counterseal.history.events import EventKind, Genesis

    body = lines.event(EventKind.GENESIS, Genesis(LEDGER, "aa" * 32), written.at)
    with pytest.raises(LedgerError, match="a ledger has a genesis at entry 0, and nowhere else"):
        written.write(body, ledger.entry_id("genesis", LEDGER, "2"))
    with pytest.raises(LedgerError, match="entry 0: a ledger has a genesis"):
        Book(MemoryLedger()).decide("first")


@pytest.mark.parametrize("number", range(12))
def test_an_object_that_is_withheld_is_an_error_and_not_absence(written: Book, number: int) -> None:
    written.audit()
    store = store_of(written)
    needed: list[str] = []
    bring = store.objects

    def recorded(ids: object) -> object:
        needed.extend(sorted(ids))  # type: ignore[call-overload]
        return bring(ids)  # type: ignore[arg-type]

    store.objects = recorded  # type: ignore[assignment, method-assign]
    lines.reader().read(store).on_manifest(digests.sha256(b"0"))
    store.objects = bring  # type: ignore[method-assign]
    lost = needed[number % len(needed)]
    del store.found[lost]
    with pytest.raises(ServiceError, match="did not come"):
        lines.reader().read(store).on_manifest(digests.sha256(b"0"))


def test_what_a_newer_version_wrote_is_not_misread(written: Book) -> None:
    store, tip = store_of(written), written.tip()
    line = lines.payload(tip, lines.decision("mine", decided_at=written.at), lines.identifier("mine"))
    newer = line.replace(b'"format":1', b'"format":2')
    commit, _ = tip.appended(written.reader.entry(line, "x"), "x", lines.evidence_of("mine"))
    blob = digests.git_object("blob", newer + b"\n")
    objects = {**commit.objects, blob: ("blob", newer + b"\n")}
    store.branch = store.make(dataclasses.replace(commit, line=blob, objects=objects))
    for reading in (written.reader.read, written.reader.read_whole):
        with pytest.raises(CountersealError, match=r"newer than this tool|is not what a gate signed") as caught:
            reading(store)
        assert caught.value.fix == "upgrade counterseal"


def test_a_line_that_is_none(written: Book) -> None:
    store = store_of(written)
    newest = store.commits(1)[0]
    tree = store.tree()
    garbage = b"x" * 100
    store.found[digests.git_object("blob", garbage)] = garbage
    name = digests.git_object("commit", b"garbage")
    store.made[name] = dataclasses.replace(
        newest,
        id=name,
        parents=(newest.id,),
        tree=str(tree.root),
        line=digests.git_object("blob", garbage),
        since_audit=3,
    )
    store.branch = name
    for reading in (written.reader.read, written.reader.read_whole):
        with pytest.raises((LedgerError, FormatError)):
            reading(store)
