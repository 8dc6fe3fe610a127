"""A room has a front door: what its `__init__` exports is what others use; nobody imports a file past it.

import-linter cannot say this: to it `from counterseal.formats import wire` is an import of a file. The adapters are one
room, whose only caller is `wiring/`: it names their files, since a door that exported them all would import them all.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.project.source_tree import PACKAGE, modules, relative

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOMS = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}


def exports(*package: str) -> set[str]:
    tree = modules()[PACKAGE.joinpath(*package, "__init__.py")]
    found = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__"
    ]
    return set(ast.literal_eval(found[0])) if found else set()


def imports() -> Iterator[tuple[str, str, tuple[str, ...], list[str]]]:
    """Yield where, in which room, and what of which module is imported."""
    for path, tree in modules().items():
        own = path.relative_to(PACKAGE).parts[0] if path.is_relative_to(PACKAGE) else "the sandbox"
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("counterseal."):
                parts = tuple((node.module or "").split(".")[1:])
                if parts[0] in ROOMS and parts[0] != own:
                    yield f"{relative(path)}:{node.lineno}", own, parts, [each.name for each in node.names]


def test_every_room_says_what_it_does_and_what_it_does_not_do() -> None:
    for room in ROOMS:
        assert ast.get_docstring(modules()[PACKAGE / room / "__init__.py"]), room


def test_rooms_are_entered_by_their_front_door() -> None:
    past = []
    for where, own, module, names in imports():
        if own == "wiring" and module[0] == "adapters":
            continue
        door = exports(*module) if PACKAGE.joinpath(*module, "__init__.py").is_file() else set()
        past += [f"{where} {'.'.join(module)} {name}" for name in names if name not in door]
    assert past == []


def test_one_room_reads_words_and_one_module_draws_on_terminals() -> None:
    """Whatever a gate imports can sign; and what is drawn goes through the one place that makes it harmless."""
    users: dict[str, set[str]] = {"click": set(), "rich": set()}
    for path, tree in modules().items():
        for node in ast.walk(tree):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in {name.partition(".")[0] for name in names} & set(users):
                users[name].add(relative(path))
    assert users["rich"] == {"src/counterseal/render/terminal.py"}
    assert {name for name in users["click"] if not name.startswith("src/counterseal/cli/")} == set()
    assert users["click"]
