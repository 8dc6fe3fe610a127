"""Names of released files, and checksum lists."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal import identifiers
from counterseal.errors import CountersealError, FormatError, UsageError
from counterseal.formats import subject
from counterseal.model import Subject

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = hashlib.sha256(b"x").hexdigest()


@pytest.mark.parametrize(
    "name",
    ["app-1.2.0-py3-none-any.whl", "app-1.2.0.tar.gz", "app_1.0+local.zip", "SHA256SUMS.txt", "a", "a" * 200, "0"],
)
def test_names_that_github_keeps_are_taken(name: str) -> None:
    subject.check_name(name)
    assert subject.make(name, DIGEST, 1) == Subject(name, DIGEST)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("my app.whl", "GitHub would rename it because of ' '"),
        ("app~1.whl", "'~'"),
        ("app:1.whl", "':'"),
        ("app(1).whl", "'(', ')'"),
        ("app\n.whl", r"'\n'"),
        ("app\u202egnp.whl", r"'\u202e'"),
        ("äpp.whl", "'ä'"),
        ("dist/app.whl", "no folder part"),
        ("..\\app.whl", "no folder part"),
        ("-rf", "leading dash"),
        (".hidden", "dots at the ends"),
        ("app.", "dots at the ends"),
        ("a..b", "two dots"),
        ("a" * 201, "201 characters"),
        ("manifest.json", "itself"),
        ("Manifest.JSON", "itself"),
        ("app.whl.sigstore.json", "itself"),
        ("app.whl.vsa.sigstore.json", "itself"),
        ("evidence.0123.json", "itself"),
    ],
)
def test_other_names_are_refused_with_why_and_fix(name: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        subject.check_name(name)
    assert why in caught.value.why
    assert caught.value.fix
    assert caught.value.exit_code == 2


def test_the_fix_proposes_a_name_that_is_taken() -> None:
    with pytest.raises(UsageError) as caught:
        subject.check_name("my app (1).whl")
    proposed = caught.value.fix.rpartition(" ")[2]
    assert proposed == "my.app.1.whl"
    subject.check_name(proposed)


def test_every_name_of_our_own_is_reserved() -> None:
    own = {value for key, value in vars(identifiers).items() if key.endswith("_FILE")}
    assert own == subject.RESERVED


@given(st.text(max_size=30))
def test_a_name_is_either_taken_or_refused_with_a_usage_error(name: str) -> None:
    try:
        subject.check_name(name)
    except UsageError:
        return
    assert name.isascii()
    assert subject.is_plain(name)
    assert not set(name) & set(" ~:()/\\")


def test_empty_files_and_malformed_digests_are_refused() -> None:
    with pytest.raises(UsageError, match="empty"):
        subject.make("app.whl", DIGEST, 0)
    with pytest.raises(FormatError):
        subject.make("app.whl", DIGEST.upper(), 1)


def test_subjects_stand_in_the_order_of_their_names() -> None:
    listed = [Subject("b", DIGEST), Subject("a", DIGEST), Subject("C", DIGEST)]
    assert [each.name for each in subject.together(listed)] == ["C", "a", "b"]


def test_none_too_many_and_double_subjects_are_refused() -> None:
    with pytest.raises(UsageError, match="nothing to sign"):
        subject.together([])
    many = [Subject(f"f{number}", DIGEST) for number in range(129)]
    assert len(subject.together(many[:128])) == 128
    with pytest.raises(UsageError, match="129 files"):
        subject.together(many)
    with pytest.raises(UsageError, match="two files are called a"):
        subject.together([Subject("a", DIGEST), Subject("a", "0" * 64)])
    with pytest.raises(UsageError, match="a and A"):
        subject.together([Subject("a", DIGEST), Subject("A", DIGEST)])


def test_a_list_of_coreutils_is_read(tmp_path: Path) -> None:
    if not (tool := shutil.which("sha256sum")):
        pytest.skip("sha256sum is missing; to get it: apt-get install coreutils")
    for name in ("a.whl", "b.tar.gz"):
        (tmp_path / name).write_bytes(name.encode())
    for options in ([], ["--binary"]):
        done = subprocess.run([tool, *options, "a.whl", "b.tar.gz"], cwd=tmp_path, capture_output=True, check=True)
        found = subject.parse_checksums(done.stdout, "SHA256SUMS")
        assert [(each.path, each.digest) for each in found] == [
            (name, hashlib.sha256(name.encode()).hexdigest()) for name in ("a.whl", "b.tar.gz")
        ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"\\{DIGEST}  a\\nb\n", "SHA256SUMS:1: an escaped name"),
        (f"SHA256 (a) = {DIGEST}\n", "BSD format"),
        (f"{DIGEST} a\n", "SHA256SUMS:1"),
        (f"{DIGEST[:-1]}  a\n", "SHA256SUMS:1"),
        (f"{DIGEST}  a\r\n", "SHA256SUMS:1"),
        (f"{DIGEST}  a\n\n{DIGEST}  b\n", "SHA256SUMS:2"),
        (f"{DIGEST}  a\n{DIGEST}  a\n", "appears twice"),
        ("", "SHA256SUMS:1"),
    ],
)
def test_other_lists_are_refused_by_line(text: str, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        subject.parse_checksums(text.encode(), "SHA256SUMS")
    assert message in str(caught.value)


def test_huge_and_undecodable_lists_are_refused() -> None:
    with pytest.raises(FormatError, match="too many"):
        subject.parse_checksums(b"x" * (subject.MAX_CHECKSUMS_BYTES + 1), "SHA256SUMS")
    with pytest.raises(FormatError, match="not UTF-8"):
        subject.parse_checksums(b"\xff\xfe", "SHA256SUMS")


@given(st.binary(max_size=200))
def test_no_bytes_make_the_list_reader_fail_otherwise(data: bytes) -> None:
    with contextlib.suppress(CountersealError):
        subject.parse_checksums(data, "SHA256SUMS")


@pytest.mark.parametrize(
    ("tag", "file", "other"),
    [
        ("v1.2.0", "app-1.2.0-py3-none-any.whl", False),
        ("v1.2.0", "app-1.2.tar.gz", False),
        ("v1.2.0-rc.1", "app-1.2.0rc1.tar.gz", False),
        ("app/v1.2.0", "app_1.2.0_linux_amd64.zip", False),
        ("app@1.2.0", "app-v1.2.0.tgz", False),
        ("v1.2.0", "app-1.2.0.7z", False),
        ("v1.2.0", "app-linux-amd64", False),
        ("v1.2.0", "app-1.2.0-manylinux_2_17_x86_64.whl", False),
        ("nightly", "app-1.2.0.tgz", False),
        ("v0.3.1", "weather_box-0.3.0-py3-none-any.whl", True),
        ("v1.2.0", "app-1.2.0.1.tar.gz", True),
        ("v1.20.0", "app-1.2.0.tar.gz", True),
    ],
)
def test_a_file_that_was_named_before_the_version_was_raised(tag: str, file: str, other: bool) -> None:
    assert subject.of_another_version(tag, [file]) == [file] * other
