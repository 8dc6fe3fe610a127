"""What Maven artifacts say: in Gradle's cache, in a local Maven repository, in their jar; and POMs made to hurt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.adapters.sbom.descriptions.looked_up import one, put, zipped

from counterseal.adapters.sbom.descriptions import poms
from counterseal.adapters.sbom.descriptions.description import Description

if TYPE_CHECKING:
    from pathlib import Path

OWN = "<groupId>org.acme</groupId><artifactId>left</artifactId><version>1.0.0</version>"
PARENT = "<parent><groupId>{}</groupId><artifactId>parent</artifactId><version>7</version></parent>"
MIT = "<licenses><license><name>MIT License</name></license></licenses>"
BOMB = "<!DOCTYPE p [<!ENTITY a 'MIT'><!ENTITY b '&a;&a;'>]>"


def pom(*content: str, own: str = OWN, head: str = "") -> str:
    return f'<?xml version="1.0"?>{head}<project xmlns="http://maven.apache.org/POM/4.0.0">{own}{"".join(content)}</project>'


def licence(name: str = "", url: str = "") -> str:
    return f"<licenses><license><name>{name}</name><url>{url}</url></license></licenses>"


def at_maven(
    tmp_path: Path, content: str | bytes, path: str = "org/acme/left/1.0.0/left-1.0.0.pom"
) -> Description | None:
    put(tmp_path / "m2" / path, content)
    return of(tmp_path)


def of(tmp_path: Path, name: str = "org.acme:left") -> Description | None:
    places = {"maven": tmp_path / "m2", "gradle": tmp_path / "gradle"}
    return one(tmp_path / "repository", "maven", name, places=places)


def test_a_pom_says_licence_supplier_and_source(tmp_path: Path) -> None:
    content = pom(
        MIT,
        "<organization><name>Acme\n  Inc.</name></organization>",
        "<developers><developer><name>Ann</name></developer></developers>",
        "<scm><connection>scm:git:git://x.example/other.git</connection><url>https://u:secret@x.example/left</url></scm>",
    )
    assert at_maven(tmp_path, content) == Description("pom", ("MIT",), "Acme Inc.", "https://x.example/left")


def test_developers_and_connection_stand_in(tmp_path: Path) -> None:
    content = pom(
        "<developers><developer><name>Ann</name></developer><developer><name>Bob</name></developer></developers>",
        "<scm><connection>scm:git:git@x.example:acme/left.git</connection><url>${url}</url></scm>",
    )
    assert at_maven(tmp_path, content) == Description("pom", (), "Ann, Bob", "ssh://x.example/acme/left.git")


@pytest.mark.parametrize(
    ("name", "url", "says"),
    [
        ("The Apache Software License, Version 2.0", "", "Apache-2.0"),
        ("MIT", "https://www.apache.org/licenses/LICENSE-2.0.txt", "MIT"),
        ("BSD", "https://opensource.org/licenses/BSD-3-Clause", "BSD-3-Clause"),
        ("", "http://www.eclipse.org/legal/epl-v10.html", "EPL-1.0"),
        ("Acme's own", "https://x.example/", "Acme&apos;s own"),
    ],
)
def test_well_known_names_and_addresses_become_ids(tmp_path: Path, name: str, url: str, says: str) -> None:
    described = at_maven(tmp_path, pom(licence(name, url)))
    assert described is not None
    assert described.licences == (says.replace("&apos;", "'"),)


@pytest.mark.parametrize(("name", "url"), [("", ""), ("", "https://x.example/"), ("${licence}", ""), ("x" * 500, "")])
def test_what_names_no_licence_stays_unknown(tmp_path: Path, name: str, url: str) -> None:
    assert at_maven(tmp_path, pom(licence(name, url))) is None


def test_licence_and_organisation_are_inherited_and_the_source_within_the_group(tmp_path: Path) -> None:
    above = "<groupId>{}</groupId><artifactId>parent</artifactId><version>7</version>"
    more = f"{MIT}<organization><name>Acme</name></organization><scm><url>https://x.example/all</url></scm>"
    for group, source in (("org.acme", "https://x.example/all"), ("org.other", None)):
        put(
            tmp_path / "m2" / group.replace(".", "/") / "parent" / "7" / "parent-7.pom",
            pom(more, own=above.format(group)),
        )
        own = f"{PARENT.format(group)}<groupId>org.acme</groupId><artifactId>left</artifactId><version>1.0.0</version>"
        assert at_maven(tmp_path, pom(own=own)) == Description("pom", ("MIT",), "Acme", source)


def test_a_pom_that_is_its_own_parent_ends(tmp_path: Path) -> None:
    own = "<parent><groupId>org.acme</groupId><artifactId>left</artifactId><version>1.0.0</version></parent>"
    assert at_maven(tmp_path, pom(MIT, own=f"{own}<artifactId>left</artifactId>")) == Description("pom", ("MIT",))
    assert at_maven(tmp_path, pom(own=f"{own}<artifactId>left</artifactId>")) is None


def test_gradle_s_cache_is_read(tmp_path: Path) -> None:
    put(tmp_path / "gradle" / "org.acme" / "left" / "1.0.0" / "0a1b2c" / "left-1.0.0.jar", "x")
    put(tmp_path / "gradle" / "org.acme" / "left" / "1.0.0" / "3d4e5f" / "left-1.0.0.pom", pom(MIT))
    assert of(tmp_path) == Description("pom", ("MIT",))


def test_a_jar_is_read_where_there_is_no_pom(tmp_path: Path) -> None:
    jar = zipped({"META-INF/maven/org.acme/other/pom.xml": pom(), "META-INF/maven/org.acme/left/pom.xml": pom(MIT)})
    assert at_maven(tmp_path, jar, "org/acme/left/1.0.0/left-1.0.0.jar") == Description("pom.xml of the jar", ("MIT",))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<project>",
        b"\xff\xfe\xff",
        pom("<licenses><license><name>&b;</name></license></licenses>", head=BOMB),
        pom(MIT, head='<!DOCTYPE p SYSTEM "file:///etc/passwd">'),
        pom(MIT, head="<!DOCTYPE p>"),
        pom("<a>" * 100 + "</a>" * 100, MIT),
        "<a>" * 200_000,
        pom(MIT).replace("1.0.0", "1.0.1"),
        pom(MIT).replace("left", "right"),
        pom(MIT).replace("org.acme", "org.other"),
        pom(MIT) + " " * (2 << 20),
        pom(MIT).replace('version="1.0"', 'version="1.0" encoding="no-such"'),
    ],
)
def test_what_says_nothing_of_the_locked_artifact_stays_unknown(tmp_path: Path, content: str | bytes) -> None:
    assert at_maven(tmp_path, content) is None


def test_a_version_that_is_a_property_is_taken_as_the_place_says(tmp_path: Path) -> None:
    assert at_maven(tmp_path, pom(MIT).replace("1.0.0", "${revision}")) == Description("pom", ("MIT",))


def test_a_pom_in_latin_1_is_read(tmp_path: Path) -> None:
    content = pom("<organization><name>Café</name></organization>").replace('"1.0"', '"1.0" encoding="ISO-8859-1"')
    assert at_maven(tmp_path, content.encode("latin-1")) == Description("pom", supplier="Café")


def test_a_million_licences_are_a_hundred_of_which_twenty_count(tmp_path: Path) -> None:
    many = "".join(f"<license><name>N{number}</name></license>" for number in range(20_000))
    content = pom(f"<licenses>{many}</licenses>")
    read = poms.parse(content.encode())
    assert read is not None
    assert len(read.licences) == 100
    described = at_maven(tmp_path, content)
    assert described is not None
    assert len(described.licences) == 20


@pytest.mark.parametrize("name", ["..:secret", "org.acme:../../secret", "/:secret", "a/../..:secret", ":secret", "::"])
def test_a_name_that_leads_elsewhere_leads_nowhere(tmp_path: Path, name: str) -> None:
    put(tmp_path / "secret" / "1.0.0" / "secret-1.0.0.pom", pom(MIT))
    put(tmp_path / "m2" / "x", "")
    assert of(tmp_path, name) is None
