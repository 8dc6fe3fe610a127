"""Help fits on a screen, shows how a verb is called, and its examples are calls that the verb takes."""

from __future__ import annotations

import re
import shlex

import pytest

from counterseal.cli import overview
from counterseal.cli.call import Call
from counterseal.cli.main import main
from counterseal.cli.table import COMMANDS, module_of

SCREEN = (40, 80)
#: Of the program, which has a line a verb.
LONG_SCREEN = (50, 80)


def fits(text: str, screen: tuple[int, int] = SCREEN) -> bool:
    lines = text.splitlines()
    return len(lines) <= screen[0] and max(map(len, lines)) <= screen[1]


def examples(text: str) -> list[list[str]]:
    """Return the words of each example of a page, without what a shell redirects."""
    block = text.split("examples:\n", 1)[1].split("\n\n", 1)[0].replace("\\\n", " ")
    return [shlex.split(line.partition(" >")[0]) for line in block.splitlines()]


def test_the_programs_help_fits_on_a_screen() -> None:
    assert fits(overview.text(), LONG_SCREEN)
    assert len(examples(overview.text())) == 3


@pytest.mark.parametrize("verb", COMMANDS)
def test_the_help_of_a_verb(verb: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main([verb, "--help"], {}) == 0
    shown = capsys.readouterr()
    assert fits(shown.out)
    assert shown.err == ""
    assert "Variables set options, too (--" in shown.out
    assert "Exit codes: " in shown.out
    assert f"\n\n{module_of(verb).VERB.help.split()[0]} " in shown.out
    assert 1 <= len(examples(shown.out)) <= 3


@pytest.mark.parametrize("verb", COMMANDS)
def test_the_examples_are_calls(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([verb, "--help"], {})
    for program, *words in examples(capsys.readouterr().out):
        own, rest = words[: len(verb.split())], words[len(verb.split()) :]
        assert (program, " ".join(own)) == ("counterseal", verb)
        assert module_of(verb).VERB.read(rest, Call({})) is not None


def test_the_programs_examples_are_calls() -> None:
    for program, name, *words in examples(overview.text()):
        assert program == "counterseal"
        assert module_of(name).VERB.read(words, Call({})) is not None


def test_the_programs_help_names_each_verb_as_the_table_does() -> None:
    rows = [
        re.split("  +", line.strip(), maxsplit=1)
        for line in overview.text().split("verbs:\n")[1].split("\n\n")[0].splitlines()
    ]
    assert rows == [[verb, words] for verb, (_, words) in COMMANDS.items()]
