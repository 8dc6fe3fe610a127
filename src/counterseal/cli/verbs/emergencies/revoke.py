"""`revoke`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import DIGEST
from counterseal.cli.verb import Verb
from counterseal.cli.verbs import emergencies
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "revoke",
    "Take back what was allowed, at once and for three days; two people make that lasting, or take it back.\n\n"
    f"{emergencies.ABOUT}",
    (
        parameters.Option("--manifest", kind=DIGEST, metavar="SHA256", words="what was let in with this manifest"),
        parameters.Option("--artifact", kind=DIGEST, metavar="SHA256", words="this file, wherever it is in"),
        parameters.Option("--tag", metavar="TAG", words="what was let in under this tag: its manifest"),
        *emergencies.shared(),
    ),
    ('revoke --tag v1.2.0 --reason "it was built by a thief, see #61"',),
)
_NAMED = ("manifest", "artifact", "tag")


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.commands import emergency

    given = [(kind, getattr(options, kind)) for kind in _NAMED if getattr(options, kind)]
    if len(given) != 1:
        named = " and ".join(f"--{kind}" for kind, _ in given)
        raise UsageError(
            f"{named} are {len(given)} things" if given else "what is to be revoked?",
            why="one entry revokes one thing",
            fix="name one: --tag v1.2.0, --manifest SHA256 or --artifact SHA256",
        )
    kind, value = given[0]
    target = kind, value.removeprefix("refs/tags/")
    return emergencies.start(options, wiring, lambda _, tip: emergency.revoke(target, options.reason, tip), "revoke")
