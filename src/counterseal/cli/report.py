"""What a verb hands back, and how it reaches people: stdout, summary and outputs of the CI, GitHub's annotations."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from counterseal.cli import dotenv
from counterseal.render import escape

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.wiring import Surroundings


@dataclass(frozen=True, slots=True)
class Report:
    """A result in every form that it may be shown in.

    Attributes:
        text: Lines for people.
        data: The same as JSON data, with a `schema`.
        exit_code: See `errors.py`.
        markdown: For step summaries; the text as a code block if empty.
        outputs: Outputs of the CI step.
        errors: One (title, message) for each violated finding or error, shown as annotations.
        warnings: Lines for stderr.
    """

    text: str
    data: Mapping[str, Any]
    exit_code: int = 0
    markdown: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


def show(report: Report, form: str, surroundings: Surroundings) -> None:
    """Print the result on stdout and everything else on stderr; in CI also write summary, outputs, annotations."""
    if form == "json":
        body = escape.json_text(json.dumps(report.data, indent=2, ensure_ascii=False))
    else:
        body = _neutral(_markdown(report) if form == "markdown" else report.text, surroundings)
    sys.stdout.write(body + "\n")
    sys.stdout.flush()
    for warning in report.warnings:
        say(f"warning: {warning}", surroundings)
    annotate(report, surroundings)
    if surroundings.in_github or surroundings.in_gitlab:
        _append(surroundings.step_summary, _markdown(report))
        _append(surroundings.step_output, _outputs(report, surroundings))


def annotate(report: Report, surroundings: Surroundings) -> None:
    """Show each error of the report as an annotation of the GitHub run."""
    for title, message in report.errors if surroundings.in_github else ():
        shown = escape.workflow_command(_quiet(escape.lines(message)))
        sys.stderr.write(f"::error title={escape.workflow_property(_quiet(escape.plain(title)))}::{shown}\n")


def say(text: str, surroundings: Surroundings) -> None:
    """Print a line on stderr."""
    sys.stderr.write(_neutral(text, surroundings) + "\n")


def _neutral(text: str, surroundings: Surroundings) -> str:
    """Return text that GitHub's runner cannot take for a workflow command, and GitLab's log for a marker (R28)."""
    if surroundings.in_gitlab:
        return escape.job_log(text)
    if not surroundings.in_github:
        return text
    rows = (f"·{row}" if row.lstrip().startswith("::") else row for row in text.split("\n"))
    return _quiet("\n".join(rows))


def _quiet(text: str) -> str:
    """Return text without the older form of workflow commands, which the runner finds anywhere in a line."""
    return text.replace("##[", "##\\[")


def _markdown(report: Report) -> str:
    return report.markdown or escape.verbatim(report.text).rstrip("\n")


def _outputs(report: Report, surroundings: Surroundings) -> str:
    """Return what is added to the file of outputs: GitHub's blocks, or lines of a dotenv report."""
    if surroundings.in_github:
        return "".join(_output(name, value) for name, value in report.outputs.items())
    path = surroundings.step_output
    if path is None:
        return ""
    text, problems = dotenv.lines(report.outputs, path.stat().st_size if path.exists() else 0)
    for problem in problems:
        say(f"warning: {problem}", surroundings)
    return text


def _output(name: str, value: str) -> str:
    delimiter = f"counterseal-{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"


def _append(path: Path | None, text: str) -> None:
    if path is not None and text:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(text if text.endswith("\n") else f"{text}\n")
