"""The file in which the gate runs, as people can start it by hand: what docs/incidents.md says it takes."""

from __future__ import annotations

from typing import Final

from counterseal.forges import ForgeKind
from counterseal.identifiers import GATE_WORKFLOW, REPOSITORY
from counterseal_sandbox.service import DEFAULT_GATE_REVISION

#: What a run is told that somebody starts.
_INPUTS: Final = ("action", "stage", "reason", "target", "hours")


def gate_file(kind: ForgeKind) -> tuple[str, str]:
    """Return path and content of a project's file in which the gate runs."""
    if kind is ForgeKind.GITLAB:
        return ".gitlab-ci.yml", f"spec:\n  inputs:\n{_inputs(4)}---\ninclude: []\n"
    gate = f"{REPOSITORY}/{GATE_WORKFLOW}@{DEFAULT_GATE_REVISION}"
    triggers = f"on:\n  push:\n  workflow_dispatch:\n    inputs:\n{_inputs(6)}"
    return ".github/workflows/promote.yml", f"{triggers}jobs:\n  gate: {{uses: {gate}}}\n"


def _inputs(indent: int) -> str:
    return "".join(f'{" " * indent}{name}: {{default: ""}}\n' for name in _INPUTS)
