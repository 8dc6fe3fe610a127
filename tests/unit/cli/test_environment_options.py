"""Options may come from the environment, with the types they have on the command line; a flag wins."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from counterseal.cli import main
from counterseal.errors import UsageError
from counterseal.wiring import Surroundings


def parse(environ: dict[str, str], *arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--revision", action="append")
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--dry-run", action="store_true")
    return main.parse_options(parser, arguments, Surroundings(environ))


def test_lists_have_the_type_of_the_option() -> None:
    assert parse({"COUNTERSEAL_FILES": "a b/c"}).files == [Path("a"), Path("b/c")]


def test_single_values_have_the_type_of_the_option() -> None:
    found = parse({"COUNTERSEAL_FILES": "a", "COUNTERSEAL_DAYS": "3", "COUNTERSEAL_DRY_RUN": "true"})
    assert (found.days, found.dry_run) == (3, True)


def test_an_empty_value_is_none() -> None:
    found = parse({"COUNTERSEAL_FILES": "a", "COUNTERSEAL_DAYS": "", "COUNTERSEAL_REVISION": ""})
    assert (found.days, found.revision) == (7, None)


def test_what_may_be_repeated_is_split_and_a_flag_replaces_it() -> None:
    environ = {"COUNTERSEAL_FILES": "a", "COUNTERSEAL_REVISION": "one two"}
    assert parse(environ).revision == ["one", "two"]
    assert parse(environ, "--revision", "three").revision == ["three"]


def test_flags_and_arguments_win() -> None:
    found = parse({"COUNTERSEAL_FILES": "a", "COUNTERSEAL_DAYS": "3"}, "b", "--days", "4")
    assert (found.files, found.days) == ([Path("b")], 4)


def test_neither_true_nor_false() -> None:
    with pytest.raises(UsageError, match="neither true nor false"):
        parse({"COUNTERSEAL_DRY_RUN": "perhaps"}, "a")
