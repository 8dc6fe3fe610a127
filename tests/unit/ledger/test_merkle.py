import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.ledger import merkle

VECTORS = json.loads((Path(__file__).parents[2] / "assets/vectors/merkle.json").read_text())
LEAVES = [merkle.leaf(bytes.fromhex(each)) for each in VECTORS["leaves"]]

sizes = st.integers(1, 130)


def leaves_of(size: int) -> list[bytes]:
    return [merkle.leaf(b"%d" % number) for number in range(size)]


def known(leaves: list[bytes], first: int = 0) -> merkle.Known:
    return merkle.Known(first, merkle.peaks_of(leaves[:first]), leaves[first:])


def raw(hashes: list[str]) -> list[bytes]:
    return [bytes.fromhex(each) for each in hashes]


def flipped(value: bytes, bit: int) -> bytes:
    return (int.from_bytes(value) ^ (1 << bit)).to_bytes(32)


def test_hashes_of_leaf_and_node_have_their_prefixes() -> None:
    assert merkle.leaf(b"a line") == hashlib.sha256(b"\x00a line").digest()
    assert merkle.node(b"l" * 32, b"r" * 32) == hashlib.sha256(b"\x01" + b"l" * 32 + b"r" * 32).digest()
    assert merkle.EMPTY_ROOT.hex() == VECTORS["emptyRoot"] == hashlib.sha256(b"").hexdigest()


def test_known_leaves_roots_and_peaks() -> None:
    assert [each.hex() for each in LEAVES] == VECTORS["leafHashes"]
    assert merkle.root([]) == merkle.root_of_peaks(()) == merkle.EMPTY_ROOT
    for size, root in enumerate(VECTORS["roots"], 1):
        assert merkle.root(LEAVES[:size]).hex() == root
    for size, peaks in enumerate(VECTORS["peaks"]):
        assert [each.hex() for each in merkle.peaks_of(LEAVES[:size])] == peaks


@pytest.mark.parametrize("case", VECTORS["inclusion"], ids=lambda case: f"{case['index']} in {case['size']}")
def test_known_inclusion_proofs(case: dict[str, Any]) -> None:
    leaves, root = LEAVES[: case["size"]], bytes.fromhex(VECTORS["roots"][case["size"] - 1])
    assert list(known(leaves).inclusion(case["index"], len(leaves))) == raw(case["hashes"])
    assert merkle.verify_inclusion(leaves[case["index"]], case["index"], case["size"], raw(case["hashes"]), root)


@given(sizes, st.data())
def test_every_inclusion_proof_verifies_and_no_altered_one_does(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    proof, root = list(known(leaves).inclusion(index, size)), merkle.root(leaves)
    assert merkle.verify_inclusion(leaves[index], index, size, proof, root)
    assert not merkle.verify_inclusion(leaves[index], size, size, proof, root)
    assert not merkle.verify_inclusion(leaves[index], -1, size, proof, root)
    other = data.draw(st.integers(0, size - 1).filter(lambda each: each != index)) if size > 1 else index + 1
    assert not merkle.verify_inclusion(leaves[index], other, size, proof, root)
    assert not merkle.verify_inclusion(merkle.leaf(b"another"), index, size, proof, root)
    assert not merkle.verify_inclusion(leaves[index], index, size, proof, merkle.leaf(b"another"))
    assert not merkle.verify_inclusion(leaves[index], index, size, [*proof, root], root)
    if proof:
        place, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
        altered = [*proof[:place], flipped(proof[place], bit), *proof[place + 1 :]]
        assert not merkle.verify_inclusion(leaves[index], index, size, altered, root)
        assert not merkle.verify_inclusion(leaves[index], index, size, proof[:-1], root)


@given(sizes, st.data())
def test_of_earlier_leaves_the_peaks_are_enough(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    first = data.draw(st.integers(0, size - 1))
    index = data.draw(st.integers(first, size - 1))
    until = data.draw(st.integers(index + 1, size))
    some, all_of_them = known(leaves, first), known(leaves)
    assert some.inclusion(index, until) == all_of_them.inclusion(index, until)
    assert some.root(until) == merkle.root(leaves[:until])
    assert merkle.verify_inclusion(
        leaves[index], index, until, some.inclusion(index, until), merkle.root(leaves[:until])
    )


def test_of_a_leaf_that_only_peaks_speak_for_there_is_no_proof() -> None:
    with pytest.raises(ValueError, match="no leaf 3 among those from 5 to 8"):
        known(LEAVES, 5).inclusion(3, 8)


@given(sizes)
def test_peaks_have_one_hash_for_each_bit_and_give_the_root(size: int) -> None:
    leaves = leaves_of(size)
    peaks = merkle.peaks_of(leaves)
    assert len(peaks) == size.bit_count()
    assert merkle.append(merkle.peaks_of(leaves[:-1]), size - 1, leaves[-1]) == peaks
    assert merkle.root_of_peaks(peaks) == merkle.root(leaves)


def test_what_does_not_exist_has_no_proof() -> None:
    with pytest.raises(ValueError, match="no leaf 8 among those from 0 to 8"):
        known(LEAVES).inclusion(8, 8)
    with pytest.raises(ValueError, match="has 2 peaks, not 1"):
        merkle.append([LEAVES[0]], 3, LEAVES[1])
