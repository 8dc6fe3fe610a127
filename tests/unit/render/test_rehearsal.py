"""What `sandbox --for` prints: foreign names are harmless to look at, and no words of a command."""

from __future__ import annotations

import dataclasses
import shlex
from typing import TYPE_CHECKING

from tests import clones

from counterseal.adapters.git.clone import GitClone
from counterseal.commands import rehearsal
from counterseal.forges import ForgeKind
from counterseal.render.reports import sandbox

if TYPE_CHECKING:
    from pathlib import Path

RUNNING = rehearsal.Running("http://127.0.0.1:8800", "http://127.0.0.1:8800/github/git/ACME/app.git")


def planned(folder: Path) -> rehearsal.Rehearsal:
    clone = clones.make(folder / "app", ForgeKind.GITHUB)
    clones.git(clone, "switch", "-q", "-c", "a\u202e$(id)\u2066")
    return rehearsal.plan(GitClone(clone), rehearsal.RehearsalInputs(build="make 'it'; true"), bytes)


def test_foreign_text_is_shown_and_not_run(tmp_path: Path) -> None:
    report = sandbox.rehearsal(planned(tmp_path), RUNNING)
    assert "\u202e" not in report.text
    assert "\u2066" not in report.text
    lines = [row for row in report.text.splitlines() if row.startswith("    ") and "(" in row]
    assert not [row for row in lines if "$(id)" in row]
    assert report.verbatim
    assert "staging" in report.text
    assert "  then production: the same from the request on, which will be change request 3" in report.text


def test_every_word_of_a_line_is_one_word(tmp_path: Path) -> None:
    hostile = dataclasses.replace(planned(tmp_path), tag="v1; id", approvers=("a b", "$(id)"), asker="x`id`")
    steps = sandbox.rehearsal(hostile, RUNNING).data["steps"]
    words = [word for step in steps for line in step["lines"] for word in shlex.split(line, comments=False)]
    for whole in ("build/v1; id", "as/x`id`", "approve/2/a b", "approve/2/$(id)", "merge/2/x`id`", "make 'it'; true"):
        assert whole in words, whole
