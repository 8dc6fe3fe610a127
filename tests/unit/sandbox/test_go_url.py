"""Identities are written as Go writes URLs; every answer here was given by Fulcio 1.8.8."""

from __future__ import annotations

import pytest

from counterseal_sandbox.go_url import written

HOST = "https://github.com/"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("a/b@refs/tags/v1.2.0", "a/b@refs/tags/v1.2.0"),
        ("größe", "gr%C3%B6%C3%9Fe"),
        ("a!(x)[y]", "a!(x)[y]"),
        ("a b!(x)[y]", "a%20b%21%28x%29%5By%5D"),
        ("a;b,c:d=e+f$g&hé", "a;b,c:d=e+f$g&h%C3%A9"),
        ("a~@é", "a~@%C3%A9"),
        ("a%20b", "a%20b"),
        ("a%2Fé", "a/%C3%A9"),
        ("%2f", "%2f"),
        ("a#b#c", "a#b%23c"),
        ("é#!()*[]'", "%C3%A9#!()*[]'"),
        ("a#b c", "a#b%20c"),
        ("a#", "a"),
        ("a?b c?d", "a?b c?d"),
        ("a?%zz", "a?%zz"),
        ("a//../b/./c", "a//../b/./c"),
        ('a"b<c>|`{}', "a%22b%3Cc%3E%7C%60%7B%7D"),
    ],
)
def test_what_a_path_may_not_have_is_escaped(path: str, shown: str) -> None:
    assert written(HOST + path) == HOST + shown


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("100%", 'invalid URL escape "%"'),
        ("a%zz", 'invalid URL escape "%zz"'),
        ("a#%zz", 'invalid URL escape "%zz"'),
        ("a\x7fb", "control character"),
        ("a?é", "IA5String"),
    ],
)
def test_what_is_no_url_is_refused(path: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        written(HOST + path)
