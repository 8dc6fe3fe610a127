"""Of what kind the value of an option is: a number, one of some words, a path. A wrong one is an error of ours."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from counterseal.cli.overview import near_miss
from counterseal.errors import UsageError

PREFIX = "COUNTERSEAL_"


def spelled(param: click.Parameter | None, ctx: click.Context | None, value: str) -> str:
    """Return a value with the name that it was given by: an option, an argument or a variable."""
    if param is None or ctx is None:
        return repr(value)
    if ctx.get_parameter_source(param.name) is click.core.ParameterSource.ENVIRONMENT:
        return f"{PREFIX}{param.name.upper()}={value!r}"
    return f"{name_of(param)} {value!r}"


def name_of(param: click.Parameter) -> str:
    """Return what a parameter is called on the command line: the longest spelling of an option."""
    return max(param.opts, key=len) if isinstance(param, click.Option) else param.human_readable_name


class Number(click.ParamType[int]):
    """A whole number."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number.

        Raises:
            UsageError: It is none.
        """
        try:
            return int(value)
        except ValueError:
            said = spelled(param, ctx, value)
            raise UsageError(
                f"{said} is not a whole number", why="a number is expected", fix="use digits only"
            ) from None


class OneOf(click.Choice[str]):
    """One of some words."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word.

        Raises:
            UsageError: It is another one; with the near miss.
        """
        known = [str(word) for word in self.choices]
        if value in known:
            return str(value)
        raise UsageError(
            f"{spelled(param, ctx, value)} is not one of {', '.join(known)}",
            why="no other value is known",
            fix=near_miss(value, known) or f"write {known[0]}",
        )


class Place(click.ParamType[Any]):
    """A path, which may or may not be there; the shell completes it.

    Args:
        folder: It names a folder.
        path: It becomes a `Path`; a glob stays the text that it is.
    """

    name = "path"

    def __init__(self, *, folder: bool = False, path: bool = True) -> None:
        self._kind = "dir" if folder else "file"
        self._path = path

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ARG002 - click's signature
        """Return the path."""
        return Path(value) if self._path else value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 - click's signature
        """Return the word that lets the shell complete a path."""
        return [CompletionItem(incomplete, type=self._kind)]


class Moment(click.ParamType[datetime]):
    """A day, or a moment; UTC if no zone is named."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the moment.

        Raises:
            UsageError: It is none.
        """
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            said = spelled(param, ctx, value)
            why = "a day or a moment in UTC is meant"
            raise UsageError(f"{said} is not a date", why=why, fix="write it like 2026-10-01") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Digest(click.ParamType[str]):
    """A sha256, whole: who has only its beginning could be shown something that begins alike."""

    name = "sha256"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the 64 hex digits, in lower case.

        Raises:
            UsageError: It is none, or not all of it.
        """
        from counterseal.formats import digests  # noqa: PLC0415 - `--help` must not pay for it

        digits = str(value).lower().removeprefix("sha256:")
        if not digests.is_sha256(digits):
            said = spelled(param, ctx, value)
            why = "a sha256 has 64 hex digits, and a part of it proves nothing"
            raise UsageError(f"{said} is not a sha256", why=why, fix="give all 64 digits")
        return digits


DIGEST, NUMBER, MOMENT = Digest(), Number(), Moment()
FILE, FOLDER, GLOB = Place(), Place(folder=True), Place(path=False)
