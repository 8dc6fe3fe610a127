"""What crates say: in Cargo's home unpacked, archived or checked out, and vendored."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from tests.unit.adapters.sbom.descriptions.looked_up import one, put, tarred

from counterseal.adapters.sbom.addresses import distribution
from counterseal.adapters.sbom.descriptions.description import Description
from counterseal.adapters.sbom.records import Origin

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.adapters.sbom.records import Distribution

REVISION = "0123456" + "a" * 33


def manifest(*lines: str, name: str = "serde", version: str = "1.0.0") -> str:
    return "\n".join(("[package]", f'name = "{name}"', f'version = "{version}"', *lines, ""))


MIT = manifest('license = "MIT"')
SAYS_MIT = Description("Cargo.toml", ("MIT",))


def says(tmp_path: Path, content: str | bytes) -> Description | None:
    put(tmp_path / "cargo" / "registry" / "src" / "index.example-0a1b" / "serde-1.0.0" / "Cargo.toml", content)
    return one(tmp_path / "repository", "cargo", "serde", places={"cargo": tmp_path / "cargo"})


def test_an_unpacked_crate_says_licence_supplier_and_source(tmp_path: Path) -> None:
    content = manifest(
        'authors = ["Ann Lee <ann@x.example>", "bob@x.example", "Bob"]',
        'description = """\n[not a table]\n"""',
        'license = "MIT/Apache-2.0"',
        'repository = "https://user:secret@x.example/serde?token=secret"',
        "[dependencies]",
        'left = "1"',
    )
    assert says(tmp_path, content) == Description(
        "Cargo.toml", ("MIT OR Apache-2.0",), "Ann Lee, Bob", "https://x.example/serde"
    )


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[package",
        "[package]\nname = 1",
        "package = 7",
        "package = []",
        b"\xff",
        manifest('license = "MIT"', version="2.0.0"),
        manifest('license = "MIT"', name="other"),
        manifest("license = 7", "authors = 7", "repository = []"),
        manifest('license-file = "LICENSE"'),
        manifest("license.workspace = true", "repository = { workspace = true }"),
        "a = " + "[" * 100_000,
        manifest("x = " + "[" * 100_000),
        "a" + ".a" * 100_000 + " = 1",
        "#" * (2 << 20),
    ],
)
def test_what_says_nothing_of_the_locked_crate_stays_unknown(tmp_path: Path, content: str | bytes) -> None:
    assert says(tmp_path, content) is None


def archived(tmp_path: Path, registry: str, content: str) -> tuple[Distribution, ...]:
    data = tarred({"serde-1.0.0/Cargo.lock": "x", "serde-1.0.0/Cargo.toml": content})
    put(tmp_path / "cargo" / "registry" / "cache" / registry / "serde-1.0.0.crate", data)
    return (distribution("serde-1.0.0.crate", {"sha256": hashlib.sha256(data).hexdigest()}, "x"),)


def test_an_archive_is_read_where_the_crate_is_not_unpacked_if_it_has_the_lock_s_digest(tmp_path: Path) -> None:
    files = archived(tmp_path, "index.example-0a1b", MIT)
    place = {"cargo": tmp_path / "cargo"}
    assert one(tmp_path / "repository", "cargo", "serde", places=place, files=files) == SAYS_MIT
    other = (distribution("serde-1.0.0.crate", {"sha256": "0" * 64}, "x"),)
    assert one(tmp_path / "repository", "cargo", "serde", places=place, files=other) is None


def test_of_several_registries_the_one_whose_archive_is_locked_counts(tmp_path: Path) -> None:
    place = {"cargo": tmp_path / "cargo"}
    sources = tmp_path / "cargo" / "registry" / "src"
    locked = {}
    for registry, licence in (("a.example-0a1b", "ISC"), ("b.example-2c3d", "MIT")):
        content = manifest(f'license = "{licence}"')
        put(sources / registry / "serde-1.0.0" / "Cargo.toml", content)
        locked[licence] = archived(tmp_path, registry, content)
    assert one(tmp_path / "repository", "cargo", "serde", places=place, files=locked["MIT"]) == SAYS_MIT
    assert one(tmp_path / "repository", "cargo", "serde", places=place) is None


@pytest.mark.parametrize("folder", ["serde", "serde-1.0.0"])
def test_a_vendored_crate_is_read(tmp_path: Path, folder: str) -> None:
    put(tmp_path / "vendor" / folder / "Cargo.toml", MIT)
    assert one(tmp_path, "cargo", "serde") == SAYS_MIT
    assert one(tmp_path, "cargo", "serde", "1.0.1") is None


@pytest.mark.parametrize(
    ("path", "workspace"),
    [
        ("", ""),
        ("serde", "[workspace]\n"),
        ("crates/serde", "[workspace]\n"),
        ("a/b/serde", '[workspace]\nmembers = ["x", 7, "../serde", "a/b/serde"]\n'),
    ],
)
def test_a_crate_from_git_is_read_in_the_checkout_of_its_revision(tmp_path: Path, path: str, workspace: str) -> None:
    checkout = tmp_path / "cargo" / "git" / "checkouts" / "repo-0123456789abcdef" / REVISION[:7]
    put(checkout / "Cargo.toml", workspace)
    put(checkout / path / "Cargo.toml", MIT)

    def of(revision: str) -> Description | None:
        location = "https://x.example/acme/repo.git"
        place = {"cargo": tmp_path / "cargo"}
        more = {"origin": Origin.GIT, "location": location, "revision": revision}
        return one(tmp_path, "cargo", "serde", places=place, **more)

    assert of(REVISION) == SAYS_MIT
    assert of("1" * 40) is None


def test_a_member_inherits_from_its_workspace(tmp_path: Path) -> None:
    checkout = tmp_path / "cargo" / "git" / "checkouts" / "repo-0123456789abcdef" / REVISION[:7]
    put(checkout / "Cargo.toml", '[workspace.package]\nversion = "1.0.0"\nlicense = "MIT"\nauthors = ["Ann"]\n')
    inherited = "version.workspace = true\nlicense.workspace = true\nauthors = { workspace = true }\n"
    put(checkout / "serde" / "Cargo.toml", f'[package]\nname = "serde"\n{inherited}')
    more = {"origin": Origin.GIT, "location": "https://x.example/acme/repo", "revision": REVISION}
    described = one(tmp_path, "cargo", "serde", places={"cargo": tmp_path / "cargo"}, **more)
    assert described == Description("Cargo.toml", ("MIT",), "Ann")


@pytest.mark.parametrize("name", ["../../secret", "a/../../../../secret", "/secret", ".."])
def test_a_name_that_leads_elsewhere_leads_nowhere(tmp_path: Path, name: str) -> None:
    put(tmp_path / "secret-1.0.0" / "Cargo.toml", manifest('license = "MIT"', name=name))
    put(tmp_path / "secret" / "Cargo.toml", manifest('license = "MIT"', name=name))
    put(tmp_path / "cargo" / "registry" / "src" / "index.example-0a1b" / "x", "")
    (tmp_path / "repository" / "vendor").mkdir(parents=True)
    assert one(tmp_path / "repository", "cargo", name, places={"cargo": tmp_path / "cargo"}) is None
