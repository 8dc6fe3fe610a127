"""How two SBOMs differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.formats import wire
from counterseal.render import escape, inventories
from counterseal.render.report import Report

if TYPE_CHECKING:
    from counterseal.commands.inventories import comparing


def report(result: comparing.DiffResult) -> Report:
    """Return what came, went and changed, every component of it."""
    summary = inventories.summary(result.difference)
    rows = list(inventories.rows(result.difference))
    old, new = escape.plain(result.old), escape.plain(result.new)
    lines = [f"sbom diff: {old} → {new} · {summary}"]
    lines += [f"  {mark} {escape.plain(name)} {escape.plain(said, 600)}" for mark, name, said in rows]
    table = ["", "| | component | |", "|---|---|---|"] if rows else []
    table += [f"| {mark} | {escape.markdown(name)} | {escape.markdown(said, 600)} |" for mark, name, said in rows]
    head = f"### {escape.markdown(result.old)} → {escape.markdown(result.new)}\n\n{summary}"
    data = {
        "schema": "counterseal.sbom-diff/v1",
        "old": result.old,
        "new": result.new,
        **wire.encode(result.difference),
    }
    return Report("\n".join(lines), data, markdown="\n".join((head, *table)) + "\n")
