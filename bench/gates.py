"""What a whole run of the gate costs that finds nothing to do, beside the same at a ledger of ten entries, in turns.

The forge is a sandbox on this machine that answers at once: what is measured is the gate's own work, and git's. It
verifies, as any gate does; the branch beside the ledger has 10,000 commits, 50 policies and all merged requests.
"""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench import measuring
from bench.measuring import PROGRAM, Ended, FailedError
from bench.results import Measured, Times
from tests.signed_ledgers.hosting import hosted

if TYPE_CHECKING:
    from tests.signed_ledgers.hosting import Hosted
    from tests.signed_ledgers.making import SignedLedger


def measure(made: SignedLedger, small: SignedLedger, place: Path) -> Measured:
    """Return what a run takes at a ledger, and at a small one.

    Args:
        made: The ledger.
        small: The other one, of a sandbox at another port; the same: nothing is beside it.
        place: A folder for both forges; on the ledger's disk nothing is copied.
    """
    size = made.parameters.entries
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=place, prefix="gate.")))
        ledgers = [made] if made is small else [made, small]
        try:
            worlds = [stack.enter_context(hosted(each, folder / str(number))) for number, each in enumerate(ledgers)]
            runs = measuring.in_turns(*(lambda world=world: _run(world) for world in worlds))
        except (FailedError, OSError) as error:  # a port that somebody else has
            return Measured("gate", size, problem=str(error))
    times = [_times(ended) for ended in runs]
    return Measured("gate", size, ours=times[0], beside=times[1] if times[1:] else None)


def _run(world: Hosted) -> Ended:
    return measuring.whole([PROGRAM, "gate"], world.gate_run())


def _times(runs: list[Ended]) -> Times:
    return Times(tuple(run.seconds for run in runs), max(run.mebibytes for run in runs))
