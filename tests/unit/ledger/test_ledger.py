import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit import ledger_lines as lines

from counterseal import ledger
from counterseal.errors import FormatError, LedgerError
from counterseal.formats import digests
from counterseal.ledger import merkle
from counterseal.model import Entry, Statement

VECTORS = json.loads((Path(__file__).parents[2] / "assets/vectors/ledger.json").read_text())
ENTRIES = lines.build(12)
LEDGER = ledger.check(ENTRIES, lines.LEDGER)

places = st.integers(0, len(ENTRIES) - 1)


def relinked(entry: Entry, **changes: Any) -> Entry:
    """The same statement signed again with another link."""
    return lines.entry(lines.payload(dataclasses.replace(entry.link, **changes), "another"))


# --- known answers ---------------------------------------------------------------------------


@pytest.mark.parametrize("case", VECTORS["entryIds"], ids=lambda case: case["kind"])
def test_known_entry_ids(case: dict[str, Any]) -> None:
    assert digests.sha256(case["preimage"].encode()) == case["id"]
    assert ledger.entry_id(case["kind"], VECTORS["ledgerId"], *case["parts"]) == case["id"]


@pytest.mark.parametrize("case", VECTORS["notes"], ids=lambda case: str(case["sequence"]))
def test_known_note_keys(case: dict[str, Any]) -> None:
    assert ledger.note_key(case["sequence"]) == case["note"]


def test_known_lines_leaves_links_and_root() -> None:
    entries = [lines.entry(each["line"].encode()) for each in VECTORS["lines"]]
    found = ledger.check(entries, VECTORS["ledgerId"])
    assert [digests.sha256(each.line) for each in found.entries] == [each["sha256"] for each in VECTORS["lines"]]
    assert [each.hex() for each in found.leaves] == [each["leaf"] for each in VECTORS["lines"]]
    expected = VECTORS["next"]
    link = found.next_link(expected["entryId"])
    assert (link.sequence, link.tree_size, link.previous) == (5, 5, expected["previous"])
    assert (link.root_hash, list(link.peaks)) == (expected["rootHash"], expected["peaks"])
    assert (found.head, found.root) == (expected["previous"], expected["rootHash"])


def test_entry_ids_do_not_run_into_each_other() -> None:
    assert ledger.entry_id("decision", "a", "b", "c") != ledger.entry_id("decision", "a", "bc")
    assert ledger.entry_id("decision", "a/b") != ledger.entry_id("decision", "a", "b")
    assert ledger.entry_id("genesis", "a") != ledger.entry_id("decision", "a")


# --- the chain -------------------------------------------------------------------------------


def test_an_empty_ledger_begins_with_nothing_before_it() -> None:
    link = ledger.check([], lines.LEDGER).next_link("e" * 64)
    assert (link.sequence, link.previous, link.tree_size, link.peaks) == (0, None, 0, ())
    assert link.root_hash == merkle.EMPTY_ROOT.hex()


@given(st.permutations(ENTRIES))
def test_order_comes_from_the_sequence_alone(shuffled: list[Entry]) -> None:
    assert ledger.check(shuffled, lines.LEDGER) == LEDGER


@given(places, st.data())
def test_any_edit_of_a_line_is_detected(place: int, data: st.DataObject) -> None:
    line = ENTRIES[place].line
    where = line.index(b'"text":"entry') + len(b'"text":"') + data.draw(st.integers(0, 4))
    edited = lines.entry(line[:where] + b"#" + line[where + 1 :])
    entries = [*ENTRIES[:place], edited, *ENTRIES[place + 1 :]]
    if place == len(ENTRIES) - 1:  # nothing comes after the last one: only a signature, or who knows the root, can tell
        assert ledger.check(entries, lines.LEDGER).root != LEDGER.root
    else:
        with pytest.raises(LedgerError, match=f"entry {place + 1}: its previous"):
            ledger.check(entries, lines.LEDGER)


@given(places)
def test_any_removal_is_detected(place: int) -> None:
    entries = [*ENTRIES[:place], *ENTRIES[place + 1 :]]
    if place == len(ENTRIES) - 1:
        assert ledger.check(entries, lines.LEDGER).root != LEDGER.root
    else:
        with pytest.raises(LedgerError, match=f"entry {place}: it is missing, entry {place + 1} comes next"):
            ledger.check(entries, lines.LEDGER)


@given(places)
def test_any_doubled_line_is_detected(place: int) -> None:
    with pytest.raises(LedgerError, match=f"entry {place}: its line appears twice"):
        ledger.check([*ENTRIES, ENTRIES[place]], lines.LEDGER)


@given(places)
def test_a_second_entry_at_the_same_place_is_a_fork(place: int) -> None:
    with pytest.raises(LedgerError, match=rf"entry {place}: two entries claim this place|entry {place + 1}: its"):
        ledger.check([*ENTRIES, relinked(ENTRIES[place])], lines.LEDGER)


@given(st.lists(places, min_size=2, max_size=2, unique=True))
def test_two_entries_that_changed_places_are_detected(pair: list[int]) -> None:
    one, other = sorted(pair)
    entries = list(ENTRIES)
    entries[one] = relinked(ENTRIES[other], sequence=one)
    entries[other] = relinked(ENTRIES[one], sequence=other)
    with pytest.raises(LedgerError, match=f"entry {one}: its "):
        ledger.check(entries, lines.LEDGER)


@given(places, st.sampled_from(["id", "previous", "tree_size", "root_hash", "peaks"]))
def test_every_member_of_the_link_is_compared(place: int, member: str) -> None:
    wrong = {
        "id": "gitlab.com/1/aa",
        "previous": "0" * 64,
        "tree_size": 99,
        "root_hash": "0" * 64,
        "peaks": ("0" * 64,),
    }
    names = {"id": "ledger id", "previous": "previous", "tree_size": "tree size", "root_hash": "root", "peaks": "peaks"}
    entries = [*ENTRIES[:place], relinked(ENTRIES[place], **{member: wrong[member]}), *ENTRIES[place + 1 :]]
    with pytest.raises(LedgerError, match=f"entry {place}: its {names[member]} is not what the ledger gives") as caught:
        ledger.check(entries, lines.LEDGER)
    assert "it should be" in caught.value.why


def test_the_same_decision_is_not_recorded_twice() -> None:
    with pytest.raises(LedgerError, match="recorded already, at 3"):
        LEDGER.next_link(ENTRIES[3].link.entry_id)
    link = dataclasses.replace(LEDGER.next_link("e" * 64), entry_id=ENTRIES[3].link.entry_id)
    with pytest.raises(LedgerError, match=r"entry 12: its id .* stands at 3 already"):
        ledger.check([*ENTRIES, lines.entry(lines.payload(link))], lines.LEDGER)


def test_entries_of_another_ledger_are_refused() -> None:
    with pytest.raises(LedgerError, match="entry 0: its ledger id"):
        ledger.check(ENTRIES, "github.com/777/other")


def test_an_entry_is_found_by_its_id() -> None:
    assert LEDGER.find(ENTRIES[7].link.entry_id) == ENTRIES[7]
    assert LEDGER.find("e" * 64) is None


def test_ten_thousand_entries_are_checked_in_under_a_second() -> None:
    entries: list[Entry] = []
    peaks: tuple[bytes, ...] = ()
    previous: str | None = None
    template = ENTRIES[0]
    for size in range(10_000):
        root, hexed = merkle.root_of_peaks(peaks).hex(), tuple(each.hex() for each in peaks)
        link = dataclasses.replace(
            template.link,
            entry_id=f"{size:064x}",
            sequence=size,
            previous=previous,
            tree_size=size,
            root_hash=root,
            peaks=hexed,
        )
        line = b"%d" % size
        entries.append(dataclasses.replace(template, line=line, link=link))
        previous, peaks = digests.sha256(line), merkle.append(peaks, size, merkle.leaf(line))
    started = time.process_time()
    assert len(ledger.check(entries, lines.LEDGER).entries) == 10_000
    assert time.process_time() - started < 1


# --- lines and notes -------------------------------------------------------------------------


def test_the_note_is_the_revision_until_it_is_full() -> None:
    revision = "ab" * 20
    assert ledger.choose_note(revision, 63, 70) == revision
    assert ledger.choose_note(revision, 64, 70) == ledger.note_key(70)
    assert ledger.choose_note(None, 0, 70) == ledger.note_key(70)
    with pytest.raises(FormatError, match="not a full git revision"):
        ledger.choose_note("main", 0, 70)


@pytest.mark.parametrize("line", [b"", b"a\nb", b"a\r", b"a\n"])
def test_what_is_no_line_is_refused(line: bytes) -> None:
    with pytest.raises(FormatError, match="one line that is not empty"):
        ledger.check_line(line, "entry 4")


def test_a_line_has_at_most_60_kib() -> None:
    ledger.check_line(b"x" * 61_440, "entry 4")
    with pytest.raises(FormatError, match="entry 4: 61441 bytes are too many"):
        ledger.check_line(b"x" * 61_441, "entry 4")


def test_an_attestation_of_other_bytes_makes_no_entry() -> None:
    with pytest.raises(FormatError, match="read from other bytes"):
        ledger.entry_of(ENTRIES[0].line, ENTRIES[1].attestation)


@pytest.mark.parametrize("value", [None, {}, {"id": "a"}, "text", 7])
def test_a_statement_without_a_place_is_refused(value: Any) -> None:
    statement = dataclasses.replace(ENTRIES[0].attestation.statement, predicate={"ledger": value})
    with pytest.raises(FormatError, match="ledger member"):
        ledger.link_of(statement)


# --- proofs ----------------------------------------------------------------------------------


def proof_of(decision: int, publication: int) -> tuple[ledger.LedgerProof, Statement, Statement]:
    proof = ledger.parse_proof(ledger.build_proof(LEDGER, decision, publication))
    return proof, ENTRIES[decision].attestation.statement, ENTRIES[publication].attestation.statement


@given(st.lists(places, min_size=2, max_size=2, unique=True))
def test_every_later_entry_proves_every_earlier_one(pair: list[int]) -> None:
    decision, publication = sorted(pair)
    proof, *statements = proof_of(decision, publication)
    assert (proof.decision_line, proof.publication_line) == (ENTRIES[decision].line, ENTRIES[publication].line)
    assert ledger.verify_proof(proof, *statements) == LEDGER.inclusion(decision, publication)


def test_an_entry_proves_nothing_about_itself_or_later_ones() -> None:
    with pytest.raises(LedgerError, match="no proof of entry 5 in 5 entries"):
        ledger.build_proof(LEDGER, 5, 5)
    with pytest.raises(LedgerError, match="no proof of entry 6 in 5 entries"):
        ledger.build_proof(LEDGER, 6, 5)
    with pytest.raises(LedgerError, match="no entry 12"):
        ledger.build_proof(LEDGER, 6, 12)


@given(st.data())
@settings(max_examples=50)
def test_an_altered_proof_proves_nothing(data: st.DataObject) -> None:
    proof, *statements = proof_of(2, 9)
    inclusion = proof.inclusion
    place, bit = data.draw(st.integers(0, len(inclusion.hashes) - 1)), data.draw(st.integers(0, 255))
    altered = f"{int(inclusion.hashes[place], 16) ^ (1 << bit):064x}"
    hashes = (*inclusion.hashes[:place], altered, *inclusion.hashes[place + 1 :])
    wrong = dataclasses.replace(proof, inclusion=dataclasses.replace(inclusion, hashes=hashes))
    with pytest.raises(LedgerError, match="entry 2 is not in the ledger that entry 9 vouches for"):
        ledger.verify_proof(wrong, *statements)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"index": 3}, "the proof's index is 3"),
        ({"tree_size": 8}, "the proof's tree size is 8"),
        ({"root_hash": "0" * 64}, "the proof's root is 0000"),
        ({"hashes": ("XY",)}, "not a sha256"),
        ({"hashes": ()}, "not in the ledger"),
    ],
)
def test_a_proof_has_to_agree_with_the_signed_entries(changes: dict[str, Any], message: str) -> None:
    proof, *statements = proof_of(2, 9)
    wrong = dataclasses.replace(proof, inclusion=dataclasses.replace(proof.inclusion, **changes))
    with pytest.raises(LedgerError, match=message):
        ledger.verify_proof(wrong, *statements)


def test_a_proof_of_another_line_or_ledger_proves_nothing() -> None:
    proof, decision, publication = proof_of(2, 9)
    with pytest.raises(LedgerError, match="not in the ledger"):
        ledger.verify_proof(dataclasses.replace(proof, decision_line=ENTRIES[3].line), decision, publication)
    other = relinked(ENTRIES[2], id="gitlab.com/1/aa").attestation.statement
    with pytest.raises(LedgerError, match="different ledgers"):
        ledger.verify_proof(proof, other, publication)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tree_size": 8}, "sequence 9 and tree size 8 differ"),
        ({"previous": None}, "only entry 0"),
        ({"peaks": ()}, "peaks are not those of a tree of 9"),
        ({"root_hash": "0" * 64}, "do not have the root"),
    ],
)
def test_a_publication_that_contradicts_itself_proves_nothing(changes: dict[str, Any], message: str) -> None:
    proof, decision, _ = proof_of(2, 9)
    with pytest.raises(LedgerError, match=message):
        ledger.verify_proof(proof, decision, relinked(ENTRIES[9], **changes).attestation.statement)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"ledger-proof/v1", b"ledger-proof/v2", "schema"),
        (b'"inclusion":', b'"inclusion ":', "inclusion"),
        (b'"index":2', b'"index":"2"', "index"),
        (b'"index":2', b'"index":2,"index":2', "twice"),
        (b'"schema":', b'"more":1,"schema":', "more"),
    ],
)
def test_a_malformed_proof_file_is_refused(old: bytes, new: bytes, message: str) -> None:
    data = ledger.build_proof(LEDGER, 2, 9)
    assert old in data
    with pytest.raises(FormatError, match=message):
        ledger.parse_proof(data.replace(old, new))


def test_a_proof_file_has_a_size() -> None:
    with pytest.raises(FormatError, match="too many"):
        ledger.parse_proof(b" " * 600_000)
