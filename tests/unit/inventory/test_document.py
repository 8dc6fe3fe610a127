"""A CycloneDX document as it is read: versions, places, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.inventory.boms import ROOT, bom, component, document

from counterseal import inventory
from counterseal.errors import FormatError


def test_root_elements_artifacts_edges_and_origin_are_told_apart() -> None:
    read = document()
    assert read.root is not None
    assert read.root.label == "app@1.2.0"
    assert [element.label for element in read.elements] == ["requests@2.32.0", "idna@3.10"]
    assert [artifact.name for artifact in read.artifacts] == ["app-1.2.0-py3-none-any.whl"]
    assert read.artifacts[0].hashes == (("SHA-256", "ab" * 32),)
    assert read.edges == {"pkg:pypi/app@1.2.0": ("pkg:pypi/requests@2.32.0", "pkg:pypi/idna@3.10")}
    assert (read.origins, read.tools, read.timestamp) == (("lock",), ("counterseal 0.1.0",), "2026-11-24T09:10:44Z")


def test_nested_components_are_elements_in_their_order_and_those_of_the_root_too() -> None:
    inner = component("c", components=[component("d")])
    outer = component("a", components=[component("b"), inner])
    root = {**ROOT, "components": [component("part")]}
    read = document(outer, component("e"), metadata={"component": root})
    names = [(element.name, element.nested) for element in read.elements]
    assert names == [("part", True), ("a", False), ("b", True), ("c", True), ("d", True), ("e", False)]


@pytest.mark.parametrize(
    ("members", "supplier"),
    [
        ({"supplier": {"name": "S"}, "publisher": "P"}, "S"),
        ({"manufacturer": {"name": "M"}}, "M"),
        ({"authors": [{"email": "a@example.com"}, {"name": "A"}]}, "A"),
        ({"author": "old A"}, "old A"),
        ({"publisher": "P", "author": "A"}, "P"),
        ({}, ""),
    ],
)
def test_the_supplier_is_who_is_told_first(members: dict[str, Any], supplier: str) -> None:
    (element,) = document(component("x", **{"supplier": None, **members})).elements
    assert element.supplier == supplier


def test_licences_are_ids_names_and_expressions() -> None:
    licences = [{"license": {"name": "Own words"}}, {"expression": "MIT OR ISC"}, {"license": {"id": "0BSD"}}]
    (element,) = document(component("x", licenses=licences)).elements
    assert element.licences == ("0BSD", "MIT OR ISC", "Own words")


def test_digests_of_distributions_are_the_elements_own() -> None:
    references = [
        {"type": "distribution", "url": "https://x.example/x", "hashes": [{"alg": "SHA-256", "content": "AB"}]},
        {"type": "vcs", "url": "https://x.example", "hashes": [{"alg": "SHA-256", "content": "cd"}]},
    ]
    (element,) = document(component("x", externalReferences=references)).elements
    assert element.hashes == (("SHA-256", "ab"),)


def test_tools_of_1_4_and_authors_of_every_version_are_read() -> None:
    metadata = {
        "tools": [{"vendor": "anchore", "name": "syft", "version": "1.32.0"}],
        "authors": [{"name": "alice"}],
        "manufacture": {"name": "Acme"},
        "properties": [{"name": "counterseal:from", "value": "syft 1.32.0"}],
        "component": {"type": "application", "name": "app"},
    }
    read = document(specVersion="1.4", metadata=metadata)
    assert (read.tools, read.authors, read.origins) == (("syft 1.32.0",), ("alice", "Acme"), ("syft 1.32.0",))


@pytest.mark.parametrize("version", ["1.4", "1.5", "1.6", "1.7"])
def test_four_versions_are_read(version: str) -> None:
    assert document(specVersion=version).version == version


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "other format": ({"bomFormat": "SPDX"}, "not a CycloneDX document"),
    "old version": ({"specVersion": "1.3"}, "1.3"),
    "version is a number": ({"specVersion": 1.6}, "1.6"),
    "components": ({"components": {}}, "components"),
    "a component": ({"components": [1]}, r"components\[0\]"),
    "a name": ({"components": [{"type": "library", "name": 1}]}, r"components\[0\]: name"),
    "deeper": (
        {"components": [{"type": "library", "components": [{"name": []}]}]},
        r"components\[0\]: components\[0\]",
    ),
    "metadata": ({"metadata": []}, "metadata"),
    "root": ({"metadata": {"component": "app"}}, "metadata: component"),
    "edges": ({"dependencies": [{"ref": "a", "dependsOn": [1]}]}, r"dependsOn\[0\]"),
    "licence": ({"components": [{"type": "library", "licenses": [{}]}]}, r"licenses\[0\]"),
    "licences": ({"components": [{"type": "library", "licenses": "MIT"}]}, "licenses"),
    "digest": ({"components": [{"type": "library", "hashes": [{"alg": 1}]}]}, r"hashes\[0\]: alg"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_type_is_an_error_with_the_name_and_the_path(case: str) -> None:
    members, path = WRONG[case]
    with pytest.raises(FormatError, match=path) as caught:
        document(**members)
    assert caught.value.what.startswith("sbom.cdx.json: ")


@pytest.mark.parametrize("data", [b"", b"[]", b"nothing", b'{"bomFormat": "CycloneDX"}', b"[" * 100_000, b"\xff"])
def test_what_is_no_document_is_said(data: bytes) -> None:
    with pytest.raises(FormatError, match=r"x\.json"):
        inventory.parse(data, "x.json")


def test_too_many_bytes_are_not_parsed() -> None:
    with pytest.raises(FormatError, match="at most 10"):
        inventory.load(bom(), "x.json", max_bytes=10)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(
                ["type", "name", "licenses", "license", "hashes", "components", "component", "tools", "swid", "ref"]
            ),
            inner,
        )
    ),
)


@given(st.dictionaries(st.sampled_from(["metadata", "components", "dependencies", "serialNumber"]), JSON))
def test_any_json_is_read_or_refused(members: dict[str, Any]) -> None:
    data = json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", **members}).encode()
    try:
        read = inventory.parse(data, "x.json")
    except FormatError:
        return
    assert isinstance(read, inventory.Document)


def test_files_that_a_tool_lists_besides_are_neither_artifacts_nor_elements() -> None:
    listed = {"type": "file", "bom-ref": "f1", "name": "usr/bin/env"}
    read = document(components=[listed])
    assert (read.elements, read.artifacts) == ((), ())
