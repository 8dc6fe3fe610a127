"""Which pattern release tags follow, and what comes next; tags are whatever somebody pushed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.forges import ref_matches
from counterseal.formats import names
from counterseal.project.layout import next_tag, pattern_of


@pytest.mark.parametrize(
    ("tags", "pattern"),
    [
        ([], None),
        (["nightly", "latest"], None),
        (["v1.0.0", "v1.1.0"], "v*"),
        (["1.0.0", "1.1.0", "2.0.0-rc1"], "*.*.*"),
        (["app-1.0.0", "app-1.1.0", "v0.1"], "app-*"),
        (["web/v1.0.0", "web/v1.1.0"], "web/v*"),
        (["release-2024.1"], "release-*"),
        (["c++-1.0.0"], None),
        (["v1.0.0\u202e", "${{ x }}1.0.0", "$(id)1.0.0"], None),
    ],
)
def test_the_pattern_of_most_tags(tags: list[str], pattern: str | None) -> None:
    assert pattern_of(tags) == pattern


@given(st.lists(st.text(max_size=30)))
def test_whatever_tags_are_a_pattern_is_one_that_a_policy_may_have(tags: list[str]) -> None:
    pattern = pattern_of(tags)
    assert pattern is None or (names.REF_PATTERN.fits(f"refs/tags/{pattern}") and any(map(str.isascii, tags)))


@pytest.mark.parametrize(
    ("tags", "pattern", "expected"),
    [
        ((), "v*", "v0.1.0"),
        ((), "*.*.*", "0.1.0"),
        (("v1.2.9",), "v*", "v1.2.10"),
        (("v1.2.0", "v1.3.0-rc1"), "v*", "v1.2.1"),
        (("1.2.0", "nightly"), "*.*.*", "1.2.1"),
        (("app-1.0",), "app-*", "app-1.1"),
    ],
)
def test_what_comes_next(tags: tuple[str, ...], pattern: str, expected: str) -> None:
    assert next_tag(tags, pattern) == expected
    assert ref_matches(pattern, expected)
