"""Licence expressions against a list: every operator, what is unknown, and what is too much."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.inventory import licences
from counterseal.inventory.licences import Allowed, Standing

REFUSED, UNKNOWN, ALLOWED = Standing
LIST = Allowed.of(
    ("MIT", "apache-2.0", "GPL-2.0", "GPL-2.0-only WITH Classpath-exception-2.0", "LicenseRef-Acme", "Own")
)

STANDINGS = {
    "MIT": ALLOWED,
    "mit": ALLOWED,
    "ISC": REFUSED,
    "MIT OR ISC": ALLOWED,
    "ISC OR 0BSD": REFUSED,
    "MIT AND Apache-2.0": ALLOWED,
    "MIT AND ISC": REFUSED,
    "(MIT OR ISC) AND Apache-2.0": ALLOWED,
    "(MIT AND ISC) OR 0BSD": REFUSED,
    "ISC AND MIT OR MIT": ALLOWED,  # AND binds closer
    "GPL-2.0-only": ALLOWED,  # listed by its old id
    "GPL-2.0-or-later": REFUSED,
    "GPL-2.0+": REFUSED,  # the old spelling of or-later
    "Apache-2.0+": ALLOWED,
    "ISC+": REFUSED,
    "GPL-2.0 WITH Classpath-exception-2.0": ALLOWED,
    "MIT WITH Classpath-exception-2.0": REFUSED,
    "GPL-2.0-only WITH GCC-exception-3.1": REFUSED,
    "MIT WITH ISC": UNKNOWN,
    "Classpath-exception-2.0": UNKNOWN,
    "LicenseRef-Acme": ALLOWED,
    "LicenseRef-Other": UNKNOWN,
    "LicenseRef-Other OR MIT": ALLOWED,
    "LicenseRef-Other OR ISC": UNKNOWN,
    "LicenseRef-Other AND ISC": REFUSED,
    "DocumentRef-x:LicenseRef-Acme": UNKNOWN,
    "Own": ALLOWED,
    "GPL": UNKNOWN,
    "BSD": UNKNOWN,
    "Apache License 2.0": UNKNOWN,
    "MIT/X11": UNKNOWN,
    "MIT AND": UNKNOWN,
    "((": UNKNOWN,
    "": UNKNOWN,
    "NOASSERTION": UNKNOWN,
}


@pytest.mark.parametrize("expression", STANDINGS)
def test_one_expression(expression: str) -> None:
    assert LIST.standing((expression,)) is STANDINGS[expression]


def test_all_licences_of_an_element_apply_and_one_without_any_is_unknown() -> None:
    assert LIST.standing(("MIT", "Apache-2.0")) is ALLOWED
    assert LIST.standing(("MIT", "Something")) is UNKNOWN
    assert LIST.standing(("MIT", "Something", "ISC")) is REFUSED
    assert LIST.standing(()) is UNKNOWN


def test_nothing_is_allowed_by_an_empty_list() -> None:
    assert Allowed.of(()).standing(("MIT",)) is REFUSED


@pytest.mark.parametrize(
    ("names", "known"),
    [
        (("MIT", "GPL-2.0+"), True),
        (("Net-SNMP",), True),
        (("GPL-2.0-only WITH Classpath-exception-2.0",), True),
        (("MIT", "LicenseRef-Acme"), False),
        (("MIT OR Own",), False),
        ((), False),
    ],
)
def test_known_is_what_stands_on_spdxs_list(names: tuple[str, ...], *, known: bool) -> None:
    assert licences.is_known(names) is known


@pytest.mark.parametrize(
    ("text", "joined"),
    [("MIT", False), ("MIT OR ISC", True), ("A WITH B", False), ("(MIT AND ISC)", True), ("BSD License", False)],
)
def test_what_is_joined_is_told_from_one_licence(text: str, *, joined: bool) -> None:
    assert licences.is_joined(text) is joined


@pytest.mark.parametrize(
    ("written", "now"),
    [
        ("mit or (apache-2.0 and gpl-2.0)", "MIT OR (Apache-2.0 AND GPL-2.0-only)"),
        ("(MIT OR ISC) AND 0BSD", "(MIT OR ISC) AND 0BSD"),
        ("Some words", "Some words"),
    ],
)
def test_one_spelling(written: str, now: str) -> None:
    assert licences.canonical(written) == now


@pytest.mark.parametrize(
    "expression",
    ["(" * 33 + "MIT" + ")" * 33, "(" * 1_000_000, " OR ".join(["MIT"] * 100_000), "MIT " * 1_000_000],
    ids=["deep", "very deep", "many", "long"],
)
def test_too_deep_or_too_long_is_unknown_at_once(expression: str) -> None:
    start = time.perf_counter()
    assert LIST.standing((expression,)) is UNKNOWN
    assert time.perf_counter() - start < 2


WORDS = st.sampled_from(
    ["MIT", "ISC", "LicenseRef-x", "AND", "OR", "WITH", "(", ")", "+", "GPL-2.0+", "é", "\x00", "/", "and"]
)


@given(st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=60))
def test_any_text_has_a_standing(text: str) -> None:
    assert LIST.standing((text,)) in Standing
    assert licences.canonical(licences.canonical(text)) == licences.canonical(text)


EXPRESSIONS = st.recursive(
    st.sampled_from(["MIT", "ISC", "LicenseRef-x"]),
    lambda inner: st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda parts: f"({' '.join(parts)})"),
    max_leaves=8,
)


@given(EXPRESSIONS)
def test_a_longer_list_never_refuses_more(expression: str) -> None:
    assert Allowed.of(("MIT",)).standing((expression,)) <= Allowed.of(("MIT", "ISC")).standing((expression,))
