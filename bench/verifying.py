"""What `bench/verify.py` measures, in the form of the other works; nothing where that bench is not there."""

from __future__ import annotations

import importlib
import importlib.util
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.results import Measured, Times

if TYPE_CHECKING:
    from collections.abc import Iterator


def measure() -> Iterator[Measured]:
    """Yield what one file costs beside the import of the library, and what many cost beside one."""
    if importlib.util.find_spec("bench.verify") is None:
        return
    verify: Any = importlib.import_module("bench.verify")
    with tempfile.TemporaryDirectory(prefix="counterseal-bench.") as name:
        work = Path(name)
        calls = verify._calls(verify._demo(work / "demo"), work, verify.FILES)
        times = {call: _times(each) for call, each in verify._measured(calls, work, verify.ROUNDS).items()}
    one = times[verify.ONE]
    yield Measured("verify", 1, ours=one, beside=times[verify.IMPORT])
    yield Measured("verify, many", verify.FILES, ours=times[verify.MANY], beside=one)
    yield Measured("verify, proofs", verify.FILES, ours=times[verify.PROOFS], beside=one)


def _times(measured: Any) -> Times:
    return Times(tuple(each / 1000 for each in measured.milliseconds), measured.mebibytes)
