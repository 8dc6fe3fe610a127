"""Writes the rooms, the picture and the layers of docs/architecture.md from the code; --check says if they are old.

Rooms say what they are in their own docstrings, the picture is made from the imports that there are, the layers are
those of the contract in pyproject.toml.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import grimp
from tools import one_page

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "architecture.md"
PACKAGE = ROOT / "src" / "counterseal"
SANDBOX = "counterseal_sandbox"
#: Everybody imports these; their arrows would hide the others.
GROUND = ("errors", "identifiers", "forges", "plain_file", "front_door")


@cache
def contracts() -> list[dict[str, Any]]:
    """Return the contracts of import-linter."""
    tables: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    return tables


def layers() -> list[list[str]]:
    """Return the rooms of each layer, highest first."""
    (lines,) = (contract["layers"] for contract in contracts() if contract["type"] == "layers")
    return [layer.split(" | ") for layer in lines]


def core() -> set[str]:
    """Return the rooms that do no input or output."""
    (modules,) = (
        contract["source_modules"] for contract in contracts() if contract["name"].startswith("The core does no input")
    )
    return {module.removeprefix("counterseal.") for module in modules}


def place(room: str) -> Path:
    """Return the file that says what a room is."""
    if room == SANDBOX:
        return ROOT / "sandbox" / "src" / SANDBOX / "__init__.py"
    return PACKAGE / room / "__init__.py" if (PACKAGE / room).is_dir() else PACKAGE / f"{room}.py"


def about(room: str) -> str:
    """Return the first paragraph of a room's docstring, in one line."""
    text = ast.get_docstring(ast.parse(place(room).read_text())) or ""
    return " ".join(text.split("\n\n")[0].split())


def imports() -> dict[str, set[str]]:
    """Return which rooms each room imports, types included."""
    graph = grimp.build_graph("counterseal", SANDBOX, cache_dir=None)
    imported: dict[str, set[str]] = defaultdict(set)
    for module in graph.modules:
        for other in graph.find_modules_directly_imported_by(module):
            room, wanted = _room(module), _room(other)
            if room and wanted and room != wanted:
                imported[room].add(wanted)
    return imported


def _room(module: str) -> str:
    package, _, rest = module.partition(".")
    name = SANDBOX if package == SANDBOX else rest.partition(".")[0]
    return name if name != "__main__" else ""


def reduced(imported: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return the imports without those that follow from others; there are no circles."""

    @cache
    def below(room: str) -> frozenset[str]:
        return frozenset(imported[room]).union(*map(below, imported[room]))

    return {
        room: {lower for lower in imported[room] if not any(lower in below(other) for other in imported[room])}
        for room in list(imported)
    }


def picture() -> list[str]:
    """Return a Mermaid graph of the rooms."""
    imported = {room: others - {*GROUND} for room, others in imports().items() if room not in GROUND}
    arrows = reduced(defaultdict(set, imported))
    rooms = [room for layer in layers() for room in layer if room not in GROUND]
    lines = ["```mermaid", "flowchart TD"]
    lines += [f"  {room}" for room in rooms if room not in core()]
    lines += [f"  {SANDBOX}[[{SANDBOX}]]", '  subgraph core ["the core: no input, no output"]']
    lines += [f"    {room}" for room in rooms if room in core()]
    lines += ["  end"]
    for room in [*rooms, SANDBOX]:
        lines += [f"  {room} --> {other}" for other in sorted(arrows.get(room, ()))]
    return [*lines, "```", f"Left out for being everybody's: {', '.join(f'`{room}`' for room in GROUND)}."]


def rooms() -> list[str]:
    """Return a table of the rooms with what each says of itself."""
    order = [room for layer in reversed(layers()) for room in layer]
    lines = ["| room | what it is |", "|---|---|"]
    for room in order:
        shown = f"{room}/" if (PACKAGE / room).is_dir() else f"{room}.py"
        lines.append(f"| [`{shown}`](../{place(room).relative_to(ROOT)}) | {about(room)} |")
    return [*lines, f"| [`sandbox/`](../{place(SANDBOX).relative_to(ROOT)}), a package of its own | {about(SANDBOX)} |"]


def layer_list() -> list[str]:
    """Return the layers as a list."""
    return ["```text", *(" | ".join(layer) for layer in layers()), "```"]


def render(page: str) -> str:
    """Return the page with its blocks made anew."""
    for name, lines in (("rooms", rooms()), ("picture", picture()), ("layers", layer_list())):
        text = "\n".join([f"<!-- {name} -->", *lines, "<!-- end -->"])
        page = re.sub(rf"<!-- {name} -->\n.*?<!-- end -->", text.replace("\\", r"\\"), page, flags=re.DOTALL)
    return page


if __name__ == "__main__":
    sys.exit(one_page.main(PAGE, render))
