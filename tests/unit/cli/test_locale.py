"""In a locale that lacks our characters a result is a result: what cannot be written is shown by its number."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "app"
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture
def call(tmp_path: Path) -> list[str]:
    artifact = tmp_path / "app.whl"
    artifact.write_bytes(b"a wheel")
    # Without -I, by which Python would not hear of the locale.
    command = [sys.executable, "-m", "counterseal", "sbom", "app.whl", "--project", str(EXAMPLE), "--dry-run"]
    return [*command, "--output", "aus-gäbe"]


def run(call: list[str], folder: Path) -> str:
    environment = {"PATH": os.environ["PATH"], **ASCII}
    done = subprocess.run(call, cwd=folder, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode("ascii")


def test_text_has_escapes(call: list[str], tmp_path: Path) -> None:
    assert r" \xb7 sha256:" in run(call, tmp_path)


def test_json_stays_json(call: list[str], tmp_path: Path) -> None:
    told = json.loads(run([*call, "--format", "json"], tmp_path))
    assert told["components"] == 17
    assert os.fsencode(told["path"]).endswith("aus-gäbe/sbom.cdx.json".encode())
