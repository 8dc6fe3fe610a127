"""The bench of `verify` says what it has measured: of one round on a small release, and of figures counted by hand."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from bench import verify

if TYPE_CHECKING:
    from pathlib import Path


def test_the_comparison_with_the_goals_is_of_minima_and_of_medians() -> None:
    times = {
        verify.IMPORT: verify.Times((300.0, 320.0, 390.0), 50.0),
        verify.ONE: verify.Times((400.0, 360.0, 350.0), 60.0),
        verify.MANY: verify.Times((700.0, 1080.0, 1200.0), 70.0),
    }
    more, ratio = verify._compared(times)
    assert more == {"minMs": 50.0, "medianMs": 40.0}
    assert ratio == {"minTimes": 2.0, "medianTimes": 3.0}


def test_a_process_that_ends_otherwise_is_no_measurement(tmp_path: Path) -> None:
    milliseconds, mebibytes = verify._run([sys.executable, "-c", "print(1)"], tmp_path)
    assert milliseconds > 0
    assert mebibytes > 1
    with pytest.raises(RuntimeError, match="ended with 3"):
        verify._run([sys.executable, "-c", "import sys; sys.exit(3)"], tmp_path)


def test_each_call_is_measured_as_often_as_asked_after_one_that_does_not_count(tmp_path: Path) -> None:
    note = tmp_path / "note"
    call = [sys.executable, "-c", f"open({str(note)!r}, 'a').write('x')"]
    found = verify._measured({"call": call}, tmp_path, rounds=2)
    assert note.read_text() == "xxx"
    assert len(found["call"].milliseconds) == 2
