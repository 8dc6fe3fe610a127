"""Asks a person at a terminal, on standard error, so that the result on standard output stays whole."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from counterseal.errors import UsageError
from counterseal.render import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.wiring import Surroundings


def somebody_is_there(surroundings: Surroundings) -> bool:
    """Return whether a person can be asked: standard input and error are terminals, and this is no CI."""
    if surroundings.in_github or surroundings.in_gitlab or surroundings.environ.get("CI"):
        return False
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(words: str, proposal: str | None, choices: Sequence[str] = ()) -> str:
    """Return the answer to a question; an empty one takes what is proposed.

    Args:
        words: The question.
        proposal: What Enter answers; None: an answer has to be given.
        choices: All answers, if they are few.

    Raises:
        UsageError: None was given.
    """
    # words of an enumeration are words here: click would offer their names
    kind = click.Choice([str(choice) for choice in choices]) if choices else click.STRING
    default = None if proposal is None else str(proposal)
    shown = escape.plain(words, 500)
    try:
        answer: str = click.prompt(shown, default=default, type=kind, err=True, show_choices=bool(choices))
    except click.exceptions.Abort:
        raise UsageError(
            "no answer, so nothing was written",
            why="the input ended, or was interrupted",
            fix="run it again; --yes takes what is proposed",
        ) from None
    return answer.strip()
