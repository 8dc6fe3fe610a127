"""The completion script of a shell, and what the script asks for at each word."""

from __future__ import annotations

from counterseal.render.report import Report


def report(shell: str, script: str) -> Report:
    """Return the script as it is to be read by the shell."""
    data = {"schema": "counterseal.completion/v1", "shell": shell, "script": script}
    return Report(script.rstrip("\n"), data, verbatim=True)
