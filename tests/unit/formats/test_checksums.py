"""Lists of checksums: what `sha256sum` writes is read, and nothing that leads elsewhere."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.errors import FormatError
from counterseal.formats import checksums, names

A, B = "a" * 64, "b" * 64


def test_a_list_is_read() -> None:
    listed = checksums.parse(f"{A}  app.whl\n{B} *app-1.0.tar.gz\n".encode(), "SHA256SUMS")
    assert listed == {"app.whl": A, "app-1.0.tar.gz": B}
    assert checksums.parse(f"{A}  app.whl".encode(), "SHA256SUMS") == {"app.whl": A}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1: it is not a sha256"),
        ("\n", "line 1: it is not a sha256"),
        (f"{A}  a\n\n{B}  b\n", "line 2: it is not a sha256"),
        (f"{A} a\n", "line 1: it is not a sha256"),
        (f"{A.upper()}  a\n", "line 1: it is not a sha256"),
        (f"\\{A}  a\n", "line 1: it is not a sha256"),
        (f"{A}  a\r\n", "line 1: 'a\\r' is not the name"),
        (f"{A}  a\n{B}  a\n", "line 2: 'a' is listed twice"),
        (f"{A}  a\n{A}  b/c\n", "line 2: 'b/c' is not the name of a file beside it"),
        (f"{A}  a\x00b\n", "line 1: 'a\\x00b' is not the name"),
    ],
)
def test_what_is_no_list_is_refused(text: str, says: str) -> None:
    with pytest.raises(FormatError, match=re.escape(f"SHA256SUMS, {says}")):
        checksums.parse(text.encode(), "SHA256SUMS")


@given(st.binary(max_size=64))
def test_whatever_stands_there_leads_to_a_name_beside_the_list_or_to_nothing(rest: bytes) -> None:
    try:
        listed = checksums.parse(f"{A}  ".encode() + rest, "SHA256SUMS")
    except FormatError:
        return
    assert all(names.FILE.fits(name) and ".." not in name for name in listed)
