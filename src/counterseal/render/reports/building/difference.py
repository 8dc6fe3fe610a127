"""How two builds differ, likeliest culprit first."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from counterseal.render import escape
from counterseal.render.report import Report
from counterseal.render.reports.building import showing
from counterseal.render.verdict import SANDBOX_NOTE

if TYPE_CHECKING:
    from counterseal.commands.building import comparing, reading

_UNSAID: Final = "not said"


def report(result: comparing.DiffResult, *, sandbox: bool) -> Report:
    """Return what is not the same in two builds, each group with why it may matter.

    Args:
        result: The builds, and how they differ.
        sandbox: A sandbox's word was asked for.
    """
    old, new = (escape.plain(str(build.path)) for build in (result.old, result.new))
    count = len(result.changes)
    head = f"inputs diff: {old} → {new} · {count} field{'' if count == 1 else 's'} differ{'s' if count == 1 else ''}"
    groups = [(group, list(changes)) for group, changes in itertools.groupby(result.changes, lambda each: each.group)]
    lines = [head, *(f"  {note}" for note in _notes(result, sandbox=sandbox))]
    markdown = [
        f"### {escape.markdown(head, 600)}",
        "",
        *(f"- {escape.markdown(note, 600)}" for note in _notes(result, sandbox=sandbox)),
    ]
    for group, changes in groups:
        lines.append(f"  {showing.TITLES[group]}: {group.value}")
        markdown += [
            "",
            f"**{showing.TITLES[group]}**: {group.value}",
            "",
            "| field | before | after |",
            "|---|---|---|",
        ]
        for change in changes:
            before, after = (_UNSAID if value is None else value for value in (change.before, change.after))
            lines.append(f"    {escape.plain(change.name)}: {escape.plain(before)} → {escape.plain(after)}")
            markdown.append(
                f"| {escape.markdown(change.name)} | {escape.markdown(before)} | {escape.markdown(after)} |"
            )
    data = {
        "schema": "counterseal.inputs-diff/v1",
        "old": showing.described(result.old),
        "new": showing.described(result.new),
        "sandbox": sandbox and (result.old.signed or result.new.signed),
        "changes": [
            {
                "group": change.group.name.lower().replace("_", "-"),
                "why": change.group.value,
                "name": change.name,
                "before": change.before,
                "after": change.after,
            }
            for change in result.changes
        ],
    }
    return Report("\n".join(lines), data, markdown="\n".join(markdown) + "\n")


def _notes(result: comparing.DiffResult, *, sandbox: bool) -> list[str]:
    """Return what whoever reads the difference has to know of its two sides."""
    sides = (result.old, result.new)
    notes = [SANDBOX_NOTE] if sandbox and any(side.signed for side in sides) else []
    notes += [f"{side.path}: {showing.UNSIGNED}" for side in sides if not side.signed]
    if _knows_nothing_of(result.old, result.new):
        notes.append("one of them has an observation alone, or none: what only one says is no difference yet")
    return notes + [f"✗ {side.path}: {problem}" for side in sides for problem in showing.problems(side)]


def _knows_nothing_of(old: reading.Read, new: reading.Read) -> bool:
    """Return whether one side lacks a whole document that the other has."""
    return any(
        (one is None) != (other is None)
        for one, other in (
            (old.build.matrix, new.build.matrix),
            (old.build.observation, new.build.observation),
        )
    )
