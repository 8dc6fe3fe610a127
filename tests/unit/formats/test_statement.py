"""In-toto statements: ours to the byte (test_formats.py), anybody's leniently, nobody's by half."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.errors import FormatError
from counterseal.formats import statement
from counterseal.model import Statement, Subject

A, B = "a" * 64, "b" * 64
GOOD: dict[str, Any] = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "app.whl", "digest": {"sha256": A}}],
    "predicateType": "https://x.example/v1",
    "predicate": {"a": 1},
}


def parse(document: Any) -> Statement:
    return statement.parse(json.dumps(document).encode(), "the statement")


def subject(**changes: Any) -> dict[str, Any]:
    return {**GOOD, "subject": [{**GOOD["subject"][0], **changes}]}


subjects = st.lists(
    st.builds(Subject, st.text(), st.binary(min_size=32, max_size=32).map(bytes.hex)),
    min_size=1,
    max_size=8,
    unique_by=lambda each: each.name,
)


@given(subjects, st.dictionaries(st.text(), st.none() | st.integers(-1000, 1000) | st.text(), max_size=3))
def test_what_is_built_is_parsed_again(about: list[Subject], predicate: dict[str, Any]) -> None:
    found = statement.parse(statement.build(about, "https://x.example/v1", predicate), "x")
    assert found == Statement(tuple(sorted(about, key=lambda each: each.name)), "https://x.example/v1", predicate)


def test_as_many_subjects_as_a_release_may_have_and_its_manifest() -> None:
    about = [Subject(f"file-{number}", A) for number in range(130)]
    assert len(statement.parse(statement.build(about[:129], "t", {}), "x").subjects) == 129
    with pytest.raises(FormatError, match="130 subjects are too many\n  why: one statement carries at most 129"):
        statement.build(about, "t", {})
    with pytest.raises(FormatError, match="at least one subject"):
        statement.build([], "t", {})


@pytest.mark.parametrize(
    "document",
    [
        {**GOOD, "later": {"x": 1}},
        subject(uri="https://x.example/app.whl", mediaType="text/plain", annotations={"a": 1}),
        subject(digest={"sha256": A, "sha512": "f" * 128, "gitTree": "?", "of-2031": [1]}),
        {**GOOD, "subject": [{"name": "app.whl", "digest": {"sha1": "0" * 40, "md5": "", "sha256": A}}]},
    ],
)
def test_what_is_unknown_is_ignored(document: dict[str, Any]) -> None:
    assert parse(document) == parse(GOOD) == Statement((Subject("app.whl", A),), "https://x.example/v1", {"a": 1})


@pytest.mark.parametrize("name", ["", "dist/app.whl", "../../etc/passwd", "a\nb", "é"])
def test_names_are_carried_as_they_are(name: str) -> None:
    assert parse(subject(name=name)).subjects == (Subject(name, A),)


def test_a_subject_without_a_name_has_the_empty_one() -> None:
    assert parse({**GOOD, "subject": [{"digest": {"sha256": A}}]}).subjects == (Subject("", A),)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ([], "not an in-toto Statement v1"),
        (None, "not an in-toto Statement v1"),
        ({**GOOD, "_type": "https://in-toto.io/Statement/v0.1"}, "not an in-toto Statement v1"),
        ({**GOOD, "_type": "https://in-toto.io/Statement/v1.0"}, "not an in-toto Statement v1"),
        ({**GOOD, "_type": "https://in-toto.io/Statement/v1 "}, "not an in-toto Statement v1"),
        ({**GOOD, "_type": ["https://in-toto.io/Statement/v1"]}, "not an in-toto Statement v1"),
        ({key: value for key, value in GOOD.items() if key != "_type"}, "not an in-toto Statement v1"),
        ({**GOOD, "predicateType": ""}, "no predicateType"),
        ({**GOOD, "predicateType": None}, "no predicateType"),
        ({**GOOD, "predicate": ""}, "the predicate is not an object"),
        ({**GOOD, "predicate": False}, "the predicate is not an object"),
        ({**GOOD, "predicate": [GOOD]}, "the predicate is not an object"),
        ({**GOOD, "subject": []}, "it needs 1 to 1024 subjects"),
        ({**GOOD, "subject": GOOD["subject"] * 1025}, "it needs 1 to 1024 subjects"),
        ({**GOOD, "subject": GOOD["subject"][0]}, "it needs 1 to 1024 subjects"),
        ({**GOOD, "subject": [None]}, "a subject is not"),
        ({**GOOD, "subject": ["app.whl"]}, "a subject is not"),
        (subject(name=None), "a subject is not"),
        (subject(name={"name": "app.whl"}), "a subject is not"),
        (subject(name=["app.whl"]), "a subject is not"),
        (subject(digest=A), "a subject is not"),
        (subject(digest={}), "subject 'app.whl': no sha256"),
        (subject(digest={"sha1": "0" * 40}), "subject 'app.whl': no sha256"),
        (subject(digest={"sha256": A.upper()}), "subject 'app.whl': no sha256"),
        (subject(digest={"sha256": [A]}), "subject 'app.whl': no sha256"),
        ({**GOOD, "subject": [GOOD["subject"][0], {"name": "b", "digest": {"sha512": "f"}}]}, "subject 'b': no sha256"),
    ],
)
def test_what_is_no_statement(document: Any, why: str) -> None:
    with pytest.raises(FormatError, match=f"^the statement: {why}"):
        parse(document)


def about(*subjects: tuple[str | None, dict[str, Any]]) -> dict[str, Any]:
    """Return a statement about these subjects by name (None: without one) and digest set."""
    listed = [{"digest": digest} if name is None else {"name": name, "digest": digest} for name, digest in subjects]
    return {**GOOD, "subject": listed}


@pytest.mark.parametrize(
    "document",
    [
        about(("a", {"sha256": A}), ("a", {"sha256": B})),
        about(("a", {"sha256": A}), ("b", {"sha256": A}), ("a", {"sha256": B})),
        about(("a", {"sha256": A, "SHA256": B})),
        about(("a", {"SHA256": B, "sha256": A})),
        about(("a", {"sha256": A, "sha-256": B})),
        about(("a", {"sha256": A, "SHA2_256": B})),
        about(("a", {"sha256": A, "Sha 256": B.upper()})),
        about((None, {"sha256": A, "SHA256": B})),
        about(("a", {"sha256": A, "sha512": "c" * 128, "SHA512": "d" * 128})),
        about(("a", {"sha256": A, "sha512": "c" * 128, "sha2-512": "d" * 128})),
        about(("a", {"sha256": A, "sha512": "c" * 128}), ("a", {"sha256": A, "sha512": "d" * 128})),
        about(("a", {"sha256": A, "sha512": "c" * 128}), ("b", {"sha256": A, "SHA512": "d" * 128})),
        about((None, {"sha256": A, "sha384": "c" * 96}), ("_", {"sha256": A, "sha384": "d" * 96})),
        about(("a", {"sha256": A, "sha1": "c" * 40}), ("a", {"sha256": A, "SHA1": "d" * 40})),
    ],
)
def test_digests_that_contradict_each_other_are_refused(document: dict[str, Any]) -> None:
    with pytest.raises(FormatError, match="has two digests by") as caught:
        parse(document)
    assert "contradict" in caught.value.why


@pytest.mark.parametrize(
    "document",
    [
        about((None, {"sha256": A}), (None, {"sha256": B})),
        about(("_", {"sha256": A}), ("_", {"sha256": B}), ("", {"sha256": B})),
        about(("a", {"sha256": A}), ("a", {"sha256": A})),
        about(("a", {"sha256": A, "SHA256": A.upper()})),
        about(("a", {"sha256": A, "gitCommit": "c" * 40}), ("b", {"sha256": A, "gitCommit": "d" * 40})),
        about(("a", {"sha256": A, "gitCommit": "c" * 64, "dirHash": B, "gitBlob": B})),
        about(("a", {"sha256": A, "sha512": "", "SHA512": "short"})),
        about(("a", {"sha256": A, "sha512": None, "SHA512": ["c" * 128]})),
        about(("a", {"sha256": A}), ("b", {"sha256": B})),
        about(("a", {"sha256": A, "of-2031": "c"}), ("a", {"sha256": A, "of-2031": "d"})),
    ],
)
def test_digests_that_say_the_same_or_of_something_else_are_accepted(document: dict[str, Any]) -> None:
    assert len(parse(document).subjects) == len(document["subject"])


@pytest.mark.parametrize("document", [{**GOOD, "predicate": None}, {k: v for k, v in GOOD.items() if k != "predicate"}])
def test_no_predicate_is_an_empty_one(document: dict[str, Any]) -> None:
    assert parse(document) == Statement((Subject("app.whl", A),), "https://x.example/v1", {})


def test_two_types_in_one_document_are_refused() -> None:
    twice = json.dumps(GOOD)[:-1] + ', "predicateType": "https://other.example/v1"}'
    with pytest.raises(FormatError, match="the key 'predicateType' appears twice"):
        statement.parse(twice.encode(), "x")


def test_1024_subjects_are_read() -> None:
    assert len(parse({**GOOD, "subject": GOOD["subject"] * 1024}).subjects) == 1024


@pytest.mark.parametrize(
    ("critical", "why"),
    [
        (["later"], "does not know the critical field 'later'"),
        (["a", "z", "b"], "does not know the critical field 'b'"),
        ([None], "does not know the critical field 'None'"),
        ([["a"]], "does not know the critical field"),
        (["A"], "does not know the critical field 'A'"),
        ("a", "`critical` is not a list"),
        ({"a": True}, "`critical` is not a list"),
        (None, "`critical` is not a list"),
    ],
)
def test_a_critical_field_that_is_not_known_is_an_error(critical: Any, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        statement.check_critical({"critical": critical, "later": 1}, ("a",), "x")


def test_known_critical_fields_and_none_are_well() -> None:
    statement.check_critical({"critical": ["a", "a", "b"]}, ("a", "b"), "x")
    statement.check_critical({"critical": []}, (), "x")
    statement.check_critical({"later": 1}, (), "x")


def test_what_a_statement_does_not_cover() -> None:
    found = Statement((Subject("a", A), Subject("b", B), Subject("twice", A), Subject("twice", B)), "t", {})
    assert statement.uncovered(found, [Subject("a", A), Subject("b", B)]) == []
    assert statement.uncovered(found, []) == []
    wrong = [Subject("a", B), Subject("c", A), Subject("", A), Subject("A", A), Subject("twice", A)]
    assert statement.uncovered(found, [*wrong, Subject("b", B)]) == wrong
