"""The seven minimum elements: what is missing is counted, named, and lowers the score."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from tests.unit.inventory.boms import ROOT, component, document

from counterseal.inventory import minimum


def test_a_whole_document_lacks_nothing() -> None:
    score = minimum.score(document())
    assert (dict(score.missing), score.share) == ({}, Fraction(1))
    assert [part.name for part in score.parts] == list(minimum.NAMES)


LACKING: dict[str, tuple[dict[str, Any], str]] = {
    "supplier": ({"supplier": None}, "supplier"),
    "blank supplier": ({"supplier": {"name": "  "}}, "supplier"),
    "name": ({"name": ""}, "name"),
    "version": ({"version": None}, "version"),
    "identifier": ({"purl": None}, "identifier"),
    "no identifier": ({"purl": "requests@2"}, "identifier"),
    "relationship": ({"bom-ref": None}, "relationship"),
}


@pytest.mark.parametrize("case", LACKING)
def test_what_one_of_three_components_lacks_is_counted_and_named(case: str) -> None:
    members, name = LACKING[case]
    score = minimum.score(document(component("idna"), component("requests", **members)))
    assert score.missing == {name: 1}
    part = next(part for part in score.parts if part.name == name)
    assert (part.present, part.needed, len(part.lacking)) == (2, 3, 1)
    assert score.share == 1 - Fraction(1, 3) / 7


@pytest.mark.parametrize("identifier", [{"cpe": "cpe:2.3:a:x:y"}, {"swid": {"tagId": "t"}}, {"swhid": ["swh:1:x"]}])
def test_another_identifier_is_one_too(identifier: dict[str, Any]) -> None:
    assert minimum.score(document(component("x", purl=None, **identifier))).missing == {}


@pytest.mark.parametrize(
    ("metadata", "missing"),
    [
        ({"timestamp": "2026-11-24T09:10:44Z"}, {"author": 1}),
        ({"timestamp": "yesterday", "authors": [{"name": "alice"}]}, {"timestamp": 1}),
        ({"tools": [{"name": "syft"}]}, {"timestamp": 1}),
    ],
)
def test_author_and_timestamp_are_the_documents(metadata: dict[str, Any], missing: dict[str, int]) -> None:
    assert minimum.score(document(metadata={**metadata, "component": ROOT})).missing == missing


def test_a_document_without_a_root_lacks_all_that_a_root_would_tell() -> None:
    score = minimum.score(document(metadata={"timestamp": "2026-11-24T09:10:44Z", "authors": [{"name": "alice"}]}))
    assert score.missing == dict.fromkeys(("supplier", "name", "version", "identifier", "relationship"), 1)
    assert score.parts[0].lacking == ("the root",)


def test_what_lies_within_another_component_needs_no_edge() -> None:
    outer = component("a", components=[component("b")])
    assert minimum.score(document(outer)).missing == {}
