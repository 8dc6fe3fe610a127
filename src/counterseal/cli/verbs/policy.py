"""`policy check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import FILE, OneOf
from counterseal.cli.verb import Verb
from counterseal.identifiers import POLICY_PATH

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "policy",
    "Check a policy file before it is merged.",
    (
        parameters.Argument("action", "what to do with it", OneOf(("check",))),
        parameters.Argument("file", f"default: {POLICY_PATH}", FILE, default=Path(POLICY_PATH)),
        parameters.Option("--new-ledger-id", metavar="HOST/REPOSITORY-ID", words="print a new ledger id and stop"),
    ),
    ("policy check", "policy check --new-ledger-id github.com/777"),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.commands import policy
    from counterseal.render.reports import policy as reports
    from counterseal.wiring import project

    if options.new_ledger_id:
        return reports.ledger_id(policy.new_ledger_id(options.new_ledger_id, wiring.surroundings.random))
    home = wiring.at_home()

    def here() -> tuple[str, str]:
        name = home.surroundings.repository_name()
        return home.surroundings.forge_host().host, name

    return reports.checked(policy.check(options.file, here=here, forge=home.forge, clone=project.clone))
