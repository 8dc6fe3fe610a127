"""Rooms that open only where somebody goes in: what they export is there, and nothing else is."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

ROOMS = ("evaluation", "policy")


@pytest.mark.parametrize("room", ROOMS)
def test_everything_that_a_room_exports_is_there(room: str) -> None:
    door = importlib.import_module(f"counterseal.{room}")
    for name in door.__all__:
        if not hasattr(door, name):
            importlib.import_module(f"counterseal.{room}.{name}")  # exported is the file itself


@pytest.mark.parametrize("room", ROOMS)
def test_what_a_room_does_not_have_is_said_as_of_any_module(room: str) -> None:
    with pytest.raises(AttributeError, match=f"module 'counterseal.{room}' has no attribute 'nothing'"):
        _ = importlib.import_module(f"counterseal.{room}").nothing
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        exec(f"from counterseal.{room} import nothing")


def test_a_room_imports_a_file_when_it_is_asked_for_it() -> None:
    code = (
        "import sys, counterseal.policy as room; before = set(sys.modules); room.reason; "
        "print(*(name for name in set(sys.modules) - before if name.startswith('counterseal.policy')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["counterseal.policy.rule"]
