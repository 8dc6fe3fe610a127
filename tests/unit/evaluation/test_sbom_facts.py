"""What of an SBOM is kept in the evidence: counts, licences and origins, and never more than fits."""

from __future__ import annotations

import json

from tests.unit.inventory.boms import ROOT, component, document

from counterseal.evaluation import sbom_facts
from counterseal.evaluation.sbom_facts import LicenceUse, content_of
from counterseal.formats import wire


def licensed(number: int, *names: str) -> dict[str, object]:
    return component(f"c{number}", licenses=[{"license": {"name": name}} for name in names] or None)


def test_components_are_counted_by_their_licences_the_most_frequent_first() -> None:
    names = (("MIT",), ("ISC",), ("MIT",), (), ("Own", "ISC"))
    content = content_of(document(*(licensed(number, *each) for number, each in enumerate(names))))
    assert content.licences == (LicenceUse(("MIT",), 2), LicenceUse(("ISC",), 1), LicenceUse(("ISC", "Own"), 1))
    assert (content.elements, sbom_facts.unknown(content)) == (5, 2)
    assert (content.missing, content.origins) == ({}, ("lock",))


def test_what_is_missing_is_counted_by_its_name() -> None:
    content = content_of(document(component("a", supplier=None, purl=None), component("b", supplier=None)))
    assert content.missing == {"supplier": 2, "identifier": 1}


def test_whatever_a_document_has_the_content_is_small_and_what_does_not_fit_is_unknown() -> None:
    many = [licensed(number, f"LicenseRef-{number:0400}") for number in range(3000)]
    frequent = [licensed(3000 + number, "MIT") for number in range(2)]
    long = [licensed(4000, "MIT OR " * 1000 + "MIT")]
    content = content_of(document(*many, *frequent, *long))
    assert len(json.dumps(wire.encode(content))) < 100_000
    assert content.licences[0] == LicenceUse(("MIT",), 2)
    assert sbom_facts.unknown(content) == 3001
    few = content_of(document(*(licensed(number, f"LicenseRef-{number}") for number in range(600))))
    assert len(few.licences) == sbom_facts.MAX_USES


def test_origins_that_are_left_out_are_still_said_to_be_there() -> None:
    def origins(*names: str) -> tuple[str, ...]:
        root = {**ROOT, "properties": [{"name": "counterseal:from", "value": name} for name in names]}
        return content_of(document(metadata={"component": root})).origins

    assert origins("lock", "lock") == ("lock",)
    assert origins(*(f"tool {number}" for number in range(40)))[-2:] == ("tool 14", "…")
    (long,) = origins("lock " * 100)
    assert len(long) == sbom_facts.MAX_ORIGIN
    assert long.endswith("…")
