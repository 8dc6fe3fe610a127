"""SBOMs of Rust projects by Cargo.lock: what is a part, what needs what in which way, and what is refused."""

from __future__ import annotations

import contextlib
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.adapters.sbom.documents import needs_of

from counterseal.adapters.sbom.builder import LockSbomBuilder
from counterseal.errors import CountersealError, FormatError, UsageError
from counterseal.model import Subject

LOCKS = Path(__file__).resolve().parents[3] / "assets" / "locks"
SHOP, OFFICE, OLD = (LOCKS / name / "files" for name in ("cargo-shop", "cargo-office", "cargo-old"))
SOURCE = "registry+https://crates.example/index"
APP = '[package]\nname = "app"\nversion = "1.0.0"\n'


def build(folder: Path, **options: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(LockSbomBuilder(**options).build([folder], [], revision=None, epoch=0).data)
    return document


def package(name: str, version: str = "1.0.0", needs: str = "", source: str | None = SOURCE, rest: str = "") -> str:
    origin = f'source = "{source}"\n' if source else ""
    return f'[[package]]\nname = "{name}"\nversion = "{version}"\n{origin}dependencies = [{needs}]\n{rest}\n'


def project(folder: Path, *packages: str, manifest: str = APP, head: str = "version = 4\n") -> Path:
    (folder / "Cargo.toml").write_text(manifest)
    (folder / "Cargo.lock").write_text(head + "".join(packages))
    return folder


def refused(folder: Path) -> CountersealError:
    """Return why no SBOM is made, at once."""
    start = time.perf_counter()
    with pytest.raises((FormatError, UsageError)) as caught:
        build(folder)
    assert time.perf_counter() - start < 8
    assert "bug" not in str(caught.value)
    return caught.value


def scopes(document: dict[str, Any]) -> dict[str, str]:
    return {component["name"]: component["scope"] for component in document["components"]}


def parts(document: dict[str, Any]) -> dict[str, Any]:
    return {part["name"]: part for part in document["metadata"]["component"].get("components", ())}


# --- what stands in them


def test_the_root_is_the_package_of_the_folder_and_the_rest_of_the_workspace_are_parts() -> None:
    document = build(SHOP)
    root = document["metadata"]["component"]
    assert (root["name"], root["version"], root["purl"]) == ("shop", "2.1.0", "pkg:cargo/shop@2.1.0")
    assert root["licenses"][0]["expression"] == "MIT OR Apache-2.0"
    assert root["description"] == "A small shop"
    assert parts(document).keys() == {"shop-cart", "shop-prices", "bench-tools", "itoa", "shop-gen"}
    assert parts(document)["itoa"]["properties"][0]["value"].endswith("vendor/itoa-fork")


def test_a_workspace_without_a_package_is_named_so_and_needs_its_crates() -> None:
    document = build(OFFICE)
    assert document["metadata"]["component"]["name"] == "workspace"
    assert needs_of(document, "workspace") == {"back", "front", "net-core", "net-tls"}


def test_manifests_say_who_is_optional_and_who_is_needed_on_some_targets_only() -> None:
    by_name = scopes(build(SHOP))
    assert by_name["semver"] == by_name["ryu"] == "optional"
    assert by_name["winapi-util"] == by_name["windows-sys"] == "required"
    assert by_name["autocfg"] == "required"  # by build-dependencies


def test_what_only_developers_need_is_optional_and_there_with_and_without_development() -> None:
    for development in (False, True):
        document = build(SHOP, development=development)
        assert scopes(document)["tempfile"] == scopes(document)["static_assertions"] == "optional"
        assert "tempfile" in needs_of(document, "shop")


def test_an_sbom_of_a_member_has_what_it_reaches_without_the_development_of_others() -> None:
    document = build(SHOP / "crates" / "prices")
    assert document["metadata"]["component"]["name"] == "shop-prices"
    assert scopes(document) == {"log": "required", "ryu": "optional"}
    assert needs_of(document, "shop-cart") == {"itoa", "log", "ryu"}


def test_packages_of_git_have_their_commit_and_twins_of_two_commits_stay_two() -> None:
    document = build(OFFICE)
    twins = [component for component in document["components"] if component["name"] == "textkit-deep"]
    assert len(twins) == 2
    for twin in twins:
        assert re.fullmatch(r".*vcs_url=git%2Bhttps://git\.example/shop/textkit%40[0-9a-f]{40}", twin["purl"])
        assert twin["externalReferences"] == [{"type": "vcs", "url": "https://git.example/shop/textkit"}]


def test_of_several_registries_each_package_says_its_own() -> None:
    def registries(folder: Path) -> set[tuple[str, str]]:
        return {
            (component["name"], prop["value"])
            for component in build(folder)["components"]
            for prop in component.get("properties", ())
            if prop["name"] == "counterseal:registry"
        }

    assert ("stamp", "https://office.example/index/") in registries(OFFICE)
    assert ("bytes", "https://crates.example/index") in registries(OFFICE)
    assert registries(SHOP) == set()


def test_a_digest_is_that_of_the_crate_file() -> None:
    file = next(component for component in build(OLD)["components"] if component["name"] == "memchr")
    assert file["externalReferences"][0]["url"] == "memchr-2.8.3.crate"
    assert file["hashes"] == [
        {"alg": "SHA-256", "content": "cf8baf1c55e62ffcace7a9f06f4bd9cd3f0c4beb022d3b367256b91b87513d98"}
    ]


def test_the_oldest_locks_have_their_package_as_root(tmp_path: Path) -> None:
    root = f'[root]\nname = "app"\nversion = "1.0.0"\ndependencies = ["a 1.0.0 ({SOURCE})"]\n'
    rest = f'[metadata]\n"checksum a 1.0.0 ({SOURCE})" = "{"a" * 64}"\n'
    project(tmp_path, root, package("a"), rest, manifest=f'{APP}[dependencies]\na = "1"\n', head="")
    assert needs_of(build(tmp_path), "app") == {"a"}


def test_a_version_of_ones_own_that_was_raised_after_locking_is_the_one_that_counts(tmp_path: Path) -> None:
    project(tmp_path, package("app", source=None), manifest=APP.replace("1.0.0", "1.1.0"))
    assert build(tmp_path)["metadata"]["component"]["version"] == "1.1.0"


def test_a_lock_below_the_project_is_taken_whole(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "sub").mkdir()
    manifest = f'{APP}[dev-dependencies]\na = "1"\n'
    project(tmp_path / "sub", package("app", needs='"a"', source=None), package("a"), manifest=manifest)
    document = build(tmp_path, locks=[tmp_path / "sub" / "Cargo.lock"])
    assert (document["metadata"]["component"]["name"], scopes(document)) == ("workspace", {"a": "optional"})


def test_a_package_that_is_replaced_needs_what_replaces_it_and_an_unused_patch_is_no_package(tmp_path: Path) -> None:
    app = package("app", needs=f'"a 1.0.0 ({SOURCE})"', source=None)
    replaced = package("a", rest='replace = "a 1.0.0"\n')
    unused = '[[patch.unused]]\nname = "b"\nversion = "1.0.0"\n'
    manifest = f'{APP}[dependencies]\na = "1"\n[replace]\n"a:1.0.0" = {{ path = "fork" }}\n'
    (tmp_path / "fork").mkdir()
    (tmp_path / "fork" / "Cargo.toml").write_text(APP.replace("app", "a"))
    document = build(project(tmp_path, app, replaced, package("a", source=None), unused, manifest=manifest))
    assert scopes(document) == {"a": "required"}
    (edge,) = (edge for edge in document["dependencies"] if edge["ref"] == "pkg:cargo/a@1.0.0")
    assert edge["dependsOn"] == ["part:fork"]


def test_a_lock_alone_is_of_its_only_crate(tmp_path: Path) -> None:
    project(tmp_path, package("app", needs='"a"', source=None), package("a"))
    (tmp_path / "Cargo.toml").unlink()
    document = build(tmp_path)
    assert (document["metadata"]["component"]["name"], scopes(document)) == ("app", {"a": "required"})


def test_a_circle_is_no_matter(tmp_path: Path) -> None:
    app = package("app", needs='"a"', source=None)
    project(
        tmp_path, app, package("a", needs='"b"'), package("b", needs='"a"'), manifest=f'{APP}[dependencies]\na = "1"\n'
    )
    assert scopes(build(tmp_path)) == {"a": "required", "b": "required"}


def test_a_crate_by_a_path_that_leads_out_is_a_part_that_is_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "inside"
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "Cargo.toml").write_text("not toml")
    folder.mkdir()
    (folder / ".git").mkdir()
    manifest = f'{APP}[dependencies]\nsecret = {{ path = "../secret" }}\n[workspace]\nmembers = ["../*", "/*"]\n'
    app, other = package("app", needs='"secret"', source=None), package("secret", source=None)
    document = build(project(folder, app, other, manifest=manifest))
    assert parts(document)["secret"]["properties"][0]["value"] == "(not in the repository)"
    assert needs_of(document, "app") == {"secret"}


# --- what is refused


@pytest.mark.parametrize(
    ("packages", "what"),
    [
        ([package("a"), package("a")], "twice"),
        ([package("a", needs='"b"')], "needs 'b'"),
        ([package("a", needs='"a 2.0.0"')], "needs 'a 2.0.0'"),
        ([package("a"), package("a", "2.0.0"), package("b", needs='"a"')], "needs 'a'"),
        ([package("a", needs='""')], "needs ''"),
        ([package("a", needs='"a 1.0.0 (x) y"')], "needs"),
        ([package("a", source="ftp://a")], "comes from 'ftp://a'"),
        ([package("a", source="git+https://git.example/a")], "no git revision"),
        ([package("a", rest='checksum = "abc"')], "'abc' is not a sha256"),
        ([package("a", rest=f'checksum = "{"A" * 64}"')], "is not a sha256"),
        ([package("a\\u001b[2J")], "is not a name or version"),
        ([package("a", "1 0")], "is not a name or version"),
        ([package("a", rest="checksum = 1")], "is not a text"),
        ([package("a", f"1.0.{number}") for number in range(101)], "a 101 times"),
        (["package = 1"], "is not a list"),
        (["[[package]]"], "`name` is missing"),
        (["[metadata]\na = 1\n"], "not a text"),
    ],
)
def test_a_lock_that_no_cargo_wrote(tmp_path: Path, packages: list[str], what: str) -> None:
    error = refused(project(tmp_path, package("app", source=None) if packages != ["package = 1"] else "", *packages))
    assert what in error.what
    assert "Cargo.lock" in error.what


@pytest.mark.parametrize("version", ["5", "2", '"4"', "[4]"])
def test_another_version_of_the_format(tmp_path: Path, version: str) -> None:
    error = refused(project(tmp_path, head=f"version = {version}\n"))
    assert "has format version" in error.what
    assert "1 to 4" in error.why


@pytest.mark.parametrize(
    ("manifest", "what"),
    [
        (APP.replace("app", "other"), "does not lock other 1.0.0"),
        (f'{APP}[dependencies]\nb = "1"\n', "name different dependencies of app: a, b"),
        (APP, "name different dependencies of app: a"),
        (f'{APP}[dependencies]\na = {{ package = "c" }}\n', "different dependencies of app: a, c"),
        (f"{APP}[dependencies]\na = 1\n", "neither text nor table"),
        (f'{APP}[dependencies]\na = {{ package = "c\\nd" }}\n', "is not a name or version"),
        (f"{APP}license = 1\n", "is not a text"),
        ('[package]\nversion = "1"\n', "`name` is missing"),
        ("x = [", "not valid TOML"),
        (f"{APP}[workspace]\nmembers = 1\n", "is not a list"),
        (f"{APP}[target.x]\ndependencies = 1\n", "is not a table"),
    ],
)
def test_a_manifest_that_the_lock_is_not_of(tmp_path: Path, manifest: str, what: str) -> None:
    error = refused(project(tmp_path, package("app", needs='"a"', source=None), package("a"), manifest=manifest))
    assert what in error.what
    assert "Cargo.toml" in error.what + error.why


def test_a_crate_file_of_another_version_was_built_from_another_revision() -> None:
    def made(*files: str) -> bytes:
        artifacts = [Subject(file, "a" * 64) for file in files]
        return LockSbomBuilder().build([SHOP], artifacts, revision=None, epoch=0).data

    assert made("shop-2.1.0.crate", "shop-cart-2.1.0.crate", "other-9.0.0.crate", "shop.crate")
    with pytest.raises(UsageError, match=r"shop-cart-2\.2\.0\.crate is of version 2\.2\.0, but .* says 2\.1\.0"):
        made("shop-cart-2.2.0.crate")


def test_a_crate_that_the_lock_above_does_not_lock(tmp_path: Path) -> None:
    project(tmp_path, package("app", source=None))
    (tmp_path / ".git").mkdir()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "Cargo.toml").write_text(APP.replace("app", "sub"))
    assert refused(tmp_path / "sub").what == "Cargo.lock does not lock sub, the package of sub"


@pytest.mark.parametrize("members", ['"**/**/**/**/a"', '"*/*/*/*/*"', '"' + "*a" * 5000 + '"', '"a\\u0000b*", "\\n*"'])
def test_patterns_end(tmp_path: Path, members: str) -> None:
    for number in range(300):
        (tmp_path / f"d{number}" / "e" / "f").mkdir(parents=True)
    (tmp_path / "d0" / "loop").symlink_to(tmp_path)
    manifest = f"{APP}[workspace]\nmembers = [{members}]\n"
    start = time.perf_counter()
    with contextlib.suppress(UsageError):
        build(project(tmp_path, package("app", source=None), manifest=manifest))
    assert time.perf_counter() - start < 8


def test_too_many_patterns_are_refused(tmp_path: Path) -> None:
    patterns = ", ".join(f'"a{number}*"' for number in range(1001))
    error = refused(
        project(tmp_path, package("app", source=None), manifest=f"{APP}[workspace]\nmembers = [{patterns}]\n")
    )
    assert error.what == "Cargo.toml has more than 1000 patterns"


def test_a_manifest_behind_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "Cargo.toml").write_text(APP.replace("app", "linked"))
    (tmp_path / "linked").symlink_to("real")
    manifest = f'{APP}[dependencies]\nlinked = {{ path = "linked" }}\n'
    app = package("app", needs='"linked"', source=None)
    assert "symlink" in refused(project(tmp_path, app, package("linked", source=None), manifest=manifest)).what


VALUES = ["1", "true", '""', '"x"', "[]", "[1]", '["a b c d"]', "{}", "{ a = 1 }", '"\\u0007"', "1979-05-27", '"../.."']


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.data())
def test_no_damage_is_a_bug(tmp_path: Path, data: st.DataObject) -> None:
    folder = data.draw(st.sampled_from([SHOP, OLD]))
    names = [path.relative_to(folder) for path in folder.rglob("Cargo.*")]
    damaged = data.draw(st.sampled_from(sorted(names)))
    for name in names:
        text = (folder / name).read_text()
        if name == damaged:
            places = list(re.finditer(r'(?<= = )(?:"[^"\n]*"|\[[^\]]*\]|\{[^}\n]*\})', text))
            place = data.draw(st.sampled_from(places))
            text = text[: place.start()] + data.draw(st.sampled_from(VALUES)) + text[place.end() :]
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    with contextlib.suppress(FormatError, UsageError):
        build(tmp_path)
