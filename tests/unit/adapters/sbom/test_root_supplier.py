"""Who supplies the project itself: the names of the authors in its manifest, never their addresses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from counterseal.adapters.sbom.builder import LockSbomBuilder

if TYPE_CHECKING:
    from pathlib import Path

UV = 'version = 1\n[[package]]\nname = "app"\nversion = "1.0"\nsource = { virtual = "." }\n'
CARGO = 'version = 4\n[[package]]\nname = "app"\nversion = "1.0.0"\n'


def supplier(folder: Path, **files: str) -> Any:
    (folder / ".git").mkdir()
    for name, text in files.items():
        (folder / name.replace("_", ".").replace("package.lock", "package-lock")).write_text(text)
    content = LockSbomBuilder().build([folder], [], revision=None, epoch=0).content
    return content["metadata"]["component"].get("supplier")


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ('authors = [{ name = "Ann Archer", email = "ann@shop.example" }, { name = "Ben" }]', "Ann Archer, Ben"),
        ('authors = [{ email = "ann@shop.example" }]\nmaintainers = [{ name = "Acme" }]', "Acme"),
        ('[tool.poetry]\nauthors = ["Ann Archer <ann@shop.example>"]', "Ann Archer"),
        ('authors = [7, "", { name = [] }]', None),
        ("authors = 7", None),
        ("", None),
    ],
)
def test_of_a_python_project(tmp_path: Path, words: str, name: str | None) -> None:
    project = f'[project]\nname = "app"\nversion = "1.0"\n{words}\n'
    assert supplier(tmp_path, pyproject_toml=project, uv_lock=UV) == (name and {"name": name})


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("Ann Archer <ann@shop.example> (https://ann.example)", "Ann Archer"),
        ({"name": "Acme", "email": "a@shop.example"}, "Acme"),
        ("ann@shop.example", None),
        ([], None),
        (None, None),
    ],
)
def test_of_an_npm_package(tmp_path: Path, author: object, name: str | None) -> None:
    manifest = {"name": "app", "version": "1.0.0", "author": author}
    lock = {"lockfileVersion": 3, "packages": {"": {"name": "app", "version": "1.0.0"}}}
    files = {"package_json": json.dumps(manifest), "package_lock_json": json.dumps(lock)}
    assert supplier(tmp_path, **files) == (name and {"name": name})


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ('authors = ["Ann Archer <ann@shop.example>", "Ben"]', "Ann Archer, Ben"),
        ('authors.workspace = true\n[workspace.package]\nauthors = ["Acme"]', "Acme"),
        ("authors = 7", None),
        ("", None),
    ],
)
def test_of_a_crate(tmp_path: Path, words: str, name: str | None) -> None:
    manifest = f'[package]\nname = "app"\nversion = "1.0.0"\n{words}\n'
    assert supplier(tmp_path, Cargo_toml=manifest, Cargo_lock=CARGO) == (name and {"name": name})
