"""SBOMs of Go modules and workspaces: what is used for what, in which version, and what is refused."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.adapters.sbom.documents import needs_of

from counterseal.adapters.sbom.builder import LockSbomBuilder
from counterseal.adapters.sbom.locks.go.versions import is_version, order
from counterseal.errors import CountersealError, FormatError, UsageError

LOCKS = Path(__file__).resolve().parents[3] / "assets" / "locks"
SHOP, TEAM, OLD = (LOCKS / name / "files" for name in ("go-shop", "go-team", "go-old"))
HEAD = "module app.example/app\n\ngo 1.22\n\n"
H1 = "h1:" + "A" * 43 + "="
HEX = "00" * 32


def build(folder: Path, *locks: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(LockSbomBuilder(locks=locks).build([folder], [], revision=None, epoch=0).data)
    return document


def summed(*modules: str, digest: str = H1) -> str:
    return "".join(f"{module} {digest}\n" for module in modules)


def project(folder: Path, rest: str, sums: str = "", head: str = HEAD) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "go.mod").write_text(head + rest)
    if sums:
        (folder / "go.sum").write_text(sums)
    return folder


def refused(folder: Path) -> CountersealError:
    """Return why no SBOM is made, at once."""
    start = time.perf_counter()
    with pytest.raises((FormatError, UsageError)) as caught:
        build(folder)
    assert time.perf_counter() - start < 8
    return caught.value


def versions(document: dict[str, Any]) -> dict[str, str]:
    return {component["name"]: component["version"] for component in document["components"]}


def notes(document: dict[str, Any], name: str) -> dict[str, str]:
    component = next(component for component in document["components"] if component["name"] == name)
    return {note["name"]: note["value"] for note in component.get("properties", ())}


def parts(document: dict[str, Any]) -> dict[str, str]:
    """Return the parts' folders by their names."""
    listed = document["metadata"]["component"].get("components", ())
    return {part["name"]: part["properties"][0]["value"] for part in listed}


# --- what stands in them


def test_the_root_is_the_module_and_needs_what_it_requires_directly() -> None:
    document = build(SHOP)
    root = document["metadata"]["component"]
    assert (root["name"], root["type"]) == ("shop.example/Shop", "library")
    assert "rsc.io/quote" in needs_of(document, "shop.example/Shop")
    assert "rsc.io/sampler" not in needs_of(document, "shop.example/Shop")
    assert document["compositions"][0]["aggregate"] == "unknown"


def test_the_digest_of_a_tree_is_a_note_and_no_digest_of_a_file() -> None:
    document = build(SHOP)
    assert notes(document, "rsc.io/quote")["counterseal:go:h1"] == (
        "c397dccac8ebc7bcaab43fda3be43046361938a9da33d521d9be34b44953b376"
    )
    assert not [component for component in document["components"] if "hashes" in component]


def test_a_fork_stands_for_what_it_replaces() -> None:
    document = build(SHOP)
    assert "github.com/dgrijalva/jwt-go" not in versions(document)
    fork = [c for c in document["components"] if c["version"] == "v3.2.1+incompatible"]
    assert [(c["name"], c["purl"]) for c in fork] == [
        ("github.com/golang-jwt/jwt", "pkg:golang/github.com/golang-jwt/jwt@v3.2.1%2Bincompatible")
    ]
    replaced = {prop["value"] for prop in fork[0]["properties"] if prop["name"] == "counterseal:go:replaces"}
    assert replaced == {"github.com/dgrijalva/jwt-go@v3.2.0+incompatible"}


def test_a_folder_that_replaces_a_module_is_a_part() -> None:
    document = build(SHOP)
    assert {name: path.rpartition("/files/")[2] for name, path in parts(document).items()} == {
        "github.com/pkg/errors": "third/errors",
        "shop.example/pricing": "pricing",
    }
    assert needs_of(document, "shop.example/pricing") == {"gopkg.in/yaml.v3"}


def test_a_workspace_takes_the_highest_version_that_a_module_of_it_requires() -> None:
    document = build(TEAM)
    assert versions(document)["github.com/google/uuid"] == "v1.6.0"
    assert versions(document)["gopkg.in/yaml.v3"] == "v3.0.1"  # as go.work replaces it
    assert needs_of(document, "workspace") == parts(document).keys()
    assert needs_of(document, "team.example/web") >= {"team.example/api", "github.com/google/uuid"}


def test_a_module_of_a_workspace_alone_is_what_its_own_files_say() -> None:
    document = build(TEAM / "api")
    assert versions(document)["github.com/google/uuid"] == "v1.3.0"
    assert build(TEAM / "api", TEAM / "api" / "go.sum") == document


def test_a_module_of_a_workspace_finds_another_that_no_go_sum_has(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "go.work").write_text("go 1.22\nuse (\n./a\n./b\n)\n")
    project(tmp_path / "a", "require b.example/b v0.0.0\n", head="module a.example/a\n")
    project(tmp_path / "b", "", head="module b.example/b\n")
    assert parts(build(tmp_path / "a")) == {"b.example/b": "b"}
    (tmp_path / "go.work").write_text("go 1.22\nuse ./b\n")
    assert refused(tmp_path / "a").what == "a/go.sum has nothing of b.example/b"


def test_before_go_1_17_indirect_modules_are_those_that_were_downloaded_in_their_highest_version(
    tmp_path: Path,
) -> None:
    assert len(versions(build(OLD))) == 11
    sums = summed("a.example/a v1.0.0", "b.example/b v1.9.0", "b.example/b v1.10.0", "b.example/b v1.10.0/go.mod")
    sums += summed("c.example/c v1.0.0", "c.example/c v1.1.0/go.mod", "d.example/d v1.0.0", "d.example/d v1.1.0")
    rest = "require a.example/a v1.0.0\nexclude d.example/d v1.1.0\n"
    for head in ("module x\n", "module x\ngo 1.16\n"):
        document = build(project(tmp_path, rest, sums, head=head))
        assert versions(document) == {"a.example/a": "v1.0.0", "b.example/b": "v1.10.0", "d.example/d": "v1.0.0"}
    assert versions(build(project(tmp_path, rest, sums))) == {"a.example/a": "v1.0.0"}


def test_every_form_of_the_grammar_is_read(tmp_path: Path) -> None:
    rest = (
        "// a comment\r\n\r\n"
        'require "a.example/a" v1.0.0// indirect\n'
        "require `b.example/b` v1.0.0 // indirect; why\n"
        "require (\n\t// inside\n\n\tc.example/c v2.0.0+incompatible // indirectly\n) // end\n"
        "require ()\n"
        "retract [v1.0.0, v1.1.0] // broken\nretract (\n\tv1.2.0\n\t[v1.3.0,v1.4.0]\n)\n"
        "toolchain go1.26.0\ngodebug default=go1.21\ntool a.example/a/cmd/a\nignore ./node_modules\n"
        "exclude e.example/e v1.0.0\n"
        "replace c.example/c v2.0.0+incompatible => d.example/D v0.0.0-20240101000000-abcdefabcdef\n"
        "replace c.example/c => c.example/c v9.9.9\n"
    )
    sums = summed("a.example/a v1.0.0", "b.example/b v1.0.0/go.mod", "\nd.example/D v0.0.0-20240101000000-abcdefabcdef")
    sums += "a.example/a v1.0.0 h9:other\n"
    document = build(project(tmp_path, rest, sums))
    assert versions(document) == {
        "a.example/a": "v1.0.0",
        "b.example/b": "v1.0.0",
        "d.example/D": "v0.0.0-20240101000000-abcdefabcdef",
    }
    assert needs_of(document, "app.example/app") == {"d.example/D"}
    assert notes(document, "a.example/a") == {"counterseal:go:h1": HEX}
    assert notes(document, "b.example/b") == {}


def test_two_modules_that_one_replaces_are_one_package(tmp_path: Path) -> None:
    rest = "require (\n a.example/a v1.0.0\n b.example/b v1.0.0\n)\nreplace a.example/a => b.example/b v1.0.0\n"
    document = build(project(tmp_path, rest, summed("b.example/b v1.0.0")))
    assert versions(document) == {"b.example/b": "v1.0.0"}
    assert needs_of(document, "app.example/app") == {"b.example/b"}


def test_the_root_is_the_module_that_the_project_lies_in_and_else_the_workspace(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    lock = project(tmp_path / "a", "") / "go.mod"
    (tmp_path / "a" / "cmd").mkdir()
    (tmp_path / "ab").mkdir()
    for folder, name in (
        ("a", "app.example/app"),
        ("a/cmd", "app.example/app"),
        (".", "workspace"),
        ("ab", "workspace"),
    ):
        assert build(tmp_path / folder, lock)["metadata"]["component"]["name"] == name
    project(tmp_path / "b", "")
    with pytest.raises(UsageError, match=r"a/go\.mod is not of the module in b"):
        build(tmp_path / "b", lock)


def test_a_program_is_an_application(tmp_path: Path) -> None:
    project(tmp_path, "")
    (tmp_path / "main.go").write_text("package main\n")
    assert build(tmp_path)["metadata"]["component"]["type"] == "application"


@pytest.mark.parametrize("path", ["../outside", "/outside", "..", "C:\\\\outside"])
def test_a_folder_outside_of_the_repository_is_a_part_that_is_not_read(tmp_path: Path, path: str) -> None:
    project(tmp_path / "outside", "", head="not a module")
    folder = project(
        tmp_path / "inside", f"require a.example/a v1.0.0\nreplace a.example/a => {path}\n".replace("\\\\", "/")
    )
    (folder / ".git").mkdir()
    document = build(folder)
    assert set(parts(document)) == {"a.example/a"}
    assert needs_of(document, "app.example/app") == {"a.example/a"}


ORDERED = [
    "v0.0.0-20170915032832-14c0d48ead0c",
    "v0.0.0",
    "v0.9.0",
    "v0.10.0",
    "v1.0.0-1",
    "v1.0.0-2.x",
    "v1.0.0-10",
    "v1.0.0-alpha",
    "v1.0.0-alpha.1",
    "v1.0.0-beta",
    "v1.0.0",
    "v1.0.1-0.20240101000000-abcdefabcdef",
    "v1.0.1+incompatible",
]


def test_versions_are_ordered_as_semver_has_it() -> None:
    assert sorted(ORDERED, key=order) == ORDERED


@pytest.mark.parametrize("text", ["1.0.0", "v1", "v1.0", "v01.0.0", "v1.0.0+meta", "v1.0.0-", "v1.0.0\n", "master", ""])
def test_what_is_no_exact_version(text: str) -> None:
    assert not is_version(text)


# --- what is refused


@pytest.mark.parametrize(
    ("rest", "what"),
    [
        ("require a.example/a", "no `require`"),
        ("require a.example/a v1.0.0 v1.0.0", "no `require`"),
        ("require ../a v1.0.0", "no `require`"),
        ("require .../a v1.0.0", "no `require`"),
        ("require a/ v1.0.0", "no `require`"),
        ("require a.example/a v1.0.0\nexclude a.example/a v1.0.0", "a.example/a v1.0.0, which is excluded"),
        ("require a.example//a v1.0.0", "no `require`"),
        ("require a.example/a master", "'master' is not an exact version"),
        ("require (\na.example/a v1.0.0\n", "the block of `require` does not end"),
        ("require (a.example/a v1.0.0)", "no `require`"),
        (")", "is not known"),
        ('require "a', "is not understood"),
        ('require "a\\x41" v1.0.0', "is not understood"),
        ("require a.example/a v1.0.0 /* x */", "no `require`"),
        ("require a\x1b[2J v1.0.0", "a control character"),
        ("frob x", "the directive 'frob' is not known"),
        ("module other.example/x", "no `module`"),
        ("go x", "no `go`"),
        ("replace a.example/a => b.example/b", "no `replace`"),
        ("replace a.example/a => ./b v1.0.0", "no `replace`"),
        ("replace a.example/a", "no `replace`"),
        ("replace => b.example/b v1.0.0", "no `replace`"),
        ("replace a.example/a => ./b\nreplace a.example/a => ./c", "a.example/a is replaced twice"),
        ("exclude a.example/a", "no `exclude`"),
        ("use ./x", "the directive 'use' is not known"),
        (f"require {'a' * 501} v1.0.0", "no `require`"),
        (f"require a.example/a v1.0.{'9' * 5000}", "is not an exact version"),
    ],
)
def test_a_go_mod_that_go_would_not_read(tmp_path: Path, rest: str, what: str) -> None:
    error = refused(project(tmp_path, rest + "\n"))
    assert what in error.what
    assert "go." in error.what


def test_a_go_mod_without_a_module(tmp_path: Path) -> None:
    assert refused(project(tmp_path, "", head="go 1.22\n")).what == "go.mod: `module` is missing"
    (tmp_path / "go.mod").write_bytes(b"module \xff\n")
    assert refused(tmp_path).what == "go.mod: not UTF-8"


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("a.example/a v1.0.0", "no module, version and digest"),
        ("a.example/a 1.0.0 " + H1, "no module, version and digest"),
        ("a.example/a v1.0.0 h1:!", "is not base64"),
        ("a.example/a v1.0.0 h1:AAAA", "is not a sha256"),
        ("a.example/a v1.0.0 h1:" + "B" * 43 + "=", "two digests"),
    ],
)
def test_a_go_sum_that_go_would_not_read(tmp_path: Path, line: str, what: str) -> None:
    sums = summed("a.example/a v1.0.0") + line + "\n"
    error = refused(project(tmp_path, "require a.example/a v1.0.0\n", sums))
    assert what in error.what
    assert error.what.startswith("go.sum:2")


def test_a_go_sum_that_is_not_of_the_go_mod(tmp_path: Path) -> None:
    rest = "require a.example/a v1.1.0\n"
    error = refused(project(tmp_path, rest, summed("a.example/a v1.0.0")))
    assert error.what == "go.sum has nothing of a.example/a"
    assert "go mod tidy" in error.fix
    (tmp_path / "go.sum").unlink()
    assert refused(tmp_path).what == "go.sum has nothing of a.example/a"


@pytest.mark.parametrize(
    ("work", "what"),
    [
        ("use ../..", "lies outside of the repository"),
        ("use /etc", "lies outside of the repository"),
        ("use ./missing", "missing/go.mod cannot be read"),
        ("use ./link", "link/go.mod lies behind a symlink"),
        ("use", "no `use`"),
        ("require a.example/a v1.0.0", "the directive 'require' is not known"),
        ("use (\n./a\n./b\n)", "uses two modules of one name"),
        ("use (\n./a\n./c\n)", "replaces x.example/x otherwise than another module"),
        ("".join(f"use ./a/../m{number}\n" for number in range(1001)), "uses more than 1000 modules"),
    ],
)
def test_a_workspace_that_go_would_not_read(tmp_path: Path, work: str, what: str) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "link").symlink_to("a")
    for number in range(1001 if "m1000" in work else 0):
        project(tmp_path / f"m{number}", "", head=f"module m.example/m{number}\n")
    project(tmp_path / "a", "replace x.example/x => y.example/y v1.0.0\n")
    project(tmp_path / "b", "")
    project(tmp_path / "c", "replace x.example/x => y.example/y v1.1.0\n", head="module c.example/c\n")
    (tmp_path / "go.work").write_text(f"go 1.22\n{work}\n")
    assert what in refused(tmp_path).what


def test_lines_to_lose_oneself_in_are_read_at_once(tmp_path: Path) -> None:
    for rest in ("require " + "(" * 900_000, "require " + '"' * 900_000, "/" * 900_000, "a" * 900_000, "(\n" * 400_000):
        start = time.perf_counter()
        with contextlib.suppress(FormatError, UsageError):
            build(project(tmp_path, rest))
        assert time.perf_counter() - start < 8
    assert "1048576" in refused(project(tmp_path, "// " + "x" * (1 << 20))).why


TEXTS = [
    "",
    "(",
    ")",
    "=>",
    "//",
    '"',
    "`",
    "require",
    "replace",
    "go",
    "v1.0.0",
    "./x",
    "\x07",
    "a.example/a",
    "[",
    ",",
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.data())
def test_no_damage_is_a_bug(tmp_path: Path, data: st.DataObject) -> None:
    folder = data.draw(st.sampled_from([SHOP, TEAM, OLD]))
    names = [path.relative_to(folder) for path in folder.rglob("go.*")]
    damaged = data.draw(st.sampled_from(sorted(names)))
    with contextlib.suppress(FileNotFoundError):
        (tmp_path / "go.work").unlink()
    for name in names:
        text = (folder / name).read_text()
        if name == damaged:
            words = text.replace("\n", " \n ").split(" ")
            words[data.draw(st.integers(0, len(words) - 1))] = data.draw(st.sampled_from(TEXTS))
            text = " ".join(words)
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    with contextlib.suppress(FormatError, UsageError):
        build(tmp_path)
