"""What a verb is: a sentence, options, examples; how its words are read, and what its help looks like."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import click

from counterseal.cli import parameters
from counterseal.cli.kinds import PREFIX, name_of
from counterseal.cli.overview import near_miss
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.cli.call import Call

WIDTH = 80
_TAIL = f"""\
Variables set options, too (--format: {PREFIX}FORMAT); the option wins.
Exit codes: 0 ok, 1 could not decide, 2 usage, 10 denied, 11 not verified,
12 held; see counterseal --help"""


class Verb(click.Command):
    """A verb of the command line.

    Args:
        name: What it is called.
        about: One sentence for its help.
        params: Its own options and arguments; what every verb has is added.
        examples: Calls of it, without the program's name.
    """

    def __init__(self, name: str, about: str, params: Sequence[click.Parameter], examples: Sequence[str]) -> None:
        # what is left over is told in our words, by `read`
        settings = {"help_option_names": ["-h", "--help"], "allow_extra_args": True}
        super().__init__(name, help=about, params=[*params, *parameters.shared()], context_settings=settings)
        self._examples = examples

    def read(self, arguments: Sequence[str], call: Call) -> SimpleNamespace | None:
        """Return the options: from arguments, else from variables, else the verb's defaults; None if help was shown.

        Raises:
            UsageError: The words cannot be this verb's.
        """
        try:
            ctx = self.make_context(f"counterseal {self.name}", list(arguments), obj=call)
        except click.exceptions.Exit:
            return None
        except click.UsageError as error:
            raise self._ours(error) from None
        if ctx.args:
            raise UsageError(
                f"{ctx.args[0]!r} is one argument too many",
                why=f"the call is: {' '.join((ctx.command_path, *self.collect_usage_pieces(ctx)))}",
                fix=f"counterseal {self.name} --help",
            )
        return SimpleNamespace(**ctx.params)

    def _ours(self, error: click.UsageError) -> UsageError:
        """Return what click found wrong, in our words."""
        page = f"counterseal {self.name} --help shows them"
        if isinstance(error, click.NoSuchOption):
            known = [name for param in self.params for name in (*param.opts, "--help") if name.startswith("--")]
            near = near_miss(error.option_name, known) if error.option_name.startswith("--") else ""
            what = f"counterseal {self.name} has no option {error.option_name}"
            return UsageError(what, why="each verb has its own options", fix=near or page)
        if isinstance(error, click.MissingParameter) and error.param is not None:
            return _missing(error.param, str(self.name), self._examples[0])
        if isinstance(error, click.BadOptionUsage):
            param = next((param for param in self.params if error.option_name in param.opts), None)
            if isinstance(param, parameters.Switch):
                return UsageError(f"{error.option_name} takes no value", why="it is a switch", fix=error.option_name)
            return UsageError(f"{error.option_name} has no value", why="it needs one", fix=f"{error.option_name} VALUE")
        return UsageError(error.format_message(), fix=page)

    # --- help --------------------------------------------------------------------------------

    def get_help(self, ctx: click.Context) -> str:
        """Return the help: plain, and as wide on every terminal."""
        formatter = click.HelpFormatter(width=WIDTH, max_width=WIDTH)
        formatter.write_usage(f"counterseal {self.name}", " ".join(self.collect_usage_pieces(ctx)), prefix="usage: ")
        formatter.write_paragraph()
        formatter.write_text(self.help or "")
        own = self.get_params(ctx)
        for title, kind in (("arguments", click.Argument), ("options", click.Option)):
            rows = [row for param in own if isinstance(param, kind) and (row := param.get_help_record(ctx))]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows, col_max=26)
        formatter.write_paragraph()
        examples = "".join(f"  counterseal {line}\n" for line in self._examples)
        formatter.write(f"examples:\n{examples}\n")
        formatter.write(_TAIL)
        return formatter.getvalue().rstrip("\n")

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return the option that shows it."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = "show this page"
        return option


def _missing(param: click.Parameter, verb: str, example: str) -> UsageError:
    name, variable = name_of(param), f"{PREFIX}{param.name.upper()}"
    if isinstance(param, parameters.Words):
        return UsageError(f"no {name}", why=f"{verb} needs it: {param.help}", fix=f"counterseal {example}")
    call = name if isinstance(param, click.Option) else f"counterseal {verb} {name}"
    why = f"{verb} needs it: {getattr(param, 'help', None) or 'it has no default'}"
    return UsageError(f"no {name}", why=why, fix=f"{call} …, or set {variable}; for example:\ncounterseal {example}")


def read_manner(arguments: Sequence[str], call: Call) -> None:
    """Let the call know how it is to talk, where a verb's own options could not be read.

    Raises:
        UsageError: What was said of that cannot be read either.
    """
    rest = {"ignore_unknown_options": True, "allow_extra_args": True}
    alone = click.Command(None, params=parameters.manner(), context_settings=rest, add_help_option=False)
    alone.make_context("counterseal", list(arguments), obj=call)
