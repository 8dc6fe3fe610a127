"""What the pages show is what the commands print, and the generator notices when it is not."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.project.source_tree import ROOT
from tools import state_diagrams

from counterseal.cli.table import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def generate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools" / "readme_blocks.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def block(command: str, text: str = "", code: str = "") -> str:
    return f"before\n<!-- generated{code}: {command} -->\n{text}<!-- end -->\nafter\n"


def written(page: Path, command: str, code: str = "") -> str:
    page.write_text(block(command, code=code))
    done = generate(str(page))
    assert done.returncode == 0, done.stderr
    assert generate("--check", str(page)).returncode == 0, "twice is the same"
    return page.read_text()


def test_a_block_shows_what_the_command_prints(tmp_path: Path) -> None:
    text = written(tmp_path / "page.md", "$ echo out; echo err >&2")
    assert text == block("$ echo out; echo err >&2", "```text\n$ echo out; echo err >&2\nout\nerr\n```\n")


def test_check_tells_a_stale_page_and_leaves_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(block("echo new", "```text\nold\n```\n"))
    done = generate("--check", str(page))
    assert done.returncode == 1
    assert "-old\n+new\n" in done.stderr
    assert "old" in page.read_text()


def test_an_unexpected_end_is_an_error(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(block("echo oops; exit 3"))
    done = generate(str(page))
    assert done.returncode == 1
    assert "ended with 3, not 0:\noops" in done.stderr
    assert "```text\nno\n```" in written(page, "echo no; exit 10", code=" 10")


def test_what_differs_from_run_to_run_is_constant(tmp_path: Path) -> None:
    digest = "$(date +%s%N | sha256sum | cut -c1-64)"
    command = f'd={digest}; echo "$WORK/x $(date -u +%FT%TZ) took 0.$RANDOM s at 127.0.0.1:$RANDOM $d ${{d:0:12}}"'
    shown = written(tmp_path / "page.md", command).splitlines()[3].split()
    full, short = shown[-2:]
    assert shown[:-2] == ["…/x", "2026-11-24T09:10:44Z", "took", "0.1", "s", "at", "127.0.0.1:8470"]
    assert full.startswith(short)
    assert (len(full), len(short)) == (64, 12)


def test_a_digest_without_letters_is_constant_too(tmp_path: Path) -> None:
    command = "echo '#2 at 8591804; older (7654321) sha256:123456789012…, its file at 210987654321, 1234567 of 2026'"
    shown = written(tmp_path / "page.md", command).splitlines()[3]
    assert [each for each in ("8591804", "7654321", "123456789012", "210987654321") if each in shown] == []
    assert shown.endswith(", 1234567 of 2026"), "a number that is not a digest stays"


def test_every_verb_has_its_page() -> None:
    page = (ROOT / "docs" / "commands.md").read_text()
    assert [name for name in COMMANDS if f"\n## {name}\n" not in page] == []
    assert [name for name in COMMANDS if f"<!-- generated: counterseal {name} --help -->" not in page] == []


@pytest.mark.slow(seconds=60)
def test_the_pages_are_up_to_date(tool: Callable[[str], Path]) -> None:
    for name in ("gh", "jq", "openssl"):
        tool(name)
    done = generate("--check")
    assert done.returncode == 0, done.stderr + "\nfix: make docs"


def test_the_diagrams_are_drawn_from_the_table() -> None:
    page = state_diagrams.PAGE.read_text()
    assert state_diagrams.render(page) == page, "fix: make docs"
    assert page.count("stateDiagram-v2") == len(state_diagrams.TITLES)
    assert "  provisional --> lasting: confirmation\n" in page
