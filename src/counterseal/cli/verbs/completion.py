"""`completion`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import OneOf
from counterseal.cli.verb import Verb

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "completion",
    "Print the completion script of bash, zsh or fish.",
    (
        parameters.Argument("shell", "whose script", OneOf(("bash", "zsh", "fish"))),
        parameters.Switch("--answer", words="what the script calls at each word: COMP_WORDS and COMP_CWORD say where"),
    ),
    (
        "completion bash >> ~/.bashrc",
        'completion zsh > "${fpath[1]}/_counterseal"',
        "completion fish > ~/.config/fish/completions/counterseal.fish",
    ),
)


def run(options: SimpleNamespace, _: Wiring) -> Report:
    """Run the verb."""
    from counterseal.cli import completion
    from counterseal.render.reports import completion as reports

    shown = completion.answer(options.shell) if options.answer else completion.script(options.shell)
    return reports.report(options.shell, shown)
