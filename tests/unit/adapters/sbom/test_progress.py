"""How far an SBOM is, is told step by step, and of what takes long in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.adapters.sbom.builder import LockSbomBuilder

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = """
[[package]]
name = "package-{number}"
version = "1.0"
source = {{ registry = "https://python.example/simple" }}
"""


def test_each_step_is_told_before_it_begins(tmp_path: Path) -> None:
    names = [f"package-{number}" for number in range(250)]
    needs = ", ".join(f'{{ name = "{name}" }}' for name in names)
    root = f'[[package]]\nname = "app"\nversion = "1.0"\nsource = {{ virtual = "." }}\ndependencies = [{needs}]\n'
    packages = "".join(PACKAGE.format(number=number) for number in range(250))
    (tmp_path / "uv.lock").write_text(f"version = 1\n{root}{packages}")
    project = f'[project]\nname = "app"\nversion = "1.0"\ndependencies = {names}\n'
    (tmp_path / "pyproject.toml").write_text(project.replace("'", '"'))
    told: list[tuple[str, int, int | None]] = []

    def tell(what: str, done: int = 0, of: int | None = None) -> None:
        told.append((what, done, of))

    LockSbomBuilder().build([tmp_path], [], revision=None, epoch=0, tell=tell)
    assert told == [
        ("reading uv.lock", 0, None),
        ("reading what packages say of themselves", 0, None),
        ("writing components", 0, 250),
        ("writing components", 100, 250),
        ("writing components", 200, 250),
        ("checking the document", 0, None),
    ]
