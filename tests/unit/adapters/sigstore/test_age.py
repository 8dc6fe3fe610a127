"""How old the copy of Sigstore's root is: by what TUF wrote when it last asked."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sigstore._internal.tuf import DEFAULT_TUF_URL, _get_dirs

from counterseal.errors import ServiceError
from counterseal.wiring import project

if TYPE_CHECKING:
    from pathlib import Path


def test_a_machine_that_never_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(ServiceError, match="has not asked Sigstore"):
        project.root_refreshed()


def test_a_machine_that_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    place = _get_dirs(DEFAULT_TUF_URL)[0]
    place.mkdir(parents=True)
    (place / "timestamp.json").write_text("{}", encoding="ascii")
    then = datetime(2026, 11, 24, tzinfo=UTC)
    os.utime(place / "timestamp.json", (then.timestamp(), then.timestamp()))
    assert project.root_refreshed() == then
