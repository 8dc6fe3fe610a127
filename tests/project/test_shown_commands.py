"""Every call of counterseal that a page shows is one: its verb is there, and so are its options."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from counterseal.cli.table import COMMANDS, module_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path
    for folder in ("docs", "actions", "gitlab-templates", ".")
    for path in (ROOT.glob("*.md") if folder == "." else (ROOT / folder).rglob("*.md"))
    if path.name != "CHANGELOG.md"
)
#: What stands for an ending of its own: `…`, a comment, the end of a command.
_END = re.compile(r"[`…#;|&>)\n]")
_WITHIN = re.compile(r"\$\([^()]*\)")
_CALL = re.compile(r"(?<![\w/.=-])counterseal ((?:[a-z]+)(?: [a-z]+)?)(?P<rest>[^\n]*)")


def calls(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield verb and long options of each call in code: in shell blocks, and in code between words."""
    code = re.findall(r"```sh\n(.*?)```", text, re.DOTALL) + re.findall(r"`(counterseal [a-z][^`]+)`", text)
    for part in code:
        for match in _CALL.finditer(_WITHIN.sub("", part.replace("\\\n", " "))):
            words = match[1].split()
            verb = match[1] if match[1] in COMMANDS else words[0]
            rest = _END.split(match["rest"])[0]
            yield verb, re.findall(r"(?<!\S)--[a-z][a-z-]*", rest)


def options(verb: str) -> set[str]:
    """Return the long options of a verb."""
    params = module_of(verb).VERB.params
    return {name for param in params if isinstance(param, click.Option) for name in param.opts} | {"--help"}


def wrong(text: str) -> list[str]:
    """Return the verbs that are none, and the calls with an option that their verb does not have."""
    return [verb for verb, _ in calls(text) if verb not in {*COMMANDS, "help"}] + [
        f"{verb} {name}"
        for verb, given in calls(text)
        if verb in COMMANDS
        for name in given
        if name not in options(verb)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_shows_options_that_are(page: Path) -> None:
    assert wrong(page.read_text(encoding="utf-8")) == []


def test_the_readme_shows_calls() -> None:
    assert {verb for verb, _ in calls((ROOT / "README.md").read_text(encoding="utf-8"))} >= {"request", "verify"}


def test_an_option_that_is_not_would_be_seen() -> None:
    shown = "```sh\ncounterseal verify a --stge b  # c\n```\nand `counterseal log --nope`, `counterseal lgo`"
    assert wrong(shown) == ["lgo", "verify --stge", "log --nope"]
