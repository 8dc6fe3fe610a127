"""Completion in shells: the script that a shell reads once, and the answers that the script asks for.

Both are click's; but the script calls the verb `completion`, so that no variable of an environment can turn another
verb into one that only completes and ends well. A shell completes paths itself; nothing of a repository is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click
from click.shell_completion import BashComplete, CompletionItem, FishComplete, ShellComplete, ZshComplete

from counterseal.cli.table import COMMANDS, module_of
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRAM: Final = "counterseal"
_SHELLS: Final[Mapping[str, type[ShellComplete]]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
#: How click's scripts call a program for an answer, and how ours is called.
_CALLS: Final = {
    "bash": (("%(complete_var)s=bash_complete $1)", "$1 {verb})"),),
    "zsh": (("%(complete_var)s=zsh_complete %(prog_name)s)", "%(prog_name)s {verb})"),),
    "fish": (
        ("%(complete_var)s=fish_complete ", ""),
        ("COMP_CWORD=(commandline -t) %(prog_name)s", "COMP_CWORD=(commandline -t) %(prog_name)s {verb}"),
    ),
}


class Verbs(click.Group):
    """All verbs; the module of one is imported when its own words are completed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the verbs in the order of the table."""
        return list(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the verb that words begin with, and the rest: a verb of two words goes before one of one."""
        if (verb := " ".join(args[:2])) in COMMANDS:
            return verb, self.get_command(ctx, verb), args[2:]
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Return a verb."""
        verb: click.Command | None = module_of(cmd_name).VERB if cmd_name in COMMANDS else None
        return verb

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 - click's signature
        """Return the verbs that begin so, with their line of help; no module is imported for that."""
        words = {
            **{verb: line for verb, (_, line) in COMMANDS.items() if " " not in verb},
            "help": "show the help of a verb",
        }
        if incomplete.startswith("-"):
            words = dict.fromkeys(("--help", "--version"), "")
        return [CompletionItem(verb, help=line) for verb, line in words.items() if verb.startswith(incomplete)]


def script(shell: str) -> str:
    """Return what a shell has to read once."""
    kind = _SHELLS[shell]
    template = kind.source_template
    for theirs, ours in _CALLS[shell]:
        if theirs not in template:
            raise AssertionError(f"click's script for {shell} has no {theirs!r}")
        template = template.replace(theirs, ours.format(verb=f"completion {shell} --answer --format text"))
    return template % _click(shell).source_vars()


def answer(shell: str) -> str:
    """Return the words that may stand where COMP_WORDS and COMP_CWORD say, in the form of the shell's script.

    Raises:
        UsageError: They say nothing.
    """
    try:
        return _click(shell).complete()
    except (KeyError, ValueError) as error:
        problem = "COMP_WORDS and COMP_CWORD do not say what to complete"
        raise UsageError(problem, why="--answer is for the script", fix=f"counterseal completion {shell}") from error


def _click(shell: str) -> ShellComplete:
    return _SHELLS[shell](Verbs(PROGRAM), {}, PROGRAM, "_COUNTERSEAL_COMPLETE")
