"""A folder by names that a lock file says: nothing outside of it is opened."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.unit.adapters.sbom.descriptions.looked_up import put

from counterseal.adapters.sbom.descriptions.folder import Folder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> Path:
    put(tmp_path / "secret", "secret")
    put(tmp_path / "place" / "inner" / "file", "text")
    return tmp_path / "place"


def test_files_and_names_below_are_read(place: Path) -> None:
    folder = Folder(place)
    assert folder.read("inner", "file") == b"text"
    assert folder.names("inner") == ["file"]
    assert folder.folders() == ["inner"]
    assert folder.read("inner", "nothing") is None
    assert folder.names("nothing") == folder.folders("inner", "file") == []


@pytest.mark.parametrize(
    "parts",
    [
        ("..", "secret"),
        ("..",),
        ("inner", "..", "..", "secret"),
        ("../secret",),
        ("inner/../../secret",),
        ("..\\secret",),
        ("", "secret"),
        (".", "..", "secret"),
        ("inner", "file\0"),
        ("\ud800",),
        ("x" * 300,),
        (".",) * 3000,
        ("x" * 200,) * 100,
    ],
)
def test_names_that_lead_elsewhere_lead_nowhere(place: Path, parts: tuple[str, ...]) -> None:
    assert Folder(place).read(*parts) is None
    assert Folder(place).opened(*parts) is None
    assert Folder(place).names(*parts) == []


def test_the_folder_itself_is_no_file(place: Path) -> None:
    assert Folder(place).read() is None


def test_an_absolute_name_is_no_name(place: Path) -> None:
    assert Folder(place).read(str(place.parent / "secret")) is None


def test_no_link_below_is_followed(place: Path) -> None:
    (place / "link").symlink_to(place.parent)
    (place / "file").symlink_to(place.parent / "secret")
    (place / "inside").symlink_to(place / "inner")
    folder = Folder(place)
    assert folder.read("link", "secret") is None
    assert folder.read("file") is None
    assert folder.read("inside", "file") is None
    assert folder.names("link") == []
    assert folder.folders() == ["inner"]


def test_the_place_itself_may_be_a_link(place: Path) -> None:
    (place.parent / "other").symlink_to(place)
    assert Folder(place.parent / "other").read("inner", "file") == b"text"


def test_what_is_no_plain_file_or_too_large_is_not_read(place: Path) -> None:
    os.mkfifo(place / "pipe")
    with (place / "huge").open("wb") as stream:
        stream.truncate(1 << 40)
    assert Folder(place).read("pipe") is None
    assert Folder(place).read("inner") is None
    assert Folder(place).read("huge") is None
    assert Folder(place).opened("huge") is None
    assert Folder(place / "not" / "there").names() == []
