"""What a verb hands back: its result in every form in which somebody may want it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


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
        notices: One (title, message) for each thing that people should see at once, shown as annotations.
        table: The rows that the text begins with, the head first; a terminal shows them as wide as it is.
        aside: It goes to stderr whole: stdout is that of a command that was run.
        verbatim: The text is for a program: no colour, wherever it goes.
    """

    text: str
    data: Mapping[str, Any]
    exit_code: int = 0
    markdown: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    notices: tuple[tuple[str, str], ...] = ()
    table: Sequence[Sequence[str]] = ()
    aside: bool = False
    verbatim: bool = False
