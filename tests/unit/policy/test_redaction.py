"""`redact:` of a policy: read strictly, from a file of which nothing else has to be right."""

from __future__ import annotations

import pytest

from counterseal.errors import PolicyError
from counterseal.model import Redaction
from counterseal.policy import redaction

GOOD = b'redact:\n  hosts: ["*.corp.example"]\n  names: ["@acme/*", acme-*]\n  paths: [internal/*]\n'


def test_patterns_are_read_by_kind() -> None:
    expected = Redaction(("*.corp.example",), ("@acme/*", "acme-*"), ("internal/*",))
    assert redaction.load_redaction(GOOD, "policy.yml") == expected


@pytest.mark.parametrize("text", [b"apiVersion: counterseal/v1\n", b"redact: {}\nstages: what\n"])
def test_without_patterns_there_are_none(text: bytes) -> None:
    assert redaction.load_redaction(text, "policy.yml") == Redaction()


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (b"redact: {host: [a.example]}\n", "1:10", "unknown key"),
        (b"redact: [a.example]\n", "1:9", "redact"),
        (b"redact: {hosts: a.example}\n", "1:17", "hosts"),
        (b'redact: {names: ["*"]}\n', "1:18", "is not a pattern"),
        (b'redact: {names: ["a*"]}\n', "1:18", "is not a pattern"),
        (b'redact: {paths: ["a b"]}\n', "1:18", "is not a pattern"),
        (b'redact: {hosts: ["' + b"a" * 201 + b'"]}\n', "1:18", "is not a pattern"),
        (b'redact: {hosts: ["a.example", "a.example"]}\n', "1:31", "twice"),
        (b"redact: {hosts: [" + b",".join(b"h%d.example" % number for number in range(101)) + b"]}\n", "1:17", "101"),
        (b"redact: {hosts: [&a x.example]}\n", "1:18", "anchor"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: bytes, place: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words) as refused:
        redaction.load_redaction(text, "policy.yml")
    assert refused.value.what.startswith(f"policy.yml:{place}: ")
    assert refused.value.why
    assert refused.value.fix
