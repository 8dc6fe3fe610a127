"""Changes one thing in the code that judges, sees whether a unit test fails, and lists what none noticed.

    python tools/mutants.py [FILE …]       all of evaluation/ and verification/ if none is named

A mutant is a turned comparison, a dropped condition, a check that is not made, another number. Words are left alone:
messages have their own tests. It is loaded in the place of its module by a forked process that runs the tests of the
module, then those of the rooms around it; no file is changed. docs/quality.md has the result, and why no other tool.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("evaluation", "verification")
AROUND = tuple(f"tests/unit/{each}" for each in (*ROOMS, "history", "gate", "render", "formats/test_formats.py"))
LIMIT = 180  # seconds; what takes longer was noticed
TURNED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,), ast.Lt: (ast.GtE, ast.LtE), ast.LtE: (ast.Gt, ast.Lt),
    ast.Gt: (ast.LtE, ast.GtE), ast.GtE: (ast.Lt, ast.Gt),
}  # fmt: skip
NAMES = {"any": "all", "all": "any", "min": "max", "max": "min", "ALLOW": "DENY", "DENY": "ALLOW"}
WORDS = (ast.JoinedStr, ast.Raise, ast.AnnAssign, ast.arguments, ast.ClassDef)  # looked into for nothing


def replacements(node: ast.AST) -> Iterator[ast.AST | None]:  # noqa: C901, PLR0912 - a case for each kind of node
    """Yield what may stand in the place of a node; None for nothing at all."""
    match node:
        case ast.Compare(ops=ops):
            for place, operator in enumerate(ops):
                for other in TURNED[type(operator)]:
                    changed = copy.deepcopy(node)
                    changed.ops[place] = other()
                    yield changed
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
            for place in range(len(values)):
                rest = [*values[:place], *values[place + 1 :]]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(op, rest)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.If(test=test) | ast.IfExp(test=test) if not isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp):
            changed_if = copy.deepcopy(node)
            changed_if.test = ast.UnaryOp(ast.Not(), test)
            yield changed_if
        case ast.comprehension(ifs=[_, *_]):
            yield ast.comprehension(node.target, node.iter, [], node.is_async)
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
        case ast.Expr(value=ast.Yield() | ast.YieldFrom() | ast.Call()) | ast.Return(value=None) | ast.Continue():
            yield ast.Pass()
        case ast.Starred(value=ast.Call(func=ast.Name())):
            yield None
        case ast.Name(id=name) if name in NAMES:
            yield ast.Name(NAMES[name], node.ctx)
        case ast.Attribute(attr=name) if name in NAMES:
            yield ast.Attribute(node.value, NAMES[name], node.ctx)


Steps = tuple[tuple[str, int | None], ...]


def places(node: ast.AST, path: Steps = ()) -> Iterator[tuple[Steps, ast.AST, ast.AST | None]]:
    """Yield where something may be replaced, what, and by what."""
    if isinstance(node, WORDS) or (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
        return
    for other in replacements(node):
        yield path, node, other
    for name, value in ast.iter_fields(node):
        for place, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST):
                yield from places(child, (*path, (name, place)))


def mutants(tree: ast.Module) -> Iterator[tuple[int, str, ast.Module]]:
    """Yield every mutant of a module, with its line and what was changed."""
    for path, node, other in places(tree):
        changed = copy.deepcopy(tree)
        parent: Any = changed
        for name, place in path[:-1]:
            parent = getattr(parent, name) if place is None else getattr(parent, name)[place]
        name, place = path[-1]
        if place is None:
            setattr(parent, name, other)
        elif other is None:
            del getattr(parent, name)[place]
        else:
            getattr(parent, name)[place] = other
        line = getattr(node, "lineno", 0) or getattr(getattr(node, "target", None), "lineno", 0)
        said = f"{_shown(node)}  →  {_shown(other) if other else 'nothing'}"
        yield line, said, ast.fix_missing_locations(changed)


def _shown(node: ast.AST) -> str:
    return ast.unparse(node).strip().splitlines()[0][:100]


class Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads a tree where a module is imported."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        """Remember what to load for which name."""
        self.name, self.path, self.tree = name, path, tree

    def find_spec(self, fullname: str, *_: Any) -> Any:
        """Return how to load the module, and nothing for any other."""
        return importlib.util.spec_from_loader(fullname, self, origin=str(self.path)) if fullname == self.name else None

    def exec_module(self, module: Any) -> None:
        """Run the tree."""
        exec(compile(self.tree, self.path, "exec"), module.__dict__)


def tests_of(path: Path) -> tuple[str, ...]:
    """Return the tests of a module, its own first."""
    name = "evaluation" if path.stem == "judging" else path.stem
    own = ROOT / "tests/unit" / path.relative_to(ROOT / "src/counterseal").with_name(f"test_{name}.py")
    return (*([str(own.relative_to(ROOT))] if own.is_file() else []), *AROUND)


def start(path: Path, tree: ast.Module) -> int:
    """Return the process that tests a mutant; it ends with 0 if no test fails."""
    if pid := os.fork():
        return pid
    silent = os.open(os.devnull, os.O_RDWR)
    for each in (0, 1, 2):
        os.dup2(silent, each)
    os.setpgid(0, 0)
    name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
    sys.meta_path.insert(0, Instead(name, path, tree))
    import pytest

    off = [word for each in ("cacheprovider", "randomly", "xdist") for word in ("-p", f"no:{each}")]
    off += ["-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"]
    fast = ["-x", "-q", "-m", "not slow and not interop", "--hypothesis-profile=ci"]
    os._exit(pytest.main([*off, *fast, *tests_of(path)]))


def ended(running: dict[int, float]) -> tuple[int, bool]:
    """Return the next process that ends, and whether a test of it failed; one that takes too long is ended."""
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid:
            return pid, status != 0
        for each, begun in running.items():
            if time.monotonic() - begun > LIMIT:
                os.kill(each, signal.SIGKILL)
        time.sleep(0.05)


def main() -> int:
    """Test every mutant; return 0, for what survives wants reading and no alarm."""
    parser = argparse.ArgumentParser(description="Lists what no unit test would notice.")
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    found = [each.resolve() for each in options.files] or sorted(
        each for room in ROOMS for each in (ROOT / "src/counterseal" / room).rglob("*.py") if each.name != "__init__.py"
    )
    os.chdir(ROOT)
    import pydantic  # noqa: F401 - before the forks, for speed; nothing of counterseal is

    if os.waitpid(start(found[0], ast.parse(found[0].read_text())), 0)[1]:
        raise SystemExit("the tests fail without a mutation")
    waiting = [(path, *each) for path in found for each in mutants(ast.parse(path.read_text()))]
    begun: dict[int, float] = {}
    changed: dict[int, tuple[Path, int, str]] = {}
    ends: dict[Path, Counter[str]] = {path: Counter() for path in found}
    while waiting or begun:
        while waiting and len(begun) < options.jobs:
            path, line, said, tree = waiting.pop(0)
            pid = start(path, tree)
            begun[pid], changed[pid] = time.monotonic(), (path, line, said)
        pid, killed = ended(begun)
        begun.pop(pid)
        path, line, said = changed[pid]
        ends[path]["killed" if killed else "survived"] += 1
        if not killed:
            print(f"survived {path.relative_to(ROOT)}:{line}  {said}", flush=True)
    print("\n| module | killed | survived |\n|---|---|---|")
    for path, counts in ends.items():
        print(f"| `{path.relative_to(ROOT / 'src/counterseal')}` | {counts['killed']} | {counts['survived']} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
