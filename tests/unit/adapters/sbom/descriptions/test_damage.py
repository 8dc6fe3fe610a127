"""Descriptions of any content: they say something that a document can hold, or nothing."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.adapters.sbom.descriptions.looked_up import one, put

from counterseal.adapters.sbom import licences
from counterseal.adapters.sbom.addresses import clean_git

#: Purl type, name, version → file below the repository or the place, and what it says.
CARGO = (
    '[package]\nname = "a"\nversion = "1"\nlicense = "MIT"\nauthors = ["A <b@c>"]\nrepository = "https://x.example/a"\n'
)
POM = (
    "<project><groupId>g</groupId><artifactId>a</artifactId><version>1</version><licenses><license><name>MIT</name>"
    "<url>https://x.example</url></license></licenses><organization><name>A</name></organization>"
    "<scm><url>https://x.example/a</url></scm></project>"
)
MODULES = "# a.example/a v1\n## explicit\na.example/a\n"
FILES = {
    ("npm", "a", "1"): ("node_modules/a/package.json", '{"name":"a","version":"1","license":"MIT","author":"A <b@c>"}'),
    ("cargo", "a", "1"): ("vendor/a/Cargo.toml", CARGO),
    ("golang", "a.example/a", "v1"): ("vendor/modules.txt", MODULES),
    ("maven", "g:a", "1"): ("m2/g/a/1/a-1.pom", POM),
}
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from(["MIT", "a <b>", "https://u:p@x"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "name", "url"]) | st.text(), inner)
    ),
    max_leaves=8,
)


def check(package: tuple[str, str, str], path: str, content: bytes) -> None:
    """Look a package up whose description is of some content."""
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        put(top / path, content)
        put(top / "vendor" / "a.example" / "a" / "LICENSE", "SPDX-License-Identifier: MIT")
        said = one(top, *package, places={"maven": top / "m2"})
    if said is None:
        return
    assert said.says_something
    assert len(licences.declared(said.licences)) == len(said.licences)
    for text in (said.supplier, said.source, *said.licences):
        assert text is None or (text.isprintable() and "@x" not in text)
    assert said.source is None or clean_git(said.source) == said.source


@pytest.mark.parametrize("package", FILES)
def test_text_that_is_damaged_never_stops_an_sbom(package: tuple[str, str, str]) -> None:
    path, content = FILES[package]
    check(package, path, content.encode())

    @settings(max_examples=80, deadline=None, database=None)
    @given(
        st.integers(0, len(content)), st.integers(0, 20), st.binary(max_size=6) | st.sampled_from(list(b"[]{}<>&\"'"))
    )
    def damaged(place: int, length: int, other: bytes | int) -> None:
        data = content.encode()
        check(
            package,
            path,
            data[:place] + (other if isinstance(other, bytes) else bytes([other])) + data[place + length :],
        )

    damaged()


@settings(max_examples=120, deadline=None, database=None)
@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(["license", "licenses", "author", "maintainers", "repository"], VALUES)
    )
)
def test_values_of_any_type_never_stop_an_sbom(says: dict[str, Any]) -> None:
    content = json.dumps({"name": "a", "version": "1", **says}).encode()
    check(("npm", "a", "1"), "node_modules/a/package.json", content)
