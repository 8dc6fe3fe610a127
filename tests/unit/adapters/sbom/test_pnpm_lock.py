"""pnpm-lock.yaml: peers, links, copied folders, sources, two documents, what is refused."""

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

from counterseal.adapters.sbom.builder import LockSbomBuilder
from counterseal.adapters.sbom.records import Origin, Scope
from counterseal.adapters.sbom.yaml import yaml_tables
from counterseal.errors import CountersealError, FormatError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.adapters.sbom.records import Lock

LOCK = "pnpm-lock.yaml"
SRI = {"resolution": {"integrity": SHA512}}


def needs(**versions: str) -> dict[str, Any]:
    return {name: {"specifier": "*", "version": version} for name, version in versions.items()}


ROOT = {"dependencies": needs(a="1.0.0")}
PACKAGES = {"a@1.0.0": SRI}
SNAPSHOTS: dict[str, Any] = {"a@1.0.0": {}}


def content(
    packages: dict[str, Any] | None = None, snapshots: dict[str, Any] | None = None, **rest: Any
) -> dict[str, Any]:
    return {
        "lockfileVersion": "9.0",
        "importers": {".": ROOT},
        "packages": PACKAGES | (packages or {}),
        "snapshots": SNAPSHOTS | (snapshots or {}),
    } | rest


def lock_of(folder: Path, lock: Any, *, manifest: dict[str, Any] = MANIFEST, project: str = ".") -> Lock:
    write(folder, {"package.json": manifest, LOCK: lock})
    return read(folder, LOCK, project)


def refusal(folder: Path, lock: Any, **rest: Any) -> CountersealError:
    with pytest.raises((FormatError, UsageError)) as caught:
        lock_of(folder, lock, **rest)
    return caught.value


# --- versions and documents ------------------------------------------------------------------


@pytest.mark.parametrize("version", ["5.4", "7.0", "10.0", "", None, ["9.0"]])
def test_another_version_is_refused_with_the_command_that_writes_a_known_one(tmp_path: Path, version: object) -> None:
    problem = refusal(tmp_path, content(lockfileVersion=version))
    assert isinstance(problem, UsageError)
    assert "pnpm install --lockfile-only" in problem.fix


def test_an_old_lock_of_a_single_project_has_it_at_the_top(tmp_path: Path) -> None:
    lock = lock_of(tmp_path, {"lockfileVersion": "6.0", **ROOT, "packages": {"/a@1.0.0": SRI}})
    assert lock.root.dependencies == ("pkg:npm/a@1.0.0",)


def test_pnpm_itself_and_what_configures_it_are_there_for_developers(tmp_path: Path) -> None:
    environment = {
        "lockfileVersion": "9.0",
        "importers": {
            ".": {"configDependencies": needs(c="1.0.0"), "packageManagerDependencies": needs(pnpm="12.0.0")}
        },
        "packages": {"c@1.0.0": SRI, "pnpm@12.0.0": SRI},
        "snapshots": {"c@1.0.0": {}, "pnpm@12.0.0": {}},
    }
    lock = lock_of(tmp_path, f"---\n{json.dumps(environment)}\n---\n{json.dumps(content())}\n")
    scopes = {package.name: package.scope for package in lock.packages}
    assert scopes == {"a": Scope.REQUIRED, "c": Scope.EXCLUDED, "pnpm": Scope.EXCLUDED}
    assert lock.root.development == ("pkg:npm/c@1.0.0", "pkg:npm/pnpm@12.0.0")


def test_a_third_document_is_refused(tmp_path: Path) -> None:
    assert "too many documents" in refusal(tmp_path, f"{json.dumps(content())}\n---\na: b\n---\na: b\n").what


# --- edges and sources -----------------------------------------------------------------------


def test_a_package_with_several_sets_of_peers_is_one_that_needs_all_of_them(tmp_path: Path) -> None:
    lock = lock_of(
        tmp_path,
        content(
            {"p@1.0.0": SRI, "p@2.0.0": SRI, "b@1.0.0": SRI},
            {
                "a@1.0.0": {
                    "dependencies": {"b": "1.0.0(p@1.0.0)"},
                    "optionalDependencies": {"b2": "b@1.0.0(p@2.0.0(a@1.0.0))"},
                },
                "b@1.0.0(p@1.0.0)": {"dependencies": {"p": "1.0.0"}},
                "b@1.0.0(p@2.0.0(a@1.0.0))": {"dependencies": {"p": "2.0.0"}},
                "p@1.0.0": {},
                "p@2.0.0": {},
            },
        ),
    )
    assert purls(lock) == ["pkg:npm/a@1.0.0", "pkg:npm/b@1.0.0", "pkg:npm/p@1.0.0", "pkg:npm/p@2.0.0"]
    one = next(package for package in lock.packages if package.name == "b")
    assert one.dependencies == ("pkg:npm/p@1.0.0", "pkg:npm/p@2.0.0")


@pytest.mark.parametrize(
    ("key", "version"),
    [
        ("/a@1.0.0(b@2.0.0)(c@1.0.0)", "1.0.0(b@2.0.0)(c@1.0.0)"),
        ("/a@1.0.0_abcdefghijklmnop", "1.0.0_abcdefghijklmnop"),
        ("/@s/a@1.0.0", "/@s/a@1.0.0"),
        ("/real@1.0.0", "/real@1.0.0"),
    ],
)
def test_ids_of_version_6_are_read(tmp_path: Path, key: str, version: str) -> None:
    lock = lock_of(tmp_path, {"lockfileVersion": "6.0", "dependencies": needs(a=version), "packages": {key: SRI}})
    assert [package.version for package in lock.packages] == ["1.0.0"]
    assert lock.root.dependencies == (lock.packages[0].key,)


COMMIT = "c" * 40


@pytest.mark.parametrize(
    ("address", "location"),
    [
        (f"https://codeload.github.com/x/y/tar.gz/{COMMIT}", "https://github.com/x/y"),
        (f"https://gitlab.com/api/v4/projects/x%2Fy/repository/archive.tar.gz?ref={COMMIT}", "https://gitlab.com/x/y"),
        (f"https://gitlab.com/x/z/y/-/archive/{COMMIT}/y-{COMMIT}.tar.gz", "https://gitlab.com/x/z/y"),
        (f"https://bitbucket.org/x/y/get/{COMMIT}.tar.gz", "https://bitbucket.org/x/y"),
    ],
)
def test_an_archive_that_a_forge_makes_of_a_revision_is_from_git(tmp_path: Path, address: str, location: str) -> None:
    packages = {f"g@{address}": {"resolution": {"tarball": address}, "version": "1.2.0"}}
    one = by_name(lock_of(tmp_path, content(packages, {f"g@{address}": {}})))["g"]
    assert (one.origin, one.version, one.location, one.revision) == (Origin.GIT, "1.2.0", location, COMMIT)


def test_a_package_says_where_it_comes_from(tmp_path: Path) -> None:
    packages = {
        "u@https://me:pw@files.example/u.tgz": {
            "resolution": {"tarball": "https://me:pw@files.example/u.tgz", "integrity": SHA512},
            "version": "1.0.0",
        },
        "g@git+ssh://git@git.example/x.git#" + COMMIT: {
            "resolution": {"type": "git", "repo": "ssh://git@git.example/x.git", "commit": COMMIT},
            "version": "2.0.0",
        },
        "f@file:v/f.tgz": {"resolution": {"tarball": "file:v/f.tgz", "integrity": SHA512}, "version": "3.0.0"},
        "r@1.0.0": {"resolution": {"tarball": "https://npm.example/download/r/1.0.0/abc", "integrity": SHA512}},
        "node@runtime:22.0.0": {
            "resolution": {
                "type": "variations",
                "variants": [
                    {
                        "resolution": {"type": "binary", "url": "https://node.example/n.tar.gz", "integrity": SHA512},
                        "targets": [],
                    }
                ],
            },
            "version": "22.0.0",
        },
    }
    locked = by_name(lock_of(tmp_path, content(packages, {name: {} for name in packages})))
    assert {name: (one.origin, one.version) for name, one in locked.items()} == {
        "a": (Origin.REGISTRY, "1.0.0"),
        "u": (Origin.URL, "1.0.0"),
        "g": (Origin.GIT, "2.0.0"),
        "f": (Origin.PATH, "3.0.0"),
        "r": (Origin.REGISTRY, "1.0.0"),
        "node": (Origin.URL, "22.0.0"),
    }
    assert locked["u"].location == "https://files.example/u.tgz"
    assert locked["node"].purl.to_string() == "pkg:generic/node@22.0.0"
    assert [file.name for file in locked["node"].files] == ["n.tar.gz"]


def test_a_patched_package_says_so() -> None:
    lock = read(LOCKS / "pnpm-v6-shop" / "files", LOCK)
    assert {note for package in lock.packages for note in package.notes} == {
        ("pnpm-patch-hash", "vaomgfo2tntqtdlzzzjkp66wwq")
    }


# --- parts -----------------------------------------------------------------------------------


def test_links_lead_from_the_importer_or_from_the_lock_and_are_parts(tmp_path: Path) -> None:
    importers = {".": ROOT, "packages/web": {"dependencies": needs(core="link:../core")}}
    lock = lock_of(
        tmp_path, content(None, {"a@1.0.0": {"dependencies": {"core": "link:packages/core"}}}, importers=importers)
    )
    assert {(part.path, part.name, part.dependencies) for part in lock.parts} == {
        ("packages/core", "core", ()),
        ("packages/web", "web", ("part:packages/core",)),
    }
    assert lock.packages[0].dependencies == ("part:packages/core",)


def test_a_link_to_what_a_project_publishes_is_a_link_to_the_project(tmp_path: Path) -> None:
    importers = {
        ".": ROOT,
        "core": {"publishDirectory": "dist"},
        "web": {"dependencies": needs(core="link:../core/dist")},
    }
    parts = {part.path: part for part in lock_of(tmp_path, content(importers=importers)).parts}
    assert parts.keys() == {"core", "web"}
    assert parts["web"].dependencies == ("part:core",)


def test_links_that_the_lock_leaves_out_by_its_settings_are_taken_from_the_manifest(tmp_path: Path) -> None:
    manifest = MANIFEST | {"devDependencies": {"rules": "link:tools/rules"}}
    lock = lock_of(tmp_path, content(settings={"excludeLinksFromLockfile": True}), manifest=manifest)
    assert lock.root.development == ("part:tools/rules",)
    assert "different dependencies: rules" in refusal(tmp_path, content(), manifest=manifest).what


def test_a_workspace_without_a_project_at_its_top_has_a_root_that_needs_its_members(tmp_path: Path) -> None:
    lock = content(importers={"packages/web": ROOT})
    root = lock_of(tmp_path, lock, manifest={"private": True}).root
    assert (root.name, root.dependencies) == ("workspace", ("part:packages/web",))


def test_a_copied_member_is_the_member() -> None:
    lock = read(LOCKS / "pnpm-v6-shop" / "files", LOCK)
    web = next(part for part in lock.parts if part.name == "@shop/web")
    core = [part for part in lock.parts if part.name == "@shop/core"]
    assert "part:packages/core" in web.dependencies
    assert [part.dependencies for part in core] == [("pkg:npm/is-number@7.0.0", "pkg:npm/react@17.0.2")]


@pytest.mark.parametrize(
    "rest",
    [
        {"overrides": {"gone": "-"}},
        {"pnpmfileChecksum": "sha256-x"},
    ],
)
def test_what_pnpm_is_told_to_take_away_does_not_make_a_lock_stale(tmp_path: Path, rest: dict[str, Any]) -> None:
    manifest = MANIFEST | {"devDependencies": {"gone": "1"}, "optionalDependencies": {"never": "1"}}
    assert purls(lock_of(tmp_path, content(**rest), manifest=manifest)) == ["pkg:npm/a@1.0.0"]
    assert "different dependencies: gone" in refusal(tmp_path, content(), manifest=manifest).what


def test_peers_that_pnpm_installs_by_itself_do_not_make_a_lock_stale(tmp_path: Path) -> None:
    importers = {".": {"dependencies": needs(a="1.0.0", p="1.0.0")}}
    lock = content({"p@1.0.0": SRI}, {"p@1.0.0": {}}, importers=importers)
    assert len(lock_of(tmp_path, lock, manifest=MANIFEST | {"peerDependencies": {"p": "*"}}).packages) == 2
    assert "different dependencies: p" in refusal(tmp_path, lock).what


# --- hostile ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lock", "what"),
    [
        (content(importers={".": {"dependencies": needs(b="1.0.0")}}), "have different dependencies: a, b"),
        (content(importers={".": {"dependencies": needs(a="2.0.0")}}), "a 2.0.0 is needed"),
        (content(None, {"a@1.0.0": {"dependencies": {"b": "1.0.0"}}}), "b 1.0.0 is needed"),
        (content(None, {"b@1.0.0": {}}), "'b@1.0.0' is not among the packages"),
        (content(None, {"a@1.0.0": {"dependencies": {"b": "link:../../x"}}}), "lies outside of the repository"),
        (content(importers={".": ROOT, "../x": {}}), "lies outside of the repository"),
        (
            content({"d@file:x": {"resolution": {"type": "directory", "directory": "../x"}}}, {"d@file:x": {}}),
            "lies outside of the repository",
        ),
        (content({"d@1.0.0": {"resolution": {"type": "magic"}}}, {"d@1.0.0": {}}), "its source is a 'magic'"),
        (content({"nothing": SRI}, {"nothing": {}}), "'nothing' is not an id of a package"),
        (content({"..@1.0.0": SRI}, {"..@1.0.0": {}}), "'..' is not a name of a package"),
        (content({"a/b/c@1.0.0": SRI}, {"a/b/c@1.0.0": {}}), "'a/b/c' is not a name of a package"),
        (content({"d@1.0.0": {"resolution": {"integrity": "sha512-AAAA"}}}, {"d@1.0.0": {}}), "is not a sha512"),
        (content(packages={"d@1.0.0": []}), "is not a table"),
        (content(importers={}), "pnpm-lock.yaml is not of ."),
        ({"lockfileVersion": "6.0", **ROOT, "packages": {"host/a/1": SRI}}, "`name` is missing"),
    ],
)
def test_what_pnpm_never_writes_is_refused(tmp_path: Path, lock: dict[str, Any], what: str) -> None:
    problem = refusal(tmp_path, lock)
    assert what in problem.what
    assert LOCK in problem.what


@pytest.mark.parametrize("brackets", ["(" * 1_000_000 + ")" * 1_000_000, ")(" * 1_000_000, "()" * 1_000_000])
def test_brackets_without_end_are_refused_at_once(tmp_path: Path, brackets: str) -> None:
    start = time.process_time()
    refusal(tmp_path, f"{json.dumps(content())[:-2]}, ? b@1{brackets} : {{}}}}}}")
    assert time.process_time() - start < 10


@pytest.mark.slow
def test_20_000_packages_in_a_circle_are_read_in_seconds(tmp_path: Path) -> None:
    count = 20_000
    packages = {f"p{index}@1.0.0": SRI for index in range(count)}
    peers = "(x@1.0.0(y@1.0.0))"
    snapshots = {
        f"p{index}@1.0.0{peers}": {
            "dependencies": {f"p{(7 * index + step) % count}": f"1.0.0{peers}" for step in range(3)}
        }
        for index in range(count)
    }
    start = time.process_time()
    assert len(lock_of(tmp_path, content(packages, snapshots)).packages) == count + 1
    assert time.process_time() - start < 40


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.data(), st.sampled_from(["pnpm-v6-shop", "pnpm-v9-shop"]))
def test_no_damage_to_a_lock_makes_anything_but_a_clear_error(tmp_path: Path, data: st.DataObject, case: str) -> None:
    files = LOCKS / case / "files"
    documents = yaml_tables((files / LOCK).read_bytes(), LOCK, max_documents=2)
    lock = "\n---\n".join(json.dumps(damaged(document.data, data)) for document in documents)
    write(tmp_path, {"package.json": (files / "package.json").read_text(), LOCK: lock})
    with contextlib.suppress(FormatError, UsageError):
        LockSbomBuilder(development=True).build([tmp_path], [], revision=None, epoch=0)
