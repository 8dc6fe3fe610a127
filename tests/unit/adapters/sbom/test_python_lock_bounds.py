"""Python locks that somebody damaged, forged, or made to hang or to escape: a clear error or a right SBOM, at once."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterseal.adapters.sbom.builder import LockSbomBuilder
from counterseal.adapters.sbom.locks.python.candidates import Candidates
from counterseal.adapters.sbom.packages import pypi
from counterseal.adapters.sbom.records import Package
from counterseal.errors import CountersealError, FormatError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN_LOCKS = Path(__file__).resolve().parents[3] / "assets" / "locks"
A = "a" * 64
PROJECT = '[project]\nname = "app"\nversion = "1.0"\n'
SECONDS = 20.0
LOCKS = {
    "poetry-shop": "poetry.lock",
    "poetry1-shop": "poetry.lock",
    "pdm-shop": "pdm.lock",
    "uv-workspace": "uv.lock",
    "pylock-pdm": "pylock.toml",
    "pylock-tools": "pylock.toml",
    "pipenv-shop": "Pipfile.lock",
    "requirements-many": "dev-requirements.txt",
}
POETRY_END = '[metadata]\nlock-version = "2.1"\n'
PDM_START = '[metadata]\nlock_version = "4.5.0"\n'
PYLOCK_START = 'lock-version = "1.0"\ncreated-by = "x"\n'


@pytest.fixture(autouse=True)
def at_once(request: pytest.FixtureRequest) -> Iterator[None]:
    start = time.process_time()
    yield
    if "damage" not in request.node.name:
        assert time.process_time() - start < SECONDS


def build(folder: Path, lock: str) -> bytes:
    return LockSbomBuilder(locks=[folder / lock], development=True).build([folder], [], revision=None, epoch=0).data


def refused(folder: Path, lock: str, text: str) -> CountersealError:
    (folder / lock).write_text(text)
    with pytest.raises((FormatError, UsageError)) as caught:
        build(folder, lock)
    assert lock in caught.value.what
    return caught.value


# --- damage


@pytest.mark.parametrize("case", LOCKS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_no_damage_to_the_text_is_a_bug(tmp_path: Path, case: str, data: st.DataObject) -> None:
    lock = LOCKS[case]
    good = (OWN_LOCKS / case / "files" / lock).read_text()
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 30)))
    damaged = good[:start] + data.draw(st.text(max_size=10)) + good[end:]
    shutil.copytree(OWN_LOCKS / case / "files", tmp_path, dirs_exist_ok=True)
    (tmp_path / lock).write_text(damaged, encoding="utf-8", errors="surrogatepass")
    with contextlib.suppress(FormatError, UsageError):
        assert build(tmp_path, lock)


VALUES = ["1", "true", "[]", "[1]", "[[]]", "{}", '""', '"x"', '"\\u0001\\u202e"', '{"a": 1}', '["", {}]', '"../../x"']


@pytest.mark.parametrize("case", [case for case in LOCKS if not LOCKS[case].endswith(".txt")])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_no_damage_to_a_type_is_a_bug(tmp_path: Path, case: str, data: st.DataObject) -> None:
    lock = LOCKS[case]
    good = (OWN_LOCKS / case / "files" / lock).read_text()
    sign = ":" if lock.endswith("Pipfile.lock") else "="
    value = data.draw(st.sampled_from(VALUES)).replace(*(("{", "{") if sign == ":" else (": ", " = ")))
    places = [*re.finditer(rf'{sign} *("[^"\n]*"|\[[^\[\]\n]*\]|true|false|\{{[^{{}}\n]*\}})', good)]
    place = data.draw(st.sampled_from(places))
    damaged = f"{good[: place.start(1)]}{value}{good[place.end(1) :]}"
    shutil.copytree(OWN_LOCKS / case / "files", tmp_path, dirs_exist_ok=True)
    (tmp_path / lock).write_text(damaged)
    with contextlib.suppress(FormatError, UsageError):
        assert build(tmp_path, lock)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["a", "==", "1", ";", "-r ", "-e ", "-c ", "./", "../", "git+", "https://x.example/", "@", " @ ", "#egg=",
             "#", " # via ", "\\\n", "\n", "--hash=", "sha256:", "[", "]", "file:", ".whl", " ", "(", "'", "\0", "é"]
        ),
        max_size=25,
    ).map("".join)
)  # fmt: skip
def test_no_damage_to_requirements_is_a_bug(tmp_path: Path, text: str) -> None:
    (tmp_path / "requirements.txt").write_text(text)
    with contextlib.suppress(FormatError, UsageError):
        assert build(tmp_path, "requirements.txt")


# --- forged


@pytest.mark.parametrize(
    ("lock", "text"),
    [
        ("poetry.lock", f'[[package]]\nname = "a\\u0007"\nversion = "1"\nfiles = []\n{POETRY_END}'),
        ("poetry.lock", f'[[package]]\nname = "a"\nversion = "1\\n2"\nfiles = []\n{POETRY_END}'),
        ("pdm.lock", f'{PDM_START}[[package]]\nname = "a\\u202e"\nversion = "1"\nfiles = []\n'),
        ("pdm.lock", f'{PDM_START}[[package]]\nname = "{"a" * 600}"\nversion = "1"\nfiles = []\n'),
        ("pdm.lock", f'{PDM_START}[[package]]\nname = "a"\ndependencies = ["b; {"(" * 3000}"]\nfiles = []\n'),
        ("poetry.lock", f'[[package]]\nname = "a"\nfiles = [{{file = "a.whl", hash = "sha256:12"}}]\n{POETRY_END}'),
        ("pdm.lock", f'{PDM_START}[[package]]\nname = "a"\nfiles = [{{file = "a.whl", hash = "sha256:{A[1:]}G"}}]\n'),
        ("Pipfile.lock", '{"_meta": {"pipfile-spec": 6}, "default": {"a": {"hashes": ["sha256:zz"]}}}'),
        ("Pipfile.lock", '{"_meta": {"pipfile-spec": 6}, "default": {"a": 1}}'),
        ("Pipfile.lock", '{"_meta": {"pipfile-spec": 6}, "default": []}'),
        ("Pipfile.lock", "[" * 100_000),
        ("requirements.txt", f"a==1 --hash=sha256:{A}0\n"),
        ("requirements.txt", "a==1 --hash=sha256\n"),
        ("requirements.txt", "-r ../../../../etc/passwd\n"),
        ("requirements.txt", "-r /etc/passwd\n"),
        ("requirements.txt", "-e /etc\n"),
    ],
)
def test_what_was_forged_is_refused_by_the_name_of_the_lock(tmp_path: Path, lock: str, text: str) -> None:
    refused(tmp_path, lock, text)


def test_folders_outside_of_the_repository_are_never_opened(tmp_path: Path) -> None:
    inside, outside = tmp_path / "repository", tmp_path / "outside"
    (inside / ".git").mkdir(parents=True)
    outside.mkdir()
    (outside / "pyproject.toml").write_text('[project]\nname = "secret-name"\n')
    poetry = '[[package]]\nname = "a"\nversion = "1"\nfiles = []\n[package.source]\ntype = "directory"\n'
    for lock, text in {
        "poetry.lock": f'{poetry}url = "../outside"\n{POETRY_END}',
        "pdm.lock": f'{PDM_START}[[package]]\nname = "a"\nversion = "1"\npath = "../outside"\nfiles = []\n',
        "pylock.toml": f'{PYLOCK_START}[[packages]]\nname = "a"\ndirectory = {{ path = "../outside" }}\n',
        "Pipfile.lock": '{"_meta": {"pipfile-spec": 6}, "default": {"a": {"path": "../outside"}}}',
    }.items():
        (inside / lock).write_text(text)
        document = build(inside, lock).decode()
        assert [one["name"] for one in json.loads(document)["components"]] == ["a"]
        assert "outside" not in document
        assert "secret-name" not in document
        (inside / lock).unlink()


def test_a_link_that_is_included_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hidden==1\n")
    (tmp_path / "more.txt").symlink_to("secret")
    (tmp_path / "requirements.txt").write_text("-r more.txt\n")
    with pytest.raises(UsageError, match="symlink"):
        build(tmp_path, "requirements.txt")


def test_circles_and_twins_are_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f'{PROJECT}dependencies = ["a"]\n')
    entry = '[[package]]\nname = "{}"\nversion = "1"\nfiles = []\n[package.dependencies]\n{} = "*"\n'
    poetry = entry.format("a", "b") + entry.format("b", "a") + entry.format("b", "b") + POETRY_END
    pdm = PDM_START + "".join(
        f'[[package]]\nname = "{one}"\nversion = "1"\nfiles = []\ndependencies = ["{other}", "{one}"]\n'
        for one, other in ("ab", "ba", "ba")
    )
    for lock, text in {"poetry.lock": poetry, "pdm.lock": pdm}.items():
        (tmp_path / lock).write_text(text)
        document = json.loads(build(tmp_path, lock))
        found = {(edge["ref"], to) for edge in document["dependencies"] for to in edge.get("dependsOn", ())}
        one, other = "pkg:pypi/a@1", "pkg:pypi/b@1"
        assert found == {("part:.", one), (one, other), (other, one)}
        (tmp_path / lock).unlink()


# --- too much


@pytest.mark.slow
def test_too_many_packages_files_and_edges_are_refused(tmp_path: Path) -> None:
    names = "".join(f"p{number}\n" for number in range(100_001))
    assert "more than 100000 packages" in refused(tmp_path, "requirements.txt", names).what
    for number in range(101):
        (tmp_path / f"r{number}.txt").write_text(f"-r r{number + 1}.txt\n")
    (tmp_path / "r101.txt").write_text("")
    assert "too many files" in refused(tmp_path, "r0.txt", "-r r1.txt\n").what
    needs = ",".join(f"p{number}" for number in range(1000))
    text = "".join(f"p{number % 1000}==1.{number} # via {needs}\n" for number in range(2100))
    assert "edges" in refused(tmp_path, "requirements.txt", text).what


@pytest.mark.slow
def test_versions_are_not_compared_for_ever() -> None:
    versions = [Package(f"p{number}", pypi("p", None), "p", f"1.{number}") for number in range(100)]
    known = Candidates("poetry.lock", versions)

    def compare() -> None:
        for number in range(2_001):
            assert known.fitting("p", f">=1.{number}", "a", may_miss=False)

    with pytest.raises(UsageError, match=r"poetry\.lock has too many versions of p"):
        compare()


@pytest.mark.parametrize(
    "text",
    [
        "./" + "[x" * 2_000_000 + "\n",
        "x" + " -" * 4_000_000 + "(\n",
        "git+https://" + "@" * 2_000_000 + "/x\n",
        "https://x/" + "x@" * 2_000_000 + "#" + "egg=" * 100_000 + "\n",
        "a @ " * 2_000_000 + "\n",
        "-e " + "./x/../" * 1_000_000 + "../../..\n",
        "p==1 # via" + " a" * 4_000_000 + "\n(\n",
    ],
    ids=["brackets", "options", "users", "eggs", "addresses", "folders", "via"],
)
def test_lines_that_a_reader_would_be_lost_in(tmp_path: Path, text: str) -> None:
    refused(tmp_path, "requirements.txt", text)


@pytest.mark.parametrize(
    "line", ["-----BEGIN PRIVATE KEY-----", "--nothing", "--hash=sha256:" + A, "-x a==1", "--pretend"]
)
def test_options_that_pip_does_not_have_are_no_empty_lock(tmp_path: Path, line: str) -> None:
    (tmp_path / "requirements.txt").write_text(f"-ihttps://python.example/simple\n--pre\n-f wheels\n{line}\n")
    with pytest.raises(FormatError) as caught:
        build(tmp_path, "requirements.txt")
    assert caught.value.what.startswith("requirements.txt:4: ")
