"""Export what verification trusts: one line of trusted root for cosign and gh, or the whole document as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.cli.report import Report
from counterseal.cli.verbs.verify import add_trust

if TYPE_CHECKING:
    import argparse

    from counterseal.wiring import Wiring


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("action", choices=("export",), help="what to do")
    add_trust(parser)
    parser.add_argument("--sandbox-url", help="ask a running sandbox for its trust document")


def run(options: argparse.Namespace, wiring: Wiring) -> Report:
    """Run the verb."""
    document, root = wiring.trust_document(options.trust, options.sandbox_url, sandbox=options.sandbox)
    return Report(root.decode().strip(), document)
