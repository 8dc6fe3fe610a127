"""`trust export`."""

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
    "trust",
    "Export the trust root: one line for cosign and gh, or the whole trust document as JSON.",
    (
        parameters.Argument("action", "what to do", OneOf(("export",))),
        *parameters.trust(),
        parameters.Option("--sandbox-url", metavar="URL", words="ask a running sandbox for its trust document"),
    ),
    ("trust export > trusted_root.jsonl", "trust export --format json > trust.json"),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.render.reports import trust as reports

    return reports.report(*wiring.trust_document(options.trust, options.sandbox_url, sandbox=options.sandbox))
