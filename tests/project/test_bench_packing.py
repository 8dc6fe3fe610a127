"""The bench of archives says of what varies that it does, and of what does not that it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bench import packing

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_tar_varies_and_pack_does_not(tmp_path: Path) -> None:
    rows = [
        [cell.strip() for cell in row.split("|")[2:-1]]
        for row in packing._rows(tmp_path, ["tar czf", "counterseal pack"])
    ]
    assert rows[2:] == [
        ["tar.gz", *["**differs**"] * 3, rows[2][-1]],
        ["tar.gz", *["equal"] * 3, "nothing"],
        ["zip", *["equal"] * 3, "nothing"],
    ]
    assert "`times`" in rows[2][-1]
