"""Project files that somebody made to hang or to break the reader: each is refused by its name, and at once."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterseal.adapters.sbom.builder import LockSbomBuilder
from counterseal.adapters.sbom.descriptions.description import Places
from counterseal.adapters.sbom.toml import toml_table
from counterseal.errors import CountersealError, FormatError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROJECT = '[project]\nname = "app"\nversion = "1.0"\ndependencies = []\n'
HASH = "--hash=sha256:" + "a" * 64
#: Far more than any of these takes now, far less than each took.
SECONDS = 8.0


@pytest.fixture(autouse=True)
def at_once() -> Iterator[None]:
    start = time.perf_counter()
    yield
    assert time.perf_counter() - start < SECONDS


def refused(folder: Path, **files: str) -> CountersealError:
    """Return why no SBOM is made of a project with these files (their dots written as `__`)."""
    (folder / "pyproject.toml").write_text(PROJECT)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)
    with pytest.raises((FormatError, UsageError)) as caught:
        LockSbomBuilder(places=Places(python=(folder,))).build([folder], [], revision=None, epoch=0)
    return caught.value


DOTTED = {
    "key": ".".join(["a"] * 200_000) + " = 1\n",
    "quoted key": ".".join(['"a"'] * 100_000) + " = 1\n",
    "key with blanks": " . ".join(["a"] * 100_000) + " = 1\n",
    "key in an inline table": "x = { " + ".".join(["a"] * 200_000) + " = 1 }\n",
    "key in an array": "x = [1, { b = 1, " + ".".join(["a"] * 200_000) + " = 1 }]\n",
    "header": "[" + ".".join(["a"] * 200_000) + "]\n",
    "header of a list": "[[" + ".".join(["a"] * 200_000) + "]]\n",
    "key after a tricky string": 'x = """a"""" # "\n' + ".".join(["a"] * 200_000) + " = 1\n",
    "key after a tricky literal": "x = '''a''''\n" + ".".join(["a"] * 200_000) + " = 1\n",
    "brackets after a tricky string": 'x = ["""a"""", ' + "[" * 200_000,
    "brackets after a comment": "x = 1 # '''\ny = " + "[" * 200_000,
    "inline tables": "x = " + "{ a = " * 100_000,
}


@pytest.mark.parametrize("case", DOTTED)
@pytest.mark.parametrize("name", ["uv__lock", "pylock__toml", "pyproject__toml"])
def test_toml_that_a_parser_would_be_lost_in(tmp_path: Path, case: str, name: str) -> None:
    error = refused(
        tmp_path, **{"uv__lock": "version = 1\n"} if name == "pyproject__toml" else {}, **{name: DOTTED[case]}
    )
    assert name.replace("__", ".") in error.what
    assert "parts in a key" in error.why or "1048576" in error.why


def test_ordinary_toml_is_read_whatever_stands_in_its_strings(tmp_path: Path) -> None:
    content = (
        'a.b.c = "' + "." * 100 + '"\nd = """' + "[" * 100 + "\n" + ".x" * 100 + '"""""\n'
        "e = '''"
        + "{" * 100
        + "''''\nf = [2024-01-01T00:00:00.5Z, 1.5, 1.25, '[[[']  # "
        + "[" * 100
        + "\n[t.'x.y.z']\nk = 1\n"
    )
    (tmp_path / "x.toml").write_text(content)
    data = toml_table((tmp_path / "x.toml").read_bytes(), "x.toml").data
    assert data["a"]["b"]["c"] == "." * 100
    assert data["d"].endswith('.x""')
    assert data["t"]["x.y.z"]["k"] == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(
    st.lists(
        st.sampled_from(["a", ".", "=", "[", "]", "{", "}", '"', "'", '"""', "'''", "\\", "#", "\n", " ", "1", ","]),
        max_size=60,
    ).map("".join)
)
def test_no_toml_is_a_bug(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.toml").write_text(text)
    with contextlib.suppress(FormatError):
        toml_table((tmp_path / "x.toml").read_bytes(), "x.toml")


@pytest.mark.parametrize(
    "content",
    [
        f"a==1; {'(' * 3000}python_version > '3'{')' * 3000} {HASH}\n",
        f"a==1; {'(' * 500_000} {HASH}\n",
        f"a[{'b,' * 200_000}c]==1 {HASH}\n",
        "a==1 \\\n" * 400_000,
        "x --hash=sha256:" + "--hash=sha256:" * 100_000 + "\n",
        "a==1 # via " + "b " * 400_000 + "\n(\n",
        "a\\\n" * 1_000_000,
    ],
    ids=["nested", "open", "extras", "continued", "hashes", "via", "short-continued"],
)
def test_requirements_that_a_parser_would_be_lost_in(tmp_path: Path, content: str) -> None:
    assert "requirements.txt" in refused(tmp_path, requirements__txt=content).what


def test_requirements_of_which_each_needs_each(tmp_path: Path) -> None:
    lines = [f"p{number}=={number} {HASH}\n" for number in range(9_000)]
    lines[0] += "    # via " + ", ".join(f"p{number}" for number in range(9_000)) + "\n"
    (tmp_path / "requirements.txt").write_text("".join(lines[:300]))
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    assert LockSbomBuilder().build([tmp_path], [], revision=None, epoch=0).data


def test_one_name_a_thousand_times(tmp_path: Path) -> None:
    lines = "".join(f"p==1.{number} {HASH}\n" for number in range(1_000))
    assert refused(tmp_path, requirements__txt=lines).what == "requirements.txt has p 1000 times"
    (tmp_path / "requirements.txt").unlink()
    entries = "".join(
        f'[[packages]]\nname = "p"\nversion = "1.{number}"\n'
        f'sdist = {{ url = "https://files.example/p-1.{number}.tar.gz", hashes = {{ sha256 = "{"a" * 64}" }} }}\n'
        for number in range(1_000)
    )
    head = 'lock-version = "1.0"\ncreated-by = "x"\n'
    assert refused(tmp_path, pylock__toml=head + entries).what == "pylock.toml has p 1000 times"
    own = '[[package]]\nname = "app"\nversion = "1.0"\nsource = { editable = "." }\n'
    entries = "".join(f'[[package]]\nname = "p"\nversion = "1.{number}"\n' for number in range(1_000))
    assert refused(tmp_path, uv__lock="version = 1\n" + own + entries).what == "uv.lock has p 1000 times"


@pytest.mark.parametrize("marker", ["(" * 3000 + "python_version > '3'" + ")" * 3000, "(" * 100_000])
def test_nested_markers_name_their_file(tmp_path: Path, marker: str) -> None:
    head = 'lock-version = "1.0"\ncreated-by = "x"\n'
    content = f'{head}[[packages]]\nname = "p"\nversion = "1"\nmarker = "{marker}"\n'
    assert "pylock.toml" in refused(tmp_path, pylock__toml=content).what
    assert "pylock.toml" in refused(tmp_path, pylock__toml=f'{head}environments = ["{marker}"]\npackages = []\n').what
    (tmp_path / "pylock.toml").unlink()
    content = PROJECT.replace("[]", f'["p; {marker}"]')
    error = refused(tmp_path, uv__lock="version = 1\n", pyproject__toml=content)
    assert "pyproject.toml" in error.what


# --- what is no plain file -------------------------------------------------------------------


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.mkdir()


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


ODD = [_pipe, _folder, _loop, _device, _socket]


@pytest.mark.parametrize("make", ODD)
@pytest.mark.parametrize("name", ["uv.lock", "pylock.toml", "requirements.txt", "pyproject.toml"])
def test_what_is_no_plain_file_is_refused_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: object, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert callable(make)
    if name != "pyproject.toml":
        (tmp_path / "pyproject.toml").write_text(PROJECT)
    make(tmp_path / name)
    with pytest.raises(UsageError) as caught:
        LockSbomBuilder(locks=[tmp_path / name]).build([tmp_path], [], revision=None, epoch=0)
    assert name in caught.value.what


# --- what installed packages say ------------------------------------------------------------------


def sbom(folder: Path) -> bytes:
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "requirements.txt").write_text(f"rich==1 {HASH}\n")
    return LockSbomBuilder(places=Places(python=(folder,))).build([folder], [], revision=None, epoch=0).data


def installed(folder: Path) -> Path:
    (folder / "rich-1.dist-info").mkdir()
    return folder / "rich-1.dist-info" / "METADATA"


def test_metadata_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    installed(tmp_path).write_bytes(b"Name: rich\nVersion: 1\nLicense: caf\xe9\n")
    with pytest.raises(FormatError, match=r"rich-1\.dist-info/METADATA: not UTF-8"):
        sbom(tmp_path)


def test_a_description_may_be_in_any_encoding(tmp_path: Path) -> None:
    installed(tmp_path).write_bytes(b"Name: rich\r\nVersion: 1\r\nLicense-Expression: MIT\r\n\r\ncaf\xe9\r\n")
    assert b'"MIT"' in sbom(tmp_path)


@pytest.mark.parametrize("make", [_pipe, _folder])
def test_metadata_that_is_no_plain_file_is_named(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(installed(tmp_path))
    with pytest.raises(UsageError, match=r"rich-1\.dist-info/METADATA is a (pipe|folder)"):
        sbom(tmp_path)


@pytest.mark.parametrize("make", [_loop, _device])
def test_a_link_to_metadata_is_passed_over(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(installed(tmp_path))
    assert b'"licenses"' not in sbom(tmp_path)


def test_huge_metadata_is_refused(tmp_path: Path) -> None:
    with installed(tmp_path).open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(UsageError, match=r"rich-1\.dist-info/METADATA: 1099511627776 bytes"):
        sbom(tmp_path)


@pytest.mark.parametrize(
    "licence", ["(" * 5000 + "MIT" + ")" * 5000, " AND ".join(["MIT"] * 5000), "MIT AND (" * 12 + "X" + ")" * 12]
)
def test_a_licence_to_lose_oneself_in_is_left_out_or_taken_as_it_is(tmp_path: Path, licence: str) -> None:
    installed(tmp_path).write_text(f"Name: rich\nVersion: 1\nLicense-Expression: {licence}\n")
    assert sbom(tmp_path)
