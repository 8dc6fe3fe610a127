"""How a report reaches people: stdout, summary and outputs of the CI, annotations; on a terminal with colour."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sys
from typing import TYPE_CHECKING, Any, TextIO

from counterseal.cli import dotenv
from counterseal.ports import Tell, silent
from counterseal.render import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import SimpleNamespace

    from counterseal.render import Report
    from counterseal.wiring import Surroundings


def show(report: Report, form: str, surroundings: Surroundings, *, quiet: bool = False) -> None:
    """Print the result on stdout and everything else on stderr; in CI also write summary, outputs, annotations.

    Args:
        report: The result.
        form: `text`, `json` or `markdown`.
        surroundings: Where this is shown.
        quiet: Only errors on stderr.
    """
    if report.aside:
        if not quiet:
            _aside(report, form, surroundings)
    elif form == "json":
        write_json(report.data)
    elif form == "text" and not report.verbatim and _styled(sys.stdout, surroundings):
        _write(_terminal(report, sys.stdout))
    else:
        _write(_neutral(_markdown(report) if form == "markdown" else report.text, surroundings))
    for warning in () if quiet else report.warnings:
        say(f"warning: {warning}", surroundings)
    annotate(report.errors, surroundings)
    annotate(report.notices, surroundings, level="warning")
    if surroundings.in_github or surroundings.in_gitlab:
        _append(surroundings.step_summary, _markdown(report))
        _append(surroundings.step_output, _outputs(report, surroundings, quiet=quiet))


def _aside(report: Report, form: str, surroundings: Surroundings) -> None:
    if form == "json":
        sys.stderr.write(escape.json_text(json.dumps(report.data, indent=2)) + "\n")
    else:
        say(_markdown(report) if form == "markdown" else report.text, surroundings)


def write_json(data: Mapping[str, Any]) -> None:
    """Print a JSON document on stdout."""
    _write(escape.json_text(json.dumps(data, indent=2, ensure_ascii=not _is_utf8(sys.stdout))))


def _write(body: str) -> None:
    sys.stdout.write(body + "\n")
    sys.stdout.flush()


def annotate(errors: Sequence[tuple[str, str]], surroundings: Surroundings, *, level: str = "error") -> None:
    """Show each error, or warning, (title, message) as an annotation of the GitHub run."""
    for title, message in errors if surroundings.in_github else ():
        shown = escape.workflow_command(_inert(escape.lines(message)))
        sys.stderr.write(f"::{level} title={escape.workflow_property(_inert(escape.plain(title)))}::{shown}\n")


def say(text: str, surroundings: Surroundings) -> None:
    """Print a line on stderr."""
    if _styled(sys.stderr, surroundings):
        from counterseal.render import terminal  # noqa: PLC0415 - only a terminal pays for it

        sys.stderr.write(terminal.lines(text) + "\n")
    else:
        sys.stderr.write(_neutral(text, surroundings) + "\n")


@contextlib.contextmanager
def progress(options: SimpleNamespace, surroundings: Surroundings) -> Iterator[Tell]:
    """Give long work somewhere to tell how far it is: on a terminal from a second on, elsewhere nowhere."""
    if options.quiet or not (sys.stderr.isatty() and surroundings.may_style(terminal=True)):
        yield silent
        return
    from counterseal.render import terminal  # noqa: PLC0415 - only a terminal pays for it

    with terminal.Progress(sys.stderr) as shown:
        yield shown.tell


def _is_utf8(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().replace("-", "") == "utf8"


def _styled(stream: TextIO, surroundings: Surroundings) -> bool:
    return surroundings.may_style(terminal=stream.isatty())


def _terminal(report: Report, stream: TextIO) -> str:
    from counterseal.render import terminal  # noqa: PLC0415 - only a terminal pays for it

    width = os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    return terminal.report(report, width or None)


def _neutral(text: str, surroundings: Surroundings) -> str:
    """Return text that GitHub's runner cannot take for a workflow command, and GitLab's log for a marker (R28)."""
    if surroundings.in_gitlab:
        return escape.job_log(text)
    if not surroundings.in_github:
        return text
    rows = (f"·{row}" if row.lstrip().startswith("::") else row for row in text.split("\n"))
    return _inert("\n".join(rows))


def _inert(text: str) -> str:
    """Return text without the older form of workflow commands, which the runner finds anywhere in a line."""
    return text.replace("##[", "##\\[")


def _markdown(report: Report) -> str:
    return report.markdown or escape.verbatim(report.text).rstrip("\n")


def _outputs(report: Report, surroundings: Surroundings, *, quiet: bool) -> str:
    """Return what is added to the file of outputs: GitHub's blocks, or lines of a dotenv report."""
    if surroundings.in_github:
        return "".join(_output(name, value) for name, value in report.outputs.items())
    path = surroundings.step_output
    if path is None:
        return ""
    text, problems = dotenv.lines(report.outputs, path.stat().st_size if path.exists() else 0)
    for problem in () if quiet else problems:
        say(f"warning: {problem}", surroundings)
    return text


def _output(name: str, value: str) -> str:
    delimiter = f"counterseal-{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"


def _append(path: Path | None, text: str) -> None:
    if path is not None and text:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(text if text.endswith("\n") else f"{text}\n")
