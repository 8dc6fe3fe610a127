"""package-lock.json: which copy an edge leads to, what is a part, where packages come from, what is refused."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.adapters.sbom.damage import damaged
from tests.unit.adapters.sbom.npm_projects import LOCKS, MANIFEST, SHA512, by_name, purls, read, write

from counterseal.adapters.sbom import formats
from counterseal.adapters.sbom.builder import LockSbomBuilder
from counterseal.adapters.sbom.checkout import Checkout
from counterseal.adapters.sbom.records import Origin, Scope
from counterseal.errors import CountersealError, FormatError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.adapters.sbom.records import Lock

LOCK = "package-lock.json"
ROOT = {"name": "app", "version": "1.0.0", "dependencies": {"a": "^1.0.0"}}
A = {"version": "1.0.0", "resolved": "https://npm.example/a/-/a-1.0.0.tgz", "integrity": SHA512}


def lock_of(folder: Path, places: dict[str, Any], *, root: dict[str, Any] | None = None, project: str = ".") -> Lock:
    own = ROOT if root is None else root
    write(folder, {"package.json": own, LOCK: {"lockfileVersion": 3, "packages": {"": own, **places}}})
    return read(folder, LOCK, project)


def refusal(folder: Path, places: dict[str, Any], **rest: Any) -> CountersealError:
    with pytest.raises((FormatError, UsageError)) as caught:
        lock_of(folder, places, **rest)
    return caught.value


# --- versions --------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 4, None, "3", True])
def test_another_version_is_refused_with_the_command_that_writes_a_known_one(tmp_path: Path, version: object) -> None:
    write(tmp_path, {"package.json": MANIFEST, LOCK: {"lockfileVersion": version, "dependencies": {}}})
    with pytest.raises(UsageError) as caught:
        read(tmp_path, LOCK)
    assert "--lockfile-version 3" in caught.value.fix


def test_version_2_and_a_shrinkwrap_say_the_same_as_version_3(tmp_path: Path) -> None:
    files = LOCKS / "npm-shop" / "files"
    third = read(files, LOCK)
    content = json.loads((files / LOCK).read_bytes())
    old = content | {"lockfileVersion": 2, "dependencies": {"is-odd": {"version": "9.9.9"}}}
    write(tmp_path, {path: (files / path).read_text() for path in ("package.json", "packages/web/package.json")})
    for path in ("packages/core/package.json", "tools/lint/package.json"):
        write(tmp_path, {path: (files / path).read_text()})
    write(tmp_path, {LOCK: old, "npm-shrinkwrap.json": old})
    for name in (LOCK, "npm-shrinkwrap.json"):
        second = read(tmp_path, name)
        assert (second.packages, second.parts, second.root) == (third.packages, third.parts, third.root)
    assert formats.find(Checkout(tmp_path), ".", []) == "npm-shrinkwrap.json"


# --- edges -----------------------------------------------------------------------------------


def test_an_edge_leads_to_the_nearest_copy_up_the_tree(tmp_path: Path) -> None:
    lock = lock_of(
        tmp_path,
        {
            "node_modules/a": A | {"dependencies": {"b": "^2.0.0", "c": "1"}},
            "node_modules/a/node_modules/b": {"version": "2.0.0", "dependencies": {"c": "1"}},
            "node_modules/b": {"version": "1.0.0"},
            "node_modules/c": {"version": "1.0.0", "dependencies": {"b": "1", "a": "1"}},
        },
    )
    edges = {package.key: set(package.dependencies) for package in lock.packages}
    assert edges == {
        "pkg:npm/a@1.0.0": {"pkg:npm/b@2.0.0", "pkg:npm/c@1.0.0"},
        "pkg:npm/b@2.0.0": {"pkg:npm/c@1.0.0"},
        "pkg:npm/b@1.0.0": set(),
        "pkg:npm/c@1.0.0": {"pkg:npm/b@1.0.0", "pkg:npm/a@1.0.0"},
    }


def test_what_is_needed_and_missing_is_refused_unless_it_is_optional_or_a_peer(tmp_path: Path) -> None:
    problem = refusal(tmp_path, {"node_modules/a": A | {"dependencies": {"gone": "1"}}})
    assert problem.what == "package-lock.json: node_modules/a needs gone"
    lock = lock_of(
        tmp_path,
        {"node_modules/a": A | {"optionalDependencies": {"gone": "1"}, "peerDependencies": {"away": "1"}}},
    )
    assert [package.dependencies for package in lock.packages] == [()]


def test_what_the_root_needs_has_to_be_there(tmp_path: Path) -> None:
    assert refusal(tmp_path, {}).what == "package-lock.json: the project needs a"


def test_a_peer_is_no_edge_but_comes_along_with_a_member(tmp_path: Path) -> None:
    member = {"name": "web", "version": "2.0.0", "dependencies": {"a": "1"}}
    places = {
        "node_modules/web": {"resolved": "packages/web", "link": True},
        "packages/web": member,
        "node_modules/a": A
        | {"peerDependencies": {"p": "1", "q": "1"}, "peerDependenciesMeta": {"q": {"optional": True}}},
        "node_modules/p": {"version": "1.0.0", "peer": True},
        "node_modules/q": {"version": "1.0.0", "dev": True},
    }
    root = {"name": "app", "workspaces": ["packages/*"], "devDependencies": {"q": "1"}}
    lock_of(tmp_path, places, root=root)
    write(tmp_path, {"packages/web/package.json": member})
    content = json.loads(LockSbomBuilder().build([tmp_path / "packages/web"], [], revision=None, epoch=0).data)
    assert [component["name"] for component in content["components"]] == ["a", "p"]
    assert {"ref": "pkg:npm/a@1.0.0"} in content["dependencies"]


def test_a_member_has_its_own_development_and_not_that_of_others() -> None:
    files = LOCKS / "npm-shop" / "files"
    content = {
        member: json.loads(
            LockSbomBuilder(development=True).build([files / "packages" / member], [], revision=None, epoch=0).data
        )
        for member in ("core", "web")
    }
    scopes = {
        member: {component["bom-ref"]: component["scope"] for component in document["components"]}
        for member, document in content.items()
    }
    assert scopes["core"] == {
        "pkg:npm/is-buffer@2.0.5": "excluded",
        "pkg:npm/is-number@7.0.0": "required",
        "pkg:npm/isarray@1.0.0": "required",
    }
    assert "pkg:npm/is-buffer@2.0.5" not in scopes["web"]
    assert scopes["web"]["pkg:npm/is-even@1.0.0"] == "optional"


@pytest.mark.parametrize(
    ("flags", "scope"),
    [
        ({}, Scope.REQUIRED),
        ({"peer": True}, Scope.REQUIRED),
        ({"optional": True}, Scope.OPTIONAL),
        ({"devOptional": True}, Scope.OPTIONAL),
        ({"dev": True}, Scope.EXCLUDED),
        ({"dev": True, "optional": True}, Scope.EXCLUDED),
        ({"extraneous": True}, Scope.EXCLUDED),
    ],
)
def test_scopes_are_the_flags_of_the_lock(tmp_path: Path, flags: dict[str, bool], scope: Scope) -> None:
    assert (
        by_name(lock_of(tmp_path, {"node_modules/a": A, "node_modules/b": {"version": "1.0.0"} | flags}))["b"].scope
        is scope
    )


def test_of_several_copies_the_widest_scope_counts(tmp_path: Path) -> None:
    copy = {"version": "1.0.0"}
    places = {"node_modules/a": A, "node_modules/a/node_modules/b": copy, "node_modules/b": copy | {"dev": True}}
    assert by_name(lock_of(tmp_path, places))["b"].scope is Scope.REQUIRED


# --- sources ---------------------------------------------------------------------------------


def test_a_package_says_where_it_comes_from(tmp_path: Path) -> None:
    commit = "c" * 40
    packages = by_name(
        lock_of(
            tmp_path,
            {
                "node_modules/a": A,
                "node_modules/g": {
                    "version": "1.0.0",
                    "resolved": f"git+ssh://git@git.example/x/g.git#{commit}",
                    "integrity": SHA512,
                },
                "node_modules/u": {
                    "version": "1.0.0",
                    "resolved": "https://me:pw@files.example/u.tgz?k=v",
                    "integrity": SHA512,
                },
                "node_modules/f": {"version": "1.0.0", "resolved": "file:vendor/-/f-1.0.0.tgz", "integrity": SHA512},
                "node_modules/i": {"version": "1.0.0", "integrity": SHA512},
                "node_modules/n": {"name": "@scope/real", "version": "1.0.0"},
                "node_modules/a/node_modules/b": {"version": "1.0.0", "inBundle": True},
            },
        )
    )
    assert {name: package.origin for name, package in packages.items()} == {
        "a": Origin.REGISTRY,
        "g": Origin.GIT,
        "u": Origin.URL,
        "f": Origin.PATH,
        "i": Origin.REGISTRY,
        "@scope/real": Origin.REGISTRY,
        "b": Origin.BUNDLED,
    }
    assert packages["g"].purl.to_string() == f"pkg:npm/g@1.0.0?vcs_url=git%2Bssh://git.example/x/g.git%40{commit}"
    assert packages["g"].files == ()
    assert packages["u"].purl.qualifiers == {"download_url": "https://files.example/u.tgz"}
    assert [file.hashes for file in packages["i"].files] == [(("sha512", "00" * 64),)]
    assert packages["b"].notes == (("bundled-by", "a"),)


def test_a_bundled_copy_is_the_package_of_the_registry_and_says_so(tmp_path: Path) -> None:
    places = {
        "node_modules/a": A | {"dependencies": {"b": "1"}},
        "node_modules/a/node_modules/b": {"version": "1.0.0", "inBundle": True},
        "node_modules/b": {"version": "1.0.0", "integrity": SHA512},
    }
    bundled = by_name(lock_of(tmp_path, places))["b"]
    assert (bundled.origin, len(bundled.files), bundled.notes) == (Origin.REGISTRY, 1, (("bundled-by", "a"),))


def test_packages_of_one_purl_from_different_files_or_revisions_stay_apart(tmp_path: Path) -> None:
    def place(address: str) -> dict[str, str]:
        return {"name": "b", "version": "1.0.0", "resolved": address, "integrity": SHA512}

    lock = lock_of(
        tmp_path,
        {
            "node_modules/a": A,
            "node_modules/b1": place("file:one.tgz"),
            "node_modules/b2": place("file:two.tgz"),
            "node_modules/b3": place("git+https://git.example/b#" + "1" * 40),
            "node_modules/b4": place("git+https://git.example/b#" + "2" * 40),
            "node_modules/b5": place("https://npm.example/b/-/b-1.0.0.tgz"),
            "node_modules/b6": place("git+file:///home/me/b#" + "1" * 40),
        },
    )
    keys = {package.key for package in lock.packages if package.name == "b"}
    assert len(keys) == 6
    assert {key.partition("?")[0].partition("#")[0] for key in keys} == {"pkg:npm/b@1.0.0"}


def test_names_with_capitals_keep_them(tmp_path: Path) -> None:
    places = {
        "node_modules/a": A,
        "node_modules/JSONStream": {"version": "1.0.0"},
        "node_modules/jsonstream": {"version": "1.0.0"},
    }
    assert purls(lock_of(tmp_path, places)) == [
        "pkg:npm/JSONStream@1.0.0",
        "pkg:npm/a@1.0.0",
        "pkg:npm/jsonstream@1.0.0",
    ]


# --- parts -----------------------------------------------------------------------------------


def test_a_folder_that_was_copied_is_a_part(tmp_path: Path) -> None:
    places = {
        "node_modules/a": {"version": "0.1.0", "resolved": "file:libs/a", "dependencies": {"b": "1"}},
        "node_modules/b": {"version": "1.0.0"},
    }
    lock = lock_of(tmp_path, places)
    assert [(part.name, part.path, part.dependencies) for part in lock.parts] == [("a", "libs/a", ("pkg:npm/b@1.0.0",))]
    assert lock.root.dependencies == ("part:libs/a",)


def test_a_link_beside_the_locks_folder_is_a_part_whose_own_needs_may_be_missing(tmp_path: Path) -> None:
    root = {"name": "app", "dependencies": {"lib": "file:../lib"}}
    places = {
        "": root,
        "../lib": {"version": "1.0.0", "dependencies": {"z": "1"}},
        "node_modules/lib": {"resolved": "../lib", "link": True},
    }
    write(tmp_path, {"app/package.json": root, "app/" + LOCK: {"lockfileVersion": 3, "packages": places}})
    lock = read(tmp_path, "app/" + LOCK, "app")
    assert [(part.name, part.path) for part in lock.parts] == [("lib", "lib")]


def test_a_folder_above_the_lock_stands_for_the_parts_in_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"ui/package.json": ROOT, "ui/" + LOCK: {"lockfileVersion": 3, "packages": {"": ROOT, "node_modules/a": A}}},
    )
    lock = read(tmp_path, "ui/" + LOCK)
    assert (lock.root.name, lock.root.purl, lock.root.dependencies) == ("workspace", None, ("part:ui",))
    assert read(tmp_path, "ui/" + LOCK, artifacts=["shop-1.2.0.tgz"]).root.name == "shop"
    write(tmp_path, {"other/package.json": {"name": "other"}})
    with pytest.raises(UsageError, match="is not of other"):
        read(tmp_path, "ui/" + LOCK, "other")


def test_the_roots_version_may_come_from_its_archive_but_not_contradict_it(tmp_path: Path) -> None:
    root = {"name": "@my/app", "dependencies": {"a": "1"}}
    lock_of(tmp_path, {"node_modules/a": A}, root=root)
    assert read(tmp_path, LOCK, artifacts=["my-app-1.2.3.tgz", "my-app-web-9.9.9.tgz"]).root.version == "1.2.3"
    lock_of(tmp_path, {"node_modules/a": A}, root=root | {"version": "1.0.0"})
    with pytest.raises(UsageError, match=r"my-app-1\.2\.3\.tgz is of version 1\.2\.3"):
        read(tmp_path, LOCK, artifacts=["my-app-1.2.3.tgz"])


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"name": "other"}, "have different names"),
        ({"devDependencies": {"b": "1"}}, "have different dependencies: b"),
        ({"dependencies": {}}, "have different dependencies: a"),
    ],
)
def test_a_lock_that_was_not_made_again_is_refused(tmp_path: Path, change: dict[str, Any], what: str) -> None:
    lock_of(tmp_path, {"node_modules/a": A})
    write(tmp_path, {"package.json": MANIFEST | change})
    with pytest.raises(UsageError) as caught:
        read(tmp_path, LOCK)
    assert what in caught.value.what
    assert "npm install --package-lock-only" in caught.value.fix


# --- hostile ---------------------------------------------------------------------------------

DEEP = "/".join(["node_modules/a"] * 40)


@pytest.mark.parametrize(
    ("places", "what"),
    [
        ({"node_modules/l": {"resolved": "gone", "link": True}}, "links to 'gone'"),
        ({"node_modules/l": {"resolved": "../../../etc", "link": True}}, "which is not in the lock"),
        ({"node_modules/l": {"resolved": "node_modules/l", "link": True}}, "which is not in the lock"),
        ({"../../etc": {}}, "lies outside of the repository"),
        ({"/etc": {}}, "lies outside of the repository"),
        ({"node_modules/c": {"version": "1.0.0", "resolved": "file:../../x"}}, "lies outside of the repository"),
        ({"node_modules/../x": {"version": "1.0.0"}}, "is not a name of a package"),
        ({"node_modules/a\u0000b": {"version": "1.0.0"}}, "is not a name of a package"),
        ({"node_modules/b": {"version": "1\u001b[31m"}}, "is not a package of type npm"),
        ({"node_modules/b": {"name": "x" * 600, "version": "1"}}, "is not a package of type npm"),
        ({"node_modules/b": {"version": "1.0.0", "integrity": "sha512-AAAA"}}, "is not a sha512"),
        ({"node_modules/b": {"version": "1.0.0", "integrity": "sha512-%%%"}}, "is not an integrity value"),
        ({DEEP: {"version": "1.0.0"}}, "lies too deep"),
        ({"node_modules/b": []}, "is not a table"),
        ({"node_modules/b": {"dependencies": ["x"]}}, "is not a table"),
        ({"node_modules/b": {"dependencies": {"a": 1}}}, "a value that is not a text"),
    ],
)
def test_what_npm_never_writes_is_refused(tmp_path: Path, places: dict[str, Any], what: str) -> None:
    problem = refusal(tmp_path, {"node_modules/a": A} | places)
    assert what in problem.what
    assert LOCK in problem.what


def test_the_place_of_the_project_has_to_be_there(tmp_path: Path) -> None:
    write(tmp_path, {"package.json": MANIFEST, LOCK: {"lockfileVersion": 3, "packages": {}}})
    with pytest.raises(FormatError, match="no project"):
        read(tmp_path, LOCK)


@pytest.mark.slow
def test_20_000_packages_with_edges_across_a_deep_tree_are_read_in_seconds(tmp_path: Path) -> None:
    count = 20_000
    places = {
        f"node_modules/p{index}": {
            "version": "1.0.0",
            "dependencies": {f"p{(7 * index + step) % count}": "1" for step in range(3)},
        }
        for index in range(count)
    }
    for depth in range(1, 31):
        needs = {f"p{index}": "1" for index in range(2_000)}
        places["/".join(f"node_modules/q{level}" for level in range(depth))] = {
            "version": "1.0.0",
            "dependencies": needs,
        }
    start = time.process_time()
    lock = lock_of(tmp_path, {"node_modules/a": A} | places)
    assert len(lock.packages) == count + 31
    assert time.process_time() - start < 40


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.data())
def test_no_damage_to_a_lock_makes_anything_but_a_clear_error(tmp_path: Path, data: st.DataObject) -> None:
    for name in ("package.json", LOCK):
        content = json.loads((LOCKS / "npm-shop" / "files" / name).read_bytes())
        write(tmp_path, {name: damaged(content, data)})
    with contextlib.suppress(FormatError, UsageError):
        LockSbomBuilder(development=True).build([tmp_path], [], revision=None, epoch=0)


# --- licences --------------------------------------------------------------------------------


def test_a_licence_stands_at_any_copy_of_a_package(tmp_path: Path) -> None:
    b = {"version": "1.0.0", "resolved": "https://npm.example/b/-/b-1.0.0.tgz", "integrity": SHA512}
    places = {
        "node_modules/a": A | {"dependencies": {"b": "1"}, "license": {"type": "MIT"}},
        "node_modules/b": b | {"extraneous": False},
        "node_modules/a/node_modules/b": b | {"license": "ISC"},
    }
    packages = by_name(lock_of(tmp_path, places))
    assert (packages["a"].licence, packages["b"].licence) == (None, "ISC")
