"""JUnit reports: who passed, who failed, and what is no report."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.errors import FormatError
from counterseal.formats import junit

REPORT = b"""<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest" tests="4">
<testcase classname="tests.test_a" name="test_one" time="0.1"/>
<testcase classname="tests.test_a" name="test_two"><failure message="no">trace &lt;b&gt;</failure></testcase>
<testcase classname="tests.test_a" name="test_three"><error/></testcase>
<testcase name="test_four"><skipped/></testcase>
</testsuite></testsuites>"""


def test_tests_are_told_apart() -> None:
    assert junit.parse(REPORT, "junit.xml") == {
        "passed": ["tests.test_a::test_one"],
        "failed": ["tests.test_a::test_two", "tests.test_a::test_three"],
        "skipped": ["test_four"],
    }


def test_a_test_that_failed_and_was_skipped_failed() -> None:
    data = b"<s><testcase name='a'><failure/><skipped/></testcase><failure/></s>"
    assert junit.parse(data, "junit.xml")["failed"] == ["a"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<a>",
        b"{}",
        b"<a/><b/>",
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'.encode("utf-16"),
        b"<a>" * 100 + b"</a>" * 100,
        b"<s>" + b'<testcase name="x"/>' * (junit.MAX_TESTS + 1) + b"</s>",
        b" " * (junit.MAX_BYTES + 1),
    ],
)
def test_what_is_no_report_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match=r"junit\.xml"):
        junit.parse(data, "junit.xml")


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail_otherwise(data: bytes) -> None:
    with contextlib.suppress(FormatError):
        junit.parse(data, "junit.xml")
