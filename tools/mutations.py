"""What may be changed in a module so that it judges otherwise: one thing at a time, in its syntax tree.

A turned comparison, a dropped condition, a check that is not made, another number. Words are left alone: messages
have their own tests, and a shorter one judges no worse.
"""

from __future__ import annotations

import ast
import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
        change = f"{_shown(node)}  →  {_shown(other) if other else 'nothing'}"
        yield line, change, ast.fix_missing_locations(changed)


def said(path: Path) -> list[str]:
    """Return line and change of each mutant of a module."""
    return [f"{line}  {change}" for line, change, _ in mutants(ast.parse(path.read_text()))]


def _shown(node: ast.AST) -> str:
    return ast.unparse(node).strip().splitlines()[0][:100]
