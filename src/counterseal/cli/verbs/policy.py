"""Check a policy file before it is merged."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal import plain_file, policy
from counterseal.cli.report import Report
from counterseal.errors import CountersealError, PolicyError, UsageError
from counterseal.evaluation import rules
from counterseal.gate import opening
from counterseal.identifiers import POLICY_PATH
from counterseal.model import Repository

if TYPE_CHECKING:
    import argparse

    from counterseal.model import Policy
    from counterseal.wiring import Wiring

#: More than a policy may have: its own reader says so with the place.
MAX_READ = 64 << 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("action", choices=("check",), help="what to do with it")
    parser.add_argument("file", nargs="?", type=Path, default=Path(POLICY_PATH), help=f"default: {POLICY_PATH}")
    parser.add_argument("--new-ledger-id", metavar="HOST/REPOSITORY-ID", help="print a fresh ledger id and stop")


def _compared(found: Policy, wiring: Wiring) -> str:
    """Return what the ledger's id was compared with.

    Raises:
        PolicyError: It is the example of our pages, or another repository's.
    """
    if found.ledger_id.endswith(f"/{policy.EXAMPLE_RANDOM}"):
        raise PolicyError(
            f"ledger.id {found.ledger_id} is the example of counterseal's pages",
            why="a ledger has an id of its own",
            fix="counterseal policy check --new-ledger-id HOST/REPOSITORY-ID prints one",
        )
    try:
        name, host = wiring.surroundings.repository_name(), wiring.surroundings.forge_host().host
    except UsageError as error:
        return f"not compared with a repository: {error.what}"
    opening.check_ledger_id(found, Repository(host, int(found.ledger_id.split("/")[1]), name))
    try:
        home = wiring.forge().repository()
    except CountersealError as error:
        return f"not compared with the number of {name}: {error.what}"
    opening.check_ledger_id(found, home)
    return f"of {home.name}"


def run(options: argparse.Namespace, wiring: Wiring) -> Report:
    """Run the verb."""
    if options.new_ledger_id:
        host, _, number = options.new_ledger_id.partition("/")
        if not re.fullmatch(r"[0-9]{1,18}", number):
            raise UsageError(f"{options.new_ledger_id!r} is no HOST/REPOSITORY-ID", fix="write it like github.com/777")
        found_id = policy.new_ledger_id(host, int(number), wiring.surroundings.random(16))
        return Report(found_id, {"schema": "counterseal.ledger-id/v1", "id": found_id})
    if not options.file.is_file():
        raise UsageError(
            f"no policy {options.file}",
            why="without a policy nothing is allowed",
            fix="see docs/policy-reference.md; for a ledger id: counterseal policy check --new-ledger-id github.com/ID",
        )
    found = policy.load(
        plain_file.read(options.file.resolve(), max_bytes=MAX_READ),
        rules=rules.RULES,
        name=options.file.name,
    )
    compared = _compared(found, wiring.at_home())
    stages = [
        f"  {stage.name}{f' (after {stage.after})' if stage.after else ''}{', publishes' if stage.publish else ''}: "
        + (", ".join(each.name for each in stage.rules) or "no rules of its own")
        for stage in found.stages
    ]
    always = ", ".join(name for name, spec in rules.RULES.items() if spec.always)
    text = "\n".join(
        (
            f"policy is usable: {options.file}, sha256:{found.digest}",
            *stages,
            f"  always: {always}",
            f"  ledger {found.ledger_id} ({compared})",
        )
    )
    data = {
        "schema": "counterseal.policy-check/v1",
        "digest": found.digest,
        "ledger": found.ledger_id,
        "stages": [stage.name for stage in found.stages],
    }
    return Report(text, data)
