"""Options and arguments of verbs, each of which a variable `COUNTERSEAL_NAME` can set as well; a flag wins.

Also the options that several verbs share.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from counterseal.cli.kinds import FILE, FOLDER, GLOB, NUMBER, PREFIX, OneOf
from counterseal.errors import UsageError
from counterseal.identifiers import OUTPUT_FOLDER

TRUE, FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


class _Variable(click.Parameter):
    """A parameter that a variable may set; the environment is that of the call, not that of the process."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Return the variable's value; None if it is not set or empty, and while a shell completes."""
        return ctx.obj.variable(self.name) if ctx.obj is not None else None

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """Return the value as the command line would have given it: several in a list, of a switch whether it is on.

        Raises:
            UsageError: It is a switch, and the value is neither true nor false.
        """
        value = self.resolve_envvar_value(ctx)
        if value is None:
            return None
        if self.nargs == -1 or self.multiple:
            return tuple(value.split()) or None
        return self._switched(value) if getattr(self, "is_flag", False) else value

    def _switched(self, value: str) -> bool:
        if value.lower() not in (*TRUE, *FALSE):
            raise UsageError(
                f"{PREFIX}{self.name.upper()}={value!r} is neither true nor false",
                why="the option is a switch",
                fix="write true or false",
            )
        return value.lower() in TRUE


class Option(_Variable, click.Option):
    """An option of a verb.

    Args:
        names: Its spellings, such as `--stage`.
        words: What it is for; stands in the help.
        kind: Of what kind its value is; text if nothing else is said.
        more: What click knows besides: `default`, `required`, `multiple`, `metavar`, `is_eager`, `callback`.
    """

    def __init__(self, *names: str, words: str, kind: click.ParamType[Any] | None = None, **more: Any) -> None:
        super().__init__(names, help=words, type=kind, **more)


class Switch(_Variable, click.Option):
    """An option without a value: off if it is not given."""

    def __init__(self, *names: str, words: str, **more: Any) -> None:
        super().__init__(names, help=words, is_flag=True, default=False, **more)


class Argument(_Variable, click.Argument):
    """A word, or (`nargs=-1`) several, without a name in front."""

    def __init__(self, name: str, words: str, kind: click.ParamType[Any] | None = None, **more: Any) -> None:
        super().__init__([name], help=words, type=kind, **more)


class Words(Argument):
    """The words of a command, which no variable sets: whoever can set one would choose what runs."""

    def resolve_envvar_value(self, ctx: click.Context) -> None:  # noqa: ARG002 - click's form
        """Return nothing."""
        return


def _remember(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    if ctx.obj is not None:
        setattr(ctx.obj, "form" if param.name == "format" else "verbose", value)
    return value


def manner() -> list[click.Parameter]:
    """Return the options that are read before all others: an error may come up while those are read."""
    forms = OneOf(("text", "json", "markdown"))
    return [
        Option("--format", kind=forms, default="text", words="output format", is_eager=True, callback=_remember),
        Switch("-v", "--verbose", words="show a traceback on internal errors", is_eager=True, callback=_remember),
    ]


def shared() -> list[click.Parameter]:
    """Return what every verb has."""
    form, verbose = manner()
    return [form, Switch("-q", "--quiet", words="print only errors on standard error"), verbose]


def trust() -> list[click.Parameter]:
    """Return the options that choose whom to trust."""
    return [
        Option("--trust", kind=FILE, metavar="FILE", words="trust document from `trust export --format json`"),
        Switch("--sandbox", words="accept a sandbox's trust document (proves nothing)"),
    ]


def project() -> list[click.Parameter]:
    """Return the options that say which project it is, and whose decisions count there."""
    return [
        Option(
            "--repository", metavar="HOST/NAME", required=True, words="where they come from, e.g. github.com/acme/app"
        ),
        Option("--repository-id", kind=NUMBER, metavar="ID", words="its number (names can change hands)"),
        Option("--ledger", metavar="ID", words="the ledger that it has to be recorded in"),
        Option(
            "--gate-revision",
            metavar="SHA",
            multiple=True,
            words="accept only this revision of the gate (repeatable)",
        ),
        Option("--gate-identity", metavar="URL", words="the project's own gate: https://HOST/PROJECT//FILE@REF"),
        Option("--gate-issuer", metavar="URL", words="its OIDC issuer, e.g. https://gitlab.com"),
    ]


def state() -> Option:
    """Return where a newer state of the ledger is."""
    return Option(
        "--state",
        metavar="STATE",
        words="its ledger's state: FILE, CLONE, URL, or newest",
    )


def build(words: str = "the artifacts: files, globs or SHA256SUMS") -> list[click.Parameter]:
    """Return what `sbom` and `sign` are both told."""
    return [
        subjects(words),
        Option(
            "--project",
            kind=FOLDER,
            metavar="FOLDER",
            multiple=True,
            words="project folder, that of the artifacts first; repeatable (default: here)",
        ),
        output(f"folder for the results (default: {OUTPUT_FOLDER})"),
    ]


def subjects(words: str) -> Argument:
    """Return the artifacts that a verb is about."""
    return Argument("subjects", words, GLOB, nargs=-1, required=True)


def clone(words: str = "clone with the ledger (default: here)") -> Option:
    """Return which clone it is about."""
    return Option("--folder", kind=FOLDER, metavar="FOLDER", default=Path(), words=words)


def no_cache() -> Switch:
    """Return the option of all that read a whole ledger."""
    return Switch("--no-cache", words="verify every signature anew, and remember none (always so in CI)")


def output(words: str) -> Option:
    """Return the folder in which `sbom`, `sign` and `candidate` meet."""
    return Option("--output", kind=FOLDER, metavar="FOLDER", default=Path(OUTPUT_FOLDER), words=words)


def dry_run(words: str) -> Switch:
    """Return the option of all that write."""
    return Switch("--dry-run", words=words)
