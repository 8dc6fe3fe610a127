"""The chain of lines, and the proofs that follow from it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit import ledger_lines as lines

from counterseal import ledger
from counterseal.errors import FormatError, LedgerError
from counterseal.formats import digests, statement, wire
from counterseal.identifiers import EVENT
from counterseal.ledger import merkle
from counterseal.model import Attestation, Certificate, Subject

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterseal.model import Entry, LedgerLink, Statement

VECTORS = json.loads((Path(__file__).parents[2] / "assets/vectors/ledger.json").read_text())
SIZE = 12


def stand_in(link: LedgerLink, text: str = "") -> Entry:
    """Return an entry of a bare statement."""
    content = {"text": text, "ledger": wire.encode(link)}
    return read(statement.build([Subject("app.whl", digests.sha256(text.encode()))], EVENT, content))


def read(line: bytes) -> Entry:
    said = statement.parse(line, "a stand-in line")
    nobody = Certificate(san="https://ca.example/nobody", issuer="https://ca.example")
    return ledger.entry_of(line, Attestation(said, line, nobody, lines.FIRST, 0, line, digests.sha256(line)))


def grown(size: int) -> tuple[ledger.Chain, list[Entry]]:
    chain = ledger.Chain(lines.LEDGER)
    entries: list[Entry] = []
    for number in range(size):
        on = digests.sha256(b"%d" % number)[:40] if number else None
        entries.append(stand_in(chain.link(lines.identifier(str(number)), on, on, "5" * 64), f"entry {number}"))
        chain.add(entries[-1])
    return chain, entries


CHAIN, ENTRIES = grown(SIZE)
places = st.integers(0, SIZE - 1)


def check(entries: Iterable[Entry], ledger_id: str = lines.LEDGER) -> ledger.Chain:
    chain = ledger.Chain(ledger_id)
    for entry in entries:
        chain.add(entry)
    return chain


def relinked(entry: Entry, **changes: Any) -> Entry:
    """The same statement signed again with another link."""
    return stand_in(dataclasses.replace(entry.link, **changes), "another")


# --- known answers ---------------------------------------------------------------------------


@pytest.mark.parametrize("case", VECTORS["entryIds"], ids=lambda case: case["kind"])
def test_known_entry_ids(case: dict[str, Any]) -> None:
    assert digests.sha256(case["preimage"].encode()) == case["id"]
    assert ledger.entry_id(case["kind"], VECTORS["ledgerId"], *case["parts"]) == case["id"]


@pytest.mark.parametrize("case", VECTORS["notes"], ids=lambda case: str(case["kind"]))
def test_known_note_keys(case: dict[str, Any]) -> None:
    assert digests.sha256(case["preimage"].encode())[:40] == case["key"]
    assert ledger.keys.key(case["kind"], case["value"], case["n"]) == case["key"]
    assert ledger.keys.path(case["key"]) == case["path"]


def test_known_lines_leaves_links_and_root() -> None:
    entries = [read(each["line"].encode()) for each in VECTORS["lines"]]
    chain = check(entries, VECTORS["ledgerId"])
    assert [digests.sha256(each.line) for each in entries] == [each["sha256"] for each in VECTORS["lines"]]
    assert [merkle.leaf(each.line).hex() for each in entries] == [each["leaf"] for each in VECTORS["lines"]]
    expected = VECTORS["next"]
    link = chain.link(expected["entryId"], expected["commit"], expected["tree"], expected["state"])
    assert wire.encode(link) == expected
    assert (chain.head, chain.root) == (expected["previous"], expected["rootHash"])


def test_entry_ids_do_not_run_into_each_other() -> None:
    assert ledger.entry_id("decision", "a", "b", "c") != ledger.entry_id("decision", "a", "bc")
    assert ledger.entry_id("decision", "a/b") != ledger.entry_id("decision", "a", "b")
    assert ledger.entry_id("genesis", "a") != ledger.entry_id("decision", "a")


# --- the chain -------------------------------------------------------------------------------


def test_an_empty_ledger_begins_with_nothing_before_it() -> None:
    link = ledger.Chain(lines.LEDGER).link("e" * 64, None, None, "5" * 64)
    assert (link.sequence, link.previous, link.tree_size, link.peaks) == (0, None, 0, ())
    assert link.root_hash == merkle.EMPTY_ROOT.hex()


@given(places, st.data())
def test_any_edit_of_a_line_is_detected(place: int, data: st.DataObject) -> None:
    line = ENTRIES[place].line
    where = line.index(b'"text":"entry') + len(b'"text":"') + data.draw(st.integers(0, 4))
    edited = read(line[:where] + b"#" + line[where + 1 :])
    entries = [*ENTRIES[:place], edited, *ENTRIES[place + 1 :]]
    if place == SIZE - 1:  # nothing comes after the last one: only a signature, or who knows the root, can tell
        assert check(entries).root != CHAIN.root
    else:
        with pytest.raises(LedgerError, match=f"entry {place + 1}: its previous"):
            check(entries)


@given(places)
def test_any_removal_is_detected(place: int) -> None:
    entries = [*ENTRIES[:place], *ENTRIES[place + 1 :]]
    if place == SIZE - 1:
        assert check(entries).root != CHAIN.root
    else:
        with pytest.raises(LedgerError, match=f"entry {place + 1} stands where entry {place} belongs"):
            check(entries)


@given(places, places)
def test_any_repeated_line_is_detected(place: int, where: int) -> None:
    with pytest.raises(LedgerError, match=r"stands where entry \d+ belongs"):
        check([*ENTRIES[: where + 1], ENTRIES[min(place, where)], *ENTRIES[where + 1 :]])


@given(places, st.sampled_from(["id", "previous", "tree_size", "root_hash", "peaks", "format"]))
def test_every_member_of_the_link_is_compared(place: int, member: str) -> None:
    wrong = {"id": "gitlab.com/1/aa", "previous": "0" * 64, "tree_size": 99, "root_hash": "0" * 64, "format": 0}
    changed = relinked(ENTRIES[place], **{member: wrong.get(member, ("0" * 64,))})
    with pytest.raises(LedgerError, match=f"entry {place}"):
        check([*ENTRIES[:place], changed, *ENTRIES[place + 1 :]])


@pytest.mark.parametrize(("place", "member"), [(0, "commit"), (0, "tree"), (3, "commit"), (3, "tree")])
def test_only_the_first_entry_has_no_commit_before_it(place: int, member: str) -> None:
    changed = relinked(ENTRIES[place], **{member: "a" * 40 if place == 0 else None})
    with pytest.raises(LedgerError, match="only entry 0 has nothing before it"):
        check([*ENTRIES[:place], changed])
    with pytest.raises(LedgerError, match="not a git object id"):
        check([*ENTRIES[:3], relinked(ENTRIES[3], commit="main")])


def test_entries_of_another_ledger_are_refused() -> None:
    with pytest.raises(LedgerError, match="entry 0: its ledger id"):
        check(ENTRIES, "github.com/777/other")


@given(places)
def test_a_chain_can_begin_at_any_entry_that_is_believed(place: int) -> None:
    chain = ledger.Chain(lines.LEDGER, ENTRIES[place].link)
    for entry in ENTRIES[place:]:
        chain.add(entry)
    assert (chain.size, chain.head, chain.root) == (CHAIN.size, CHAIN.head, CHAIN.root)
    assert chain.link("e" * 64, "a" * 40, "b" * 40, "5" * 64) == CHAIN.link("e" * 64, "a" * 40, "b" * 40, "5" * 64)
    assert [chain.covers(number) for number in range(SIZE)] == [number >= place for number in range(SIZE)]


def test_a_copy_goes_its_own_way() -> None:
    chain, entries = grown(3)
    copy = chain.copy()
    copy.add(stand_in(copy.link("e" * 64, "a" * 40, "b" * 40, "5" * 64)))
    assert (chain.size, copy.size) == (3, 4)
    assert chain.inclusion(1, 3) == copy.inclusion(1, 3)
    assert chain.head == digests.sha256(entries[-1].line)


# --- lines -----------------------------------------------------------------------------------


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
    said = dataclasses.replace(ENTRIES[0].attestation.statement, predicate={"ledger": value})
    with pytest.raises(FormatError, match="ledger member"):
        ledger.link_of(said)


def test_an_entry_of_a_newer_format_is_not_misread() -> None:
    member = {**wire.encode(ENTRIES[3].link), "format": 2, "more": {}}
    said = dataclasses.replace(ENTRIES[3].attestation.statement, predicate={"ledger": member})
    with pytest.raises(FormatError, match="newer than this tool") as caught:
        ledger.link_of(said)
    assert caught.value.fix == "upgrade counterseal"


# --- proofs ----------------------------------------------------------------------------------


STATE = ENTRIES[-1].line + b"\n{}\n"


def proof_of(decision: int, publication: int) -> tuple[ledger.LedgerProof, Statement, Statement]:
    proof = ledger.parse_proof(CHAIN.proof(ENTRIES[decision], ENTRIES[publication], STATE))
    return proof, ENTRIES[decision].attestation.statement, ENTRIES[publication].attestation.statement


@given(st.lists(places, min_size=2, max_size=2, unique=True))
def test_every_later_entry_proves_every_earlier_one(pair: list[int]) -> None:
    decision, publication = sorted(pair)
    proof, *statements = proof_of(decision, publication)
    assert (proof.decision_line, proof.publication_line) == (ENTRIES[decision].line, ENTRIES[publication].line)
    assert ledger.verify_proof(proof, *statements) == CHAIN.inclusion(decision, publication)


def test_an_entry_proves_nothing_about_itself_or_later_ones() -> None:
    with pytest.raises(LedgerError, match="no proof of entry 5 in 5 entries"):
        CHAIN.proof(ENTRIES[5], ENTRIES[5], STATE)
    with pytest.raises(LedgerError, match="no proof of entry 6 in 5 entries"):
        CHAIN.proof(ENTRIES[6], ENTRIES[5], STATE)
    with pytest.raises(LedgerError, match="no proof of entry 6 in 13 entries"):
        CHAIN.inclusion(6, 13)
    later = ledger.Chain(lines.LEDGER, ENTRIES[7].link)
    with pytest.raises(LedgerError, match="no proof of entry 6"):
        later.inclusion(6, 7)


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
    data = CHAIN.proof(ENTRIES[2], ENTRIES[9], STATE)
    assert old in data
    with pytest.raises(FormatError, match=message):
        ledger.parse_proof(data.replace(old, new))


def test_a_proof_file_has_a_size() -> None:
    with pytest.raises(FormatError, match="too many"):
        ledger.parse_proof(b" " * 1_100_000)


@pytest.mark.parametrize("note", [b"", b"a line", b"a line\n", b"a line\n{}\n\n", b"a line\n{}\nmore\n", b"\n{}\n"])
def test_what_is_no_note_of_a_state_is_refused(note: bytes) -> None:
    with pytest.raises(FormatError):
        ledger.state_of(note, "it")
    with pytest.raises(FormatError):
        CHAIN.proof(ENTRIES[2], ENTRIES[9], note)


def test_a_proof_carries_a_note_byte_for_byte() -> None:
    assert ledger.parse_proof(CHAIN.proof(ENTRIES[2], ENTRIES[9], STATE)).state_note == STATE
