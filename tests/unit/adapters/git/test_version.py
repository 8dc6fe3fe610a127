"""Which git works here, in its own words."""

from __future__ import annotations

from counterseal.wiring import project


def test_git_says_which_it_is() -> None:
    assert project.git_version().startswith("git version 2.")
