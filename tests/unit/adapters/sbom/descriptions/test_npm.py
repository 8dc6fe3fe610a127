"""What npm packages say: in `node_modules` as npm, Yarn and pnpm lay it out, in Yarn's archives, in tarballs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.adapters.sbom.descriptions.looked_up import all_of, locked, one, put, tarred, zipped

from counterseal.adapters.sbom.descriptions.description import Description

if TYPE_CHECKING:
    from pathlib import Path


def manifest(name: str = "left", version: str = "1.0.0", **more: Any) -> str:
    return json.dumps({"name": name, "version": version, **more})


def says(tmp_path: Path, **more: Any) -> Description | None:
    put(tmp_path / "node_modules" / "left" / "package.json", manifest(**more))
    return one(tmp_path, "npm", "left")


@pytest.mark.parametrize(
    ("more", "licences"),
    [
        ({"license": "MIT"}, ("MIT",)),
        ({"license": "(MIT OR Apache-2.0)"}, ("(MIT OR Apache-2.0)",)),
        ({"license": {"type": "ISC", "url": "https://x.example/"}}, ("ISC",)),
        ({"licenses": [{"type": "MIT"}, {"type": "GPL-2.0"}]}, ("MIT", "GPL-2.0")),
        ({"licenses": ["MIT", 7, None, {"type": []}]}, ("MIT",)),
        ({"license": "MIT", "licenses": [{"type": "ISC"}]}, ("MIT",)),
        ({"license": {"url": "http://opensource.org/licenses/MIT"}}, ("MIT",)),
        ({"license": "https://user:secret@x.example/licence?token=secret"}, ("https://x.example/licence",)),
        ({"license": "UNLICENSED"}, ("UNLICENSED",)),
    ],
)
def test_licences_in_all_their_forms(tmp_path: Path, more: dict[str, Any], licences: tuple[str, ...]) -> None:
    assert says(tmp_path, **more) == Description("package.json", licences)


@pytest.mark.parametrize(
    "licence",
    [
        "SEE LICENSE IN LICENSE.md",
        "",
        "UNKNOWN",
        7,
        [],
        {},
        None,
        "x" * 300,
        "a\nb",
        "see https://u:p@x.example",
        "\ud800",
    ],
)
def test_what_names_no_licence_stays_unknown(tmp_path: Path, licence: object) -> None:
    assert says(tmp_path, license=licence) is None


@pytest.mark.parametrize(
    ("more", "supplier"),
    [
        ({"author": "Ann Lee <ann@x.example> (https://x.example)"}, "Ann Lee"),
        ({"author": {"name": "Ann Lee", "email": "ann@x.example"}}, "Ann Lee"),
        ({"maintainers": [{"name": "Ann"}, "Bob <bob@x.example>"]}, "Ann, Bob"),
        ({"author": "ann@x.example", "maintainers": "Bob"}, "Bob"),
    ],
)
def test_suppliers_are_names_without_addresses(tmp_path: Path, more: dict[str, Any], supplier: str) -> None:
    assert says(tmp_path, **more) == Description("package.json", supplier=supplier)


@pytest.mark.parametrize(
    ("repository", "source"),
    [
        ("acme/left", "https://github.com/acme/left"),
        ("gitlab:acme/left", "https://gitlab.com/acme/left"),
        ({"type": "git", "url": "git+https://user:secret@x.example/a.git#main"}, "https://x.example/a.git"),
        ({"url": "git://x.example/a.git"}, "https://x.example/a.git"),
        ("git@x.example:acme/a.git", "ssh://x.example/acme/a.git"),
    ],
)
def test_sources_are_addresses_without_secrets(tmp_path: Path, repository: object, source: str) -> None:
    assert says(tmp_path, repository=repository) == Description("package.json", source=source)


@pytest.mark.parametrize("repository", ["file:///etc", "../left", 7, {"url": 7}, [], "https://x.example/" + "a" * 2000])
def test_what_is_no_address_is_no_source(tmp_path: Path, repository: object) -> None:
    assert says(tmp_path, repository=repository) is None


def test_nested_scoped_and_renamed_packages_are_known_by_what_they_say(tmp_path: Path) -> None:
    modules = tmp_path / "node_modules"
    put(modules / "left" / "package.json", manifest(license="MIT"))
    put(modules / "@a" / "b" / "node_modules" / "left" / "package.json", manifest(version="2.0.0", license="ISC"))
    put(modules / "@a" / "b" / "package.json", manifest("@a/b", license="0BSD"))
    put(modules / "alias" / "package.json", manifest("real", license="Zlib"))
    wanted = [("left", "1.0.0"), ("left", "2.0.0"), ("@a/b", "1.0.0"), ("real", "1.0.0"), ("left", "3.0.0")]
    known = all_of(tmp_path, *(locked("npm", *package) for package in wanted))
    assert [description and description.licences for description in known] == [
        ("MIT",), ("ISC",), ("0BSD",), ("Zlib",), None,
    ]  # fmt: skip


def test_pnpm_keeps_packages_in_a_store_that_links_lead_to(tmp_path: Path) -> None:
    store = tmp_path / "node_modules" / ".pnpm"
    put(store / "@a+b@1.0.0_left@1.0.0" / "node_modules" / "@a" / "b" / "package.json", manifest("@a/b", license="MIT"))
    (tmp_path / "node_modules" / "@a").mkdir()
    (tmp_path / "node_modules" / "@a" / "b").symlink_to(store / "@a+b@1.0.0_left@1.0.0" / "node_modules" / "@a" / "b")
    assert one(tmp_path, "npm", "@a/b") == Description("package.json", ("MIT",))


def test_packages_of_a_workspace_s_member_are_known(tmp_path: Path) -> None:
    put(tmp_path / "packages" / "one" / "node_modules" / "left" / "package.json", manifest(license="MIT"))
    package = locked("npm", "left", "1.0.0")
    assert all_of(tmp_path, package, parts=("packages/one",)) == [Description("package.json", ("MIT",))]
    assert all_of(tmp_path / "packages" / "two", package, parts=("../one",)) == [None]


def test_yarn_s_archives_are_read_in_the_project_and_in_the_global_cache(tmp_path: Path) -> None:
    archive = zipped({"node_modules/@a/b/package.json": manifest("@a/b", license="MIT")})
    put(tmp_path / "app" / ".yarn" / "cache" / "@a-b-npm-1.0.0-0123456789-abcdef0123.zip", archive)
    (own,) = all_of(tmp_path, locked("npm", "@a/b", "1.0.0"), project="app")
    put(tmp_path / "global" / "@a-b-npm-1.0.0-0123456789-10c0.zip", archive)
    shared = one(tmp_path / "other", "npm", "@a/b", places={"yarn": tmp_path / "global"})
    assert own == shared == Description("package.json", ("MIT",))


def test_an_archive_of_another_package_says_nothing(tmp_path: Path) -> None:
    archive = zipped({"node_modules/left/package.json": manifest("right", license="MIT")})
    put(tmp_path / ".yarn" / "cache" / "left-npm-1.0.0-0123456789-abcdef0123.zip", archive)
    assert one(tmp_path, "npm", "left") is None


def test_a_tarball_of_the_repository_is_read(tmp_path: Path) -> None:
    put(tmp_path / "libs" / "left.tgz", tarred({"package/package.json": manifest(license="MIT")}))
    assert one(tmp_path, "npm", "left", path="libs/left.tgz") == Description("package.json", ("MIT",))
    assert one(tmp_path / "libs", "npm", "left", path="../libs/left.tgz") is None


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", '"x"', '{"name": 1}', "[" * 100_000, '{"a":' * 100_000, b"\xff", "9" * 10_000, '{"name":"left"}'],
)
def test_a_malformed_manifest_says_nothing(tmp_path: Path, content: str | bytes) -> None:
    put(tmp_path / "node_modules" / "left" / "package.json", content)
    assert one(tmp_path, "npm", "left") is None


def test_modules_behind_a_link_are_not_read(tmp_path: Path) -> None:
    put(tmp_path / "other" / "left" / "package.json", manifest(license="MIT"))
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "node_modules").symlink_to(tmp_path / "other")
    assert one(tmp_path / "app", "npm", "left") is None


@pytest.mark.parametrize(("depth", "known"), [(40, True), (60, False)])
def test_packages_are_looked_for_no_deeper_than_npm_nests_them(tmp_path: Path, depth: int, known: bool) -> None:
    folder = tmp_path.joinpath(*["node_modules", "left"] * depth)
    put(folder / "package.json", manifest(license="MIT"))
    assert (one(tmp_path, "npm", "left") is not None) is known


def test_what_is_not_installed_has_the_licence_that_the_lock_says(tmp_path: Path) -> None:
    assert one(tmp_path, "npm", "left", licence="MIT") == Description("lock", ("MIT",))
    assert one(tmp_path, "npm", "left", licence="SEE LICENSE IN x") is None
    put(tmp_path / "node_modules/left/package.json", manifest(author="Ann"))
    assert one(tmp_path, "npm", "left", licence="MIT") == Description("package.json, lock", ("MIT",), "Ann")
    put(tmp_path / "node_modules/left/package.json", manifest(license="ISC"))
    assert one(tmp_path, "npm", "left", licence="MIT") == Description("package.json", ("ISC",))
