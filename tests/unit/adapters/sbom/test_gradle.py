"""Locks of Gradle: which files belong to a build, what is shipped, and what is refused."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterseal.adapters.sbom.builder import LockSbomBuilder
from counterseal.errors import CountersealError, FormatError, UsageError
from counterseal.model import Subject

if TYPE_CHECKING:
    from pathlib import Path

ONE = "com.example:one:1.0=compileClasspath,runtimeClasspath\nempty=\n"
DIGEST = "d" * 64


def write(top: Path, files: dict[str, str]) -> Path:
    """Write files of a repository."""
    (top / ".git").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
    return top


def build(folder: Path, *subjects: Subject, development: bool = False, locks: tuple[Path, ...] = ()) -> dict[str, Any]:
    builder = LockSbomBuilder(development=development, locks=locks)
    document: dict[str, Any] = json.loads(builder.build([folder], subjects, revision=None, epoch=0).data)
    return document


def names(document: dict[str, Any]) -> set[str]:
    return {f"{component['group']}:{component['name']}" for component in document["components"] if "purl" in component}


def parts(document: dict[str, Any]) -> set[str]:
    return {part["name"] for part in document["metadata"]["component"].get("components", ())}


def verification(digest: str = DIGEST, head: str = "") -> str:
    return (
        f'{head}<verification-metadata><components><component group="com.example" name="one" version="1.0">'
        f'<artifact name="one-1.0.jar"><sha256 value="{digest}"/></artifact>'
        f'<artifact name="one-1.0.pom"><sha256 value="{"e" * 64}"/></artifact>'
        "</component></components></verification-metadata>"
    )


def test_a_build_whose_top_has_no_lock_is_found_by_its_settings(tmp_path: Path) -> None:
    for settings_file in ("settings.gradle", "settings.gradle.kts"):
        folder = write(
            tmp_path / settings_file, {settings_file: 'rootProject.name = "shop"\n', "a/gradle.lockfile": ONE}
        )
        document = build(folder)
        assert document["metadata"]["component"]["name"] == "shop"
        assert names(document) == {"com.example:one"}
        assert parts(document) == {"a"}


def test_a_build_without_any_lock_does_not_hide_the_lock_of_another_ecosystem(tmp_path: Path) -> None:
    folder = write(
        tmp_path, {"settings.gradle": "", "package.json": '{"name": "app"}', "yarn.lock": "# yarn lockfile v1\n"}
    )
    assert build(folder)["metadata"]["component"]["name"] == "app"


def test_a_build_or_a_module_without_locks_is_told_how_to_make_them(tmp_path: Path) -> None:
    folder = write(tmp_path, {"settings.gradle": "include 'a'", "a/build.gradle": ""})
    for project in (folder, folder / "a"):
        with pytest.raises(UsageError, match=r"no gradle\.lockfile") as error:
            build(project)
        assert "--write-locks" in error.value.fix
    write(tmp_path, {"gradle.lockfile": ONE})
    with pytest.raises(UsageError, match=r"a has no gradle\.lockfile"):
        build(folder / "a")


def test_a_module_alone_has_its_own_packages(tmp_path: Path) -> None:
    write(tmp_path, {"gradle.lockfile": ONE, "settings.gradle": "", "b/c/gradle.lockfile": ONE.replace("one", "two")})
    assert names(build(tmp_path)) == {"com.example:one", "com.example:two"}
    document = build(tmp_path / "b" / "c")
    assert document["metadata"]["component"]["name"] == "b/c"
    assert names(document) == {"com.example:two"}
    assert names(build(tmp_path, locks=(tmp_path / "b" / "c" / "gradle.lockfile",))) == {"com.example:two"}


def test_modules_are_not_looked_for_behind_links_or_among_what_is_built(tmp_path: Path) -> None:
    paths = (
        "build/gradle.lockfile",
        "node_modules/x/gradle.lockfile",
        ".hidden/gradle.lockfile",
        "src/gradle.lockfile",
    )
    write(tmp_path, {"gradle.lockfile": "empty=\n"} | dict.fromkeys(paths, ONE))
    (tmp_path / "link").symlink_to(tmp_path / "src")
    assert names(build(tmp_path)) == set()
    write(tmp_path, {"settings.gradle": 'include("src")'})
    assert names(build(tmp_path)) == {"com.example:one"}
    write(tmp_path, {"settings.gradle": "include('..:..:etc')"})
    with pytest.raises(UsageError, match="outside of the repository"):
        build(tmp_path)


def test_what_only_the_build_or_tests_need_is_for_developers(tmp_path: Path) -> None:
    lock = "a:main:1=runtimeClasspath\na:test:1=testRuntimeClasspath\na:both:1=classpath,compileClasspath\n"
    folder = write(tmp_path, {"gradle.lockfile": lock, "buildscript-gradle.lockfile": "a:plugin:1=classpath\n"})
    assert names(build(folder)) == {"a:main", "a:both"}
    scopes = {
        f"{component['group']}:{component['name']}": component["scope"]
        for component in build(folder, development=True)["components"]
    }
    assert scopes == {"a:main": "required", "a:both": "required", "a:test": "excluded", "a:plugin": "excluded"}


def test_digests_of_verified_files_are_those_of_the_jar(tmp_path: Path) -> None:
    folder = write(tmp_path, {"gradle.lockfile": ONE, "gradle/verification-metadata.xml": verification()})
    (component,) = build(folder)["components"]
    assert component["hashes"] == [{"alg": "SHA-256", "content": DIGEST}]
    locks = [fact["value"] for fact in build(folder)["metadata"]["component"]["properties"]]
    assert any(value.startswith("gradle/verification-metadata.xml sha256:") for value in locks)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (verification(head='<!DOCTYPE x [<!ENTITY a "b">]>'), "has a DTD"),
        (verification(digest="xyz"), "is not a sha256"),
        ("<a>" * 100_000, "no XML"),
        ("", "no XML"),
        ("<\0>", "no XML"),
    ],
)
def test_verification_metadata_that_gradle_does_not_write_is_refused(tmp_path: Path, text: str, what: str) -> None:
    folder = write(tmp_path, {"gradle.lockfile": ONE, "gradle/verification-metadata.xml": text})
    with pytest.raises(FormatError, match=f"gradle/verification-metadata.xml: .*{what}"):
        build(folder)


def test_group_and_version_come_from_the_properties_or_the_artifact(tmp_path: Path) -> None:
    files = {"gradle.lockfile": ONE, "settings.gradle": "rootProject.name = 'shop'"}
    folder = write(tmp_path, files | {"gradle.properties": "# x\ngroup = example.shop\nversion=1.0\n"})
    assert build(folder)["metadata"]["component"]["purl"] == "pkg:maven/example.shop/shop@1.0"
    document = build(folder, Subject("shop-2.1.0.jar", DIGEST))
    assert document["metadata"]["component"]["version"] == "2.1.0"


@pytest.mark.parametrize("line", ["a:b=x", "a:b:c:d=x", "::=x", "a::1", "text", "a:b:\u202e1=x", "<<<<<<< HEAD"])
def test_lines_that_gradle_does_not_write_are_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(FormatError):
        build(write(tmp_path, {"gradle.lockfile": f"{ONE}{line}\n"}))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_makes_anything_but_a_clear_error(tmp_path: Path, data: st.DataObject) -> None:
    good = {
        "gradle.lockfile": ONE,
        "settings.gradle": "rootProject.name = 'x'\ninclude('a', ':b:c')\nincludeBuild 'd'",
        "gradle/verification-metadata.xml": verification(),
    }
    name = data.draw(st.sampled_from(sorted(good)))
    start = data.draw(st.integers(0, len(good[name])))
    end = data.draw(st.integers(start, min(len(good[name]), start + 30)))
    damaged = good[name][:start] + data.draw(st.text(max_size=10)) + good[name][end:]
    with contextlib.suppress(CountersealError):
        build(write(tmp_path, good | {name: damaged}))
