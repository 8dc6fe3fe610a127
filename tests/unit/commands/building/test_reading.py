"""What `inputs show` and `diff` are given is told apart, and nothing unsigned passes for signed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn

import pytest
from tests.unit import frozen

from counterseal.commands.building import comparing, reading
from counterseal.errors import CountersealError, FormatError, UsageError
from counterseal.formats import wire
from counterseal.formats.inputs import observation
from counterseal.render.reports.building import difference, showing

if TYPE_CHECKING:
    from pathlib import Path


def nobody() -> NoReturn:
    raise AssertionError("nothing here is signed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "build-observation.json").write_bytes(observation.build(frozen.SEEN))
    (tmp_path / "matrix.json").write_bytes(wire.canonical(frozen.document("input-matrix", "everything")))
    return tmp_path


def test_what_is_not_signed_is_said_to_be_that(folder: Path) -> None:
    for place in (folder, folder / "build-observation.json", folder / "matrix.json"):
        read = reading.read(place, nobody)
        report = showing.report(read, sandbox=True)
        assert not read.signed
        assert "not signed: whoever could write the file chose what it says" in report.text
        assert "the certificate says" not in report.text
        assert (report.data["signed"], report.data["certificate"], report.data["sandbox"]) == (False, None, False)


def test_two_documents_of_other_kinds_are_compared_with_a_word_on_that(folder: Path) -> None:
    result = comparing.run(folder / "matrix.json", folder, nobody)
    report = difference.report(result, sandbox=False)
    assert "what only one says is no difference yet" in report.text
    assert report.data["changes"]
    same = difference.report(comparing.run(folder, folder, nobody), sandbox=False)
    assert "0 fields differ" in same.text
    assert same.data["changes"] == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.json", b"{}"),
        ("x.json", b"[]"),
        ("x.json", b"{"),
        ("x.json", b'{"schema": "counterseal.manifest/v1"}'),
        ("x.json", b'{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json"}'),
        ("x.jsonl", b""),
        ("x.jsonl", b"{}\n{}"),
        ("x.jsonl", b"\n" * 1001 + b"{}"),
        ("x.jsonl", b"\xff\xfe"),
    ],
)
def test_what_is_none_of_them_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FormatError):
        reading.read(tmp_path / name, nobody)


def test_what_is_not_there_or_no_file_is_a_wrong_call(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    with (tmp_path / "huge.json").open("wb") as stream:
        stream.truncate(64 << 20)
    for place in (tmp_path, tmp_path / "absent", tmp_path / "pipe.jsonl", tmp_path / "huge.json"):
        with pytest.raises(UsageError):
            reading.read(place, nobody)


def test_text_of_others_is_harmless_where_it_is_shown(folder: Path) -> None:
    data = (folder / "build-observation.json").read_bytes().replace(b'"-m"', b'"\\u001b[31m::error::|x|"')
    (folder / "build-observation.json").write_bytes(data)
    try:
        read = reading.read(folder, nobody)
    except CountersealError:
        pytest.fail("it is an observation still")
    assert "\x1b" not in showing.report(read, sandbox=False).text
    report = difference.report(comparing.run(folder, folder / "matrix.json", nobody), sandbox=False)
    assert "\x1b" not in report.text + report.markdown
    assert "|x|" not in report.markdown
