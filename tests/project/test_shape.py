"""Rooms stay small and say what they are: the limits of docs/adr/0001."""

from __future__ import annotations

import ast
from collections import Counter
from statistics import median
from typing import TYPE_CHECKING

from tests.project.source_tree import modules, relative, tracked

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_MODULE = 300
MAX_BODY = 50
MEDIAN_MODULE = 130
MAX_FOLDER = 15
EMPTY_WORDS = {"utils", "util", "helpers", "helper", "common", "manager", "handler", "misc"}


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield f"{relative(path)}:{node.lineno} {node.name}", node


def test_no_module_is_longer_than_300_lines() -> None:
    sizes = {relative(path): len(path.read_text().splitlines()) for path in modules()}
    assert {name: size for name, size in sizes.items() if size > MAX_MODULE} == {}
    assert median(sizes.values()) <= MEDIAN_MODULE


def test_no_folder_has_more_than_15_modules() -> None:
    folders = Counter(relative(path.parent) for path in modules())
    assert {name: count for name, count in folders.items() if count > MAX_FOLDER} == {}


def test_no_function_body_is_longer_than_50_lines() -> None:
    def body(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
        first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
        return (node.end_lineno or 0) - first.lineno + 1

    assert {name: body(node) for name, node in functions() if body(node) > MAX_BODY} == {}


def test_no_room_has_an_empty_name() -> None:
    words = {relative(path): EMPTY_WORDS & {*path.stem.split("_"), *path.parent.name.split("_")} for path in modules()}
    assert {name: found for name, found in words.items() if found} == {}


def test_every_module_says_what_it_is() -> None:
    silent = [
        relative(path) for path, tree in modules().items() if path.read_text().strip() and not ast.get_docstring(tree)
    ]
    assert silent == []


def test_nothing_is_mocked() -> None:
    def mocks(tree: ast.Module) -> bool:
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in {"unittest", "mock"}:
                return True
            if isinstance(node, ast.Import) and any(each.name.startswith(("unittest", "mock")) for each in node.names):
                return True
        return False

    found = [
        relative(path)
        for path in tracked("src/*.py", "sandbox/*.py", "tests/*.py")
        if mocks(ast.parse(path.read_text()))
    ]
    assert found == []
