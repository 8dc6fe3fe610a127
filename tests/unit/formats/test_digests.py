"""Which digests count, and which are refused with a reason."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.errors import FormatError
from counterseal.formats import digests

GOOD = "0123456789abcdef" * 4


@given(st.binary(max_size=100))
def test_a_digest_is_the_same_whole_and_in_pieces(data: bytes) -> None:
    assert digests.sha256(data) == digests.sha256_of(io.BytesIO(data)) == hashlib.sha256(data).hexdigest()
    assert digests.is_sha256(digests.sha256(data))


def test_more_than_one_piece_is_read_to_its_end() -> None:
    data = b"x" * (2 * (1 << 20) + 1)
    stream = io.BytesIO(b"before" + data)
    stream.seek(6)
    assert digests.sha256_of(stream) == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    "text",
    ["", GOOD[:-1], GOOD + "0", GOOD.upper(), f"sha256:{GOOD}", f" {GOOD}", f"{GOOD}\n", "g" * 64, "٠" * 64, None, 5],
)
def test_what_is_no_sha256(text: object) -> None:
    assert not digests.is_sha256(text)
    assert digests.is_sha256(GOOD)
    with pytest.raises(FormatError, match="the thing: no sha256 digest"):
        digests.required_sha256({"sha256": text}, "the thing")


@pytest.mark.parametrize("text", ["HEAD", "4f2c9e1", "a" * 39, "a" * 41, "A" * 40, "a" * 64, "a" * 40 + "\n", None, 1])
def test_what_is_no_full_revision(text: object) -> None:
    assert not digests.is_revision(text)
    assert digests.is_revision("a" * 40)


def test_other_algorithms_may_stand_beside_sha256() -> None:
    found: dict[str, Any] = {"sha512": "f" * 128, "md5": "x", "gitCommit": "a" * 40, "new": {"a": 1}, "sha256": GOOD}
    assert digests.required_sha256(found, "x") == GOOD


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ({}, r"found \[\]"),
        ({"sha512": "f" * 128}, r"found \['sha512'\]"),
        ({"SHA256": GOOD}, r"found \['SHA256'\]"),
        ({"sha1": "a" * 40}, r"it has only sha1 \(collisions have been made"),
        ({"md5": "a" * 32, "sha1": "a" * 40}, r"it has only md5 \(collisions are made in seconds\), sha1"),
    ],
)
def test_no_other_algorithm_may_stand_for_it(found: dict[str, object], why: str) -> None:
    with pytest.raises(FormatError, match=f"app.whl: no sha256 digest\n  why: {why}"):
        digests.required_sha256(found, "app.whl")
