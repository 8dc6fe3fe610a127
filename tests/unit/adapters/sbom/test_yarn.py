"""Locks of Yarn: what has a format of its own, what is refused, and that no damage makes more than a clear error."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterseal.adapters.sbom.builder import LockSbomBuilder
from counterseal.errors import CountersealError, FormatError, UsageError
from counterseal.model import Subject

if TYPE_CHECKING:
    from pathlib import Path

SHA1, SHA512 = "a" * 40, "b" * 128
COMMIT = "c" * 40
V1 = "# yarn lockfile v1\n\n"
META = "__metadata:\n  version: 8\n  cacheKey: 10c0\n\n"
ROOT = '"app@workspace:.":\n  version: 0.0.0-use.local\n  resolution: "app@workspace:."\n  dependencies:\n'
ONE = f'one@^1.0.0:\n  version "1.0.0"\n  resolved "https://yarn.example/one/-/one-1.0.0.tgz#{SHA1}"\n'


def write(folder: Path, lock: str, **manifest: Any) -> Path:
    (folder / "package.json").write_text(json.dumps({"name": "app", "version": "1.0.0", **manifest}))
    (folder / "yarn.lock").write_bytes(lock.encode(errors="surrogatepass"))
    return folder


def build(folder: Path, *subjects: Subject, development: bool = False) -> dict[str, Any]:
    builder = LockSbomBuilder(development=development)
    document: dict[str, Any] = json.loads(builder.build([folder], subjects, revision=None, epoch=0).data)
    return document


def purls(document: dict[str, Any]) -> set[str]:
    return {component["purl"] for component in document["components"]}


def berry(*entries: str, needs: str = '    one: "npm:^1.0.0"\n') -> str:
    return META + ROOT + needs + "\n" + "\n".join(entries)


def entry(descriptors: str, resolution: str, version: str = "1.0.0", rest: str = "") -> str:
    return f'"{descriptors}":\n  version: {version}\n  resolution: "{resolution}"\n{rest}'


# --- version 1


def test_a_commit_in_an_address_is_no_digest_of_a_file(tmp_path: Path) -> None:
    for address in ("git+https://git.example/x.git", "https://github.com/x/y", "ssh://git@git.example/x.git"):
        lock = f'{V1}"one@{address}":\n  version "1.0.0"\n  resolved "{address}#{COMMIT}"\n'
        (component,) = build(write(tmp_path, lock, dependencies={"one": address}))["components"]
        assert COMMIT in component["purl"]
        assert "hashes" not in json.dumps(component)


def test_a_password_in_an_address_of_a_lock_comes_out_nowhere(tmp_path: Path) -> None:
    for address in (
        "https://u:s3cret@host.example/one.tgz?t=s3cret",
        "https://u:s3cret@bad host/one.tgz",
        "ftp://u:s3cret@h/x",
    ):
        lock = f'{V1}"one@{address}":\n  version "1.0.0"\n  resolved "{address}#{SHA1}"\n'
        folder = write(tmp_path, lock, dependencies={"one": address})
        assert "s3cret" not in json.dumps(build(folder))
        (folder / "yarn.lock").write_text(V1)
        with pytest.raises(UsageError, match="one is not locked") as error:
            build(folder)
        assert "s3cret" not in str(error.value)
    for reference in (
        "https://u:s3cret@host.example/one.tgz",
        "ftp://u:s3cret@host.example/one.tgz",
        "link:https://u:s3cret@h",
    ):
        with contextlib.suppress(CountersealError):
            lock = berry(entry(f"one@{reference}", f"one@{reference}"), needs=f'    one: "{reference}"\n')
            assert "s3cret" not in json.dumps(build(write(tmp_path, lock, dependencies={"one": reference})))


def test_the_version_that_the_project_resolves_to_is_taken(tmp_path: Path) -> None:
    lock = V1 + ONE.replace("^1.0.0", "1.0.0")
    for pattern in ("one", "**/one", "two/one"):
        folder = write(tmp_path, lock, dependencies={"one": "^9"}, resolutions={pattern: "1.0.0"})
        assert purls(build(folder)) == {"pkg:npm/one@1.0.0"}


def test_workspaces_are_found_by_their_patterns_and_never_behind_links(tmp_path: Path) -> None:
    for path in ("packages/a", "packages/.hidden", "deep/x/y/b", "node_modules/c", "one/d", "two/d", "outside/e"):
        (tmp_path / path).mkdir(parents=True)
        (tmp_path / path / "package.json").write_text(json.dumps({"name": path, "version": "1.0.0"}))
    (tmp_path / "packages" / "link").symlink_to(tmp_path / "outside" / "e")
    patterns = ["./packages/*/", "deep/**", "{one,two}/d", "*/c", "!outside/e"]
    document = build(write(tmp_path, V1, workspaces=patterns, private=True))
    names = {part["name"] for part in document["metadata"]["component"]["components"]}
    assert names == {"packages/a", "deep/x/y/b", "one/d", "two/d"}


@pytest.mark.parametrize("pattern", ["../*", "/etc/*", "@(a|b)", "{a,b}" * 20, "x" * 400])
def test_patterns_that_lead_out_or_cannot_be_read_are_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(UsageError, match=r"`workspaces` in package.json has the pattern"):
        build(write(tmp_path, V1, workspaces=[pattern]))


def test_a_folder_outside_of_the_repository_is_refused(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    for lock in (
        f'{V1}"one@file:../../../etc":\n  version "1.0.0"\n',
        berry(
            entry(
                "one@portal:../../etc::locator=app%40workspace%3A.", "one@portal:../../etc::locator=app%40workspace%3A."
            )
        ),
        berry(entry("one@workspace:../../etc", "one@workspace:../../etc")),
    ):
        with pytest.raises(UsageError, match="outside of the repository"):
            build(write(tmp_path / "inner", lock, dependencies={"one": "^1.0.0"}))


def test_without_a_package_json_everything_in_the_lock_may_be_needed(tmp_path: Path) -> None:
    one, other = (f'{name}@^1:\n  version "1.0.0"\n  dependencies:\n    ' for name in ("two", "three"))
    (tmp_path / "yarn.lock").write_text(f'{V1}{ONE}\n{one}three "^1"\n\n{other}two "^1"\n')
    document = build(tmp_path, Subject("shop-2.0.0.tgz", "0" * 64))
    assert document["metadata"]["component"]["name"] == "shop"
    assert {component["scope"] for component in document["components"] if "purl" in component} == {"required"}


def test_what_a_package_needs_has_to_be_locked_unless_it_is_optional(tmp_path: Path) -> None:
    needs = '  dependencies:\n    two "^2.0.0"\n'
    folder = write(tmp_path, V1 + ONE + needs, dependencies={"one": "^1.0.0"})
    with pytest.raises(FormatError, match=r"\(one\): two@\^2.0.0 is needed"):
        build(folder)
    write(tmp_path, V1 + ONE + needs.replace("dependencies", "optionalDependencies"), dependencies={"one": "^1.0.0"})
    assert purls(build(folder)) == {"pkg:npm/one@1.0.0"}


@pytest.mark.parametrize(
    "lock",
    [
        V1 + ONE + ONE,
        V1 + "one@1, one@1:\n" + ONE.partition("\n")[2],
        V1 + ONE + '  version "2.0.0"\n',
        V1 + ONE + "<<<<<<< HEAD\n",
        V1 + ONE + '    deep "1"\n',
        V1 + ONE + "  dependencies:\n      deeper 1\n",
        V1 + ONE + "   odd 1\n",
        V1 + ONE + '  open "text\n',
        V1 + ONE + '  escape "\\x"\n',
        V1 + ONE + "  three words here\n",
        V1 + ONE + "  integrity sha512-xyz\n",
        V1 + "one 1\n",
        V1 + 'one@^1.0.0:\n  version:\n    "1" "2"\n',
        V1 + "one@^1.0.0:\n",
    ],
)
def test_lines_that_yarn_does_not_write_are_refused(tmp_path: Path, lock: str) -> None:
    with pytest.raises(FormatError, match=r"yarn\.lock:"):
        build(write(tmp_path, lock, dependencies={"one": "^1.0.0"}))


def test_ranges_that_are_empty_or_have_spaces_are_read_as_yarn_does(tmp_path: Path) -> None:
    lock = V1 + ONE.replace("one@^1.0.0", 'one, "one@>= 1"')
    folder = write(
        tmp_path, lock, dependencies={"one": "", "//": ["no", "dependency"]}, devDependencies={"one": " >= 1 "}
    )
    assert purls(build(folder)) == {"pkg:npm/one@1.0.0"}


def test_lines_of_windows_and_a_mark_of_utf_8_are_read(tmp_path: Path) -> None:
    lock = "\ufeff" + (V1 + ONE).replace("\n", "\r\n")
    assert purls(build(write(tmp_path, lock, dependencies={"one": "^1.0.0"}))) == {"pkg:npm/one@1.0.0"}


# --- Yarn 2 and later


def test_the_checksum_of_a_cache_is_a_note_and_no_digest(tmp_path: Path) -> None:
    lock = berry(entry("one@npm:^1.0.0", "one@npm:1.0.0", rest=f"  checksum: 10c0/{SHA512}\n"))
    (component,) = build(write(tmp_path, lock, dependencies={"one": "^1.0.0"}))["components"]
    assert {"name": "counterseal:yarn:checksum", "value": f"10c0/{SHA512}"} in component["properties"]
    assert "hashes" not in component
    with pytest.raises(FormatError, match="one: `checksum` is none of Yarn's"):
        build(write(tmp_path, lock.replace(SHA512, "s3cret"), dependencies={"one": "^1.0.0"}))


def test_a_resolution_counts_for_the_parent_that_it_names(tmp_path: Path) -> None:
    needs = '    one: "npm:^1.0.0"\n    two: "npm:^1.0.0"\n'
    two = entry("two@npm:^1.0.0", "two@npm:1.0.0", rest='  dependencies:\n    one: "npm:^1.0.0"\n')
    ones = entry("one@npm:^1.0.0", "one@npm:1.0.0"), entry("one@npm:3.0.0", "one@npm:3.0.0", "3.0.0")
    for pattern, expected in {
        "two/one": "3.0.0",
        "two@npm:1.0.0/one@npm:^1.0.0": "3.0.0",
        "two@npm:9.0.0/one": "1.0.0",
        "one@npm:^2.0.0": "1.0.0",
    }.items():
        folder = write(
            tmp_path,
            berry(two, *ones, needs=needs),
            dependencies={"one": "^1.0.0", "two": "^1.0.0"},
            resolutions={pattern: "3.0.0"},
        )
        edges = {edge["ref"]: edge.get("dependsOn") for edge in build(folder)["dependencies"]}
        assert edges["pkg:npm/two@1.0.0"] == [f"pkg:npm/one@{expected}"], pattern
        assert "pkg:npm/one@1.0.0" in edges["part:."], pattern


def test_what_a_plugin_takes_instead_is_told_by_an_alias_alone(tmp_path: Path) -> None:
    lock = berry(entry("one@npm:other@latest", "other@npm:2.0.0", "2.0.0"))
    assert purls(build(write(tmp_path, lock, dependencies={"one": "^1.0.0"}))) == {"pkg:npm/other@2.0.0"}
    with pytest.raises(UsageError, match=r"package\.json: one is not locked"):
        build(write(tmp_path, lock.replace("npm:other@latest", "npm:2.0.0"), dependencies={"one": "^1.0.0"}))


def test_git_and_other_sources_are_told_apart_from_the_registry(tmp_path: Path) -> None:
    for reference, start in {
        f"git@git.example:x/y.git#commit={COMMIT}": f"pkg:npm/one@1.0.0?vcs_url=git%2Bssh://git.example/x/y.git%40{COMMIT}",
        f"https://git.example/x/y.git#workspace=z&commit={COMMIT}": "pkg:npm/one@1.0.0?vcs_url=git%2Bhttps",
        "https://files.example/one.tgz": "pkg:npm/one@1.0.0?download_url=https",
        "npm:1.0.0::__archiveUrl=https%3A%2F%2Fnpm.example%2Fone.tgz": "pkg:npm/one@1.0.0",
        "virtual:abc#npm:1.0.0": "pkg:npm/one@1.0.0",
    }.items():
        lock = berry(entry("one@npm:^1.0.0", f"one@{reference}"))
        (component,) = build(write(tmp_path, lock, dependencies={"one": "^1.0.0"}))["components"]
        assert component["purl"].replace("%2F", "/").replace("%3A", ":").startswith(start)


@pytest.mark.parametrize(
    ("manifest", "what"),
    [
        ({"dependencies": {}}, "one"),
        ({"dependencies": {"one": "^1.0.0", "new": "1"}}, "new"),
        ({"dependencies": {"one": "^1.1.0"}}, "one@^1.1.0"),
        ({"name": "other", "dependencies": {"one": "^1.0.0"}}, "name"),
    ],
)
def test_a_lock_that_was_not_made_again_is_refused(tmp_path: Path, manifest: dict[str, Any], what: str) -> None:
    lock = berry(entry("one@npm:^1.0.0", "one@npm:1.0.0"))
    with pytest.raises(UsageError) as error:
        build(write(tmp_path, lock, **{"license": "MIT", **manifest}))
    assert error.value.what == f"yarn.lock and package.json differ in {what}"


def test_versions_of_the_format_that_are_not_known_are_refused(tmp_path: Path) -> None:
    for version in ("3", "11", "x"):
        with pytest.raises(UsageError, match=f"format version '{version}'"):
            build(write(tmp_path, META.replace("8", version)))
    with pytest.raises(UsageError, match="not a lock file of Yarn"):
        build(write(tmp_path, "{}"))


@pytest.mark.parametrize(
    "lock",
    [
        berry(entry("one@npm:^1.0.0", "one@npm:1.0.0"), entry("one@npm:^2, one@^1.0.0", "one@npm:1.0.0")),
        berry(entry("one@npm:^1.0.0", "one")),
        berry(entry("one@npm:^1.0.0", "one@new:1.0.0")),
        berry(entry("one@npm:^1.0.0", "one@" + "patch:one@" * 20)),
        berry(entry("one@npm:^1.0.0", "one@npm:1.0.0", rest="  dependencies: 1\n")),
        berry(entry("one@npm:^1.0.0", "one@npm:1.0.0", rest='  dependencies:\n    gone: "npm:1"\n')),
        berry(entry("one@npm:^1.0.0", "one@npm:1.0.0", rest="  dependenciesMeta:\n    x: 1\n")),
        berry('"one@npm:^1.0.0": text\n'),
        META + '"":\n  version: 1\n',
        META + "? [a]\n: 1\n",
    ],
)
def test_entries_that_yarn_does_not_write_are_refused(tmp_path: Path, lock: str) -> None:
    with pytest.raises(FormatError, match=r"yarn\.lock"):
        build(write(tmp_path, lock, dependencies={"one": "^1.0.0"}))


def test_folders_within_folders_are_followed_to_an_end(tmp_path: Path) -> None:
    around = "one@portal:x::locator=one%40portal%3Ax"
    for _ in range(30):
        around = f"one@portal:x::locator={around.replace('%', '%25').replace(':', '%3A').replace('=', '%3D')}"
    with pytest.raises(CountersealError, match=r"yarn\.lock"):
        build(write(tmp_path, berry(entry(around, around)), dependencies={"one": "^1.0.0"}))


# --- both


@pytest.mark.parametrize(
    "good",
    [
        V1 + ONE + '  dependencies:\n    two "2"\n\n"two@npm:one@^1.0.0", two@2:\n  version "1.0.0"\n',
        berry(entry("one@npm:^1.0.0", "one@patch:one@npm%3A1.0.0#./x::version=1", rest="  conditions: os=linux\n")),
    ],
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_a_lock_makes_anything_but_a_clear_error(tmp_path: Path, good: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 30)))
    damaged = good[:start] + data.draw(st.text(max_size=10)) + good[end:]
    write(tmp_path, damaged, dependencies={"one": "^1.0.0"})
    with contextlib.suppress(CountersealError):
        build(tmp_path)


def test_long_lines_and_deep_names_take_no_time(tmp_path: Path) -> None:
    begin = time.monotonic()
    for lock in (
        V1 + '"' + '\\"' * 500_000,
        V1 + '"one@file:' + "../a/" * 200_000 + '":\n  version "1"\n',
        V1 + ", ".join(f"one@^{number}" for number in range(50_000)) + ":\n",
        berry(entry("one@npm:^1.0.0", "one@patch:" + "%25" * 300_000 + "#x")),
        berry("? " + "[" * 100_000),
    ):
        with pytest.raises(CountersealError):
            build(write(tmp_path, lock, dependencies={"one": "^1.0.0"}))
    assert time.monotonic() - begin < 20
