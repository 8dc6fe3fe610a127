"""`demo`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal.cli import parameters
from counterseal.cli.kinds import FOLDER, OneOf
from counterseal.cli.verb import Verb
from counterseal.forges import ForgeKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import SimpleNamespace

    from counterseal.ports import Signer
    from counterseal.render import Report
    from counterseal.wiring import Wiring

BOTH: Final = "both"
VERB = Verb(
    "demo",
    "Show the whole way in the sandbox: a commit becomes a verified production release, which is held, let on, and "
    "taken back; and four attacks fail.",
    (
        parameters.Option(
            "--forge", kind=OneOf((*map(str, ForgeKind), BOTH)), default=BOTH, words="on which forge (default: both)"
        ),
        parameters.Option(
            "--examples",
            kind=FOLDER,
            metavar="FOLDER",
            default=Path("examples"),
            words="folder with the projects app and web (default: examples)",
        ),
        parameters.Option(
            "--output",
            kind=FOLDER,
            metavar="FOLDER",
            default=Path("demo-out"),
            words="folder for the results; replaced (default: demo-out)",
        ),
    ),
    ("demo", "demo --forge gitlab"),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.cli.showing import say
    from counterseal.commands import demo
    from counterseal.render.reports import demo as reports

    def signer(environment: Mapping[str, str]) -> Signer:
        return type(wiring)(environment).signer()

    def tell(line: str) -> None:
        if not options.quiet:
            say(line, wiring.surroundings)

    kinds = tuple(ForgeKind) if options.forge == BOTH else (ForgeKind(options.forge),)
    ports = demo.DemoPorts(
        examples=options.examples.resolve(),
        path=wiring.program_path(),
        signer=signer,
        begin=lambda kind: tell(reports.heading(kind)),
        tell=lambda told: tell(reports.step(told)),
    )
    shown = demo.run(options.output.resolve(), kinds, ports)
    missing = [tool for tool in reports.FOREIGN_TOOLS if shutil.which(tool) is None]
    return reports.report(shown, "counterseal" if shutil.which("counterseal") else _here(), missing)


def _here() -> Path:
    """Return where counterseal is, if it is not on the PATH."""
    program = Path(sys.executable).parent / "counterseal"
    return program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program
