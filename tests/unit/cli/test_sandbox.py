"""What `sandbox` says where it cannot start."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from counterseal.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("case", ["taken", "no port", "no folder"])
def test_a_port_or_folder_that_cannot_be_had(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    with socket.create_server(("127.0.0.1", 0)) as other:
        asked = {
            "taken": ["--port", str(other.getsockname()[1]), "--state", str(tmp_path / "state")],
            "no port": ["--port", "65536", "--state", str(tmp_path / "state")],
            "no folder": ["--state", str(file)],
        }
        assert main(["sandbox", *asked[case]], {"PATH": "/usr/bin"}) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: no sandbox on port ")
    assert [line.split(":")[0].strip() for line in told.splitlines()] == ["error", "why", "fix"]
