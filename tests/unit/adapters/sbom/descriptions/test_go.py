"""What Go modules say: in the module cache, in its archives, vendored, and by their path."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.unit.adapters.sbom.descriptions.looked_up import one, put, zipped

from counterseal.adapters.sbom.descriptions.description import Description

if TYPE_CHECKING:
    from pathlib import Path

MODULE, VERSION = "x.example/Acme/left/v2", "v2.0.0-RC1"
ESCAPED = "x.example/!acme/left/v2"
MIT = "Copyright (c) Ann\n\n// SPDX-License-Identifier: MIT\n"


def of(tmp_path: Path, module: str = MODULE, version: str = VERSION) -> Description | None:
    return one(tmp_path / "repository", "golang", module, version, places={"go": tmp_path / "mod"})


@pytest.mark.parametrize("name", ["LICENSE", "LICENSE.txt", "License.md", "LICENCE", "COPYING", "LICENSE-MIT"])
def test_the_identifier_in_a_licence_s_file_is_read(tmp_path: Path, name: str) -> None:
    put(tmp_path / "mod" / f"{ESCAPED}@v2.0.0-!r!c1" / name, MIT)
    assert of(tmp_path) == Description("LICENSE", ("MIT",))
    assert of(tmp_path, version="v2.0.0") is None


@pytest.mark.parametrize(
    ("text", "licences"),
    [
        ("/* SPDX-License-Identifier: MIT OR Apache-2.0 */", ("MIT OR Apache-2.0",)),
        ("<!-- SPDX-License-Identifier: MIT -->", ("MIT",)),
        ("SPDX-License-Identifier: MIT\nSPDX-License-Identifier: ISC\n", ("MIT", "ISC")),
    ],
)
def test_identifiers_stand_in_comments(tmp_path: Path, text: str, licences: tuple[str, ...]) -> None:
    put(tmp_path / "mod" / f"{ESCAPED}@v2.0.0-!r!c1" / "LICENSE", text)
    assert of(tmp_path) == Description("LICENSE", licences)


def test_the_text_of_a_licence_is_not_guessed(tmp_path: Path) -> None:
    put(tmp_path / "mod" / f"{ESCAPED}@v2.0.0-!r!c1" / "LICENSE", "MIT License\n\nPermission is hereby granted\n")
    put(tmp_path / "mod" / f"{ESCAPED}@v2.0.0-!r!c1" / "main.go", MIT)
    assert of(tmp_path) is None


def test_the_archive_and_the_note_of_where_it_came_from_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "mod" / "cache" / "download" / ESCAPED / "@v"
    put(folder / "v2.0.0-!r!c1.zip", zipped({f"{MODULE}@{VERSION}/LICENSE": MIT, f"{MODULE}@{VERSION}/x/LICENSE": "x"}))
    put(folder / "v2.0.0-!r!c1.info", json.dumps({"Origin": {"URL": "https://user:secret@git.example/left"}}))
    assert of(tmp_path) == Description("LICENSE, VERSION.info", ("MIT",), source="https://git.example/left")


@pytest.mark.parametrize("info", ["", "[]", "{", '{"Origin": 7}', '{"Origin": {"URL": 7}}', "[" * 100_000, b"\xff"])
def test_a_malformed_note_says_nothing(tmp_path: Path, info: str | bytes) -> None:
    put(tmp_path / "mod" / "cache" / "download" / ESCAPED / "@v" / "v2.0.0-!r!c1.info", info)
    assert of(tmp_path) is None


def test_vendored_modules_are_known_by_their_list(tmp_path: Path) -> None:
    vendor = tmp_path / "repository" / "vendor"
    put(
        vendor / "modules.txt",
        f"# {MODULE} {VERSION}\n## explicit\n{MODULE}\n# a.example/b v1.0.0 => c.example/d v1.1.0\n",
    )
    put(vendor / MODULE / "LICENSE", MIT)
    put(vendor / "a.example" / "b" / "LICENSE", MIT)
    assert of(tmp_path) == of(tmp_path, "c.example/d", "v1.1.0") == Description("LICENSE", ("MIT",))
    assert of(tmp_path, MODULE, "v2.1.0") is None
    assert of(tmp_path, "a.example/b", "v1.0.0") is None


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("github.com/acme/left/v2", "https://github.com/acme/left"),
        ("github.com/acme/left/sub/folder", "https://github.com/acme/left"),
        ("gitlab.com/acme/left", "https://gitlab.com/acme/left"),
        ("golang.org/x/text", "https://go.googlesource.com/text"),
        ("gopkg.in/yaml.v3", "https://github.com/go-yaml/yaml"),
        ("gopkg.in/acme/left.v1", "https://github.com/acme/left"),
    ],
)
def test_the_path_tells_the_repository_at_hosts_that_are_known(tmp_path: Path, module: str, source: str) -> None:
    assert of(tmp_path, module) == Description("module path", source=source)


@pytest.mark.parametrize("module", ["k8s.io/api", "gitlab.com/group/maybe/folder", "github.com/acme", "x"])
def test_other_paths_tell_nothing(tmp_path: Path, module: str) -> None:
    assert of(tmp_path, module) is None


@pytest.mark.parametrize("module", ["../secret", "a/../../secret", "/secret", "a//b"])
def test_a_path_that_leads_elsewhere_leads_nowhere(tmp_path: Path, module: str) -> None:
    put(tmp_path / "secret@v1.0.0" / "LICENSE", MIT)
    put(tmp_path / "repository" / "secret" / "LICENSE", MIT)
    put(tmp_path / "repository" / "vendor" / "modules.txt", f"# {module} v1.0.0\n")
    (tmp_path / "mod").mkdir()
    assert of(tmp_path, module, "v1.0.0") is None
