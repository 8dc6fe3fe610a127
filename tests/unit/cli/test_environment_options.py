"""Options may come from the environment, with the types they have on the command line; a flag wins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from counterseal.cli.call import Call
from counterseal.cli.kinds import FILE, NUMBER
from counterseal.cli.parameters import Argument, Option, dry_run
from counterseal.cli.verb import Verb
from counterseal.cli.verbs import sbom
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from types import SimpleNamespace

VERB = Verb(
    "try",
    "Try it.",
    (
        Argument("files", "the files", FILE, nargs=-1, required=True),
        Option("--revision", multiple=True, words="some"),
        Option("--days", kind=NUMBER, default=7, words="how long"),
        dry_run("nothing"),
    ),
    ("try a",),
)


def read(environ: dict[str, str], *arguments: str) -> SimpleNamespace:
    options = VERB.read(arguments, Call(environ))
    assert options is not None
    return options


def test_lists_have_the_type_of_the_option() -> None:
    assert read({"COUNTERSEAL_FILES": "a  b/c\n"}).files == (Path("a"), Path("b/c"))


def test_single_values_have_the_type_of_the_option() -> None:
    options = read({"COUNTERSEAL_FILES": "a", "COUNTERSEAL_DAYS": "3", "COUNTERSEAL_DRY_RUN": "true"})
    assert (options.days, options.dry_run) == (3, True)


def test_an_empty_value_is_none() -> None:
    names = ("DAYS", "REVISION", "DRY_RUN", "FORMAT", "QUIET")
    options = read({"COUNTERSEAL_FILES": "a", **{f"COUNTERSEAL_{name}": "" for name in names}})
    assert (options.days, options.revision, options.dry_run, options.format) == (7, (), False, "text")


@pytest.mark.parametrize("value", ["", " \n"])
def test_nothing_but_blanks_is_no_file(value: str) -> None:
    with pytest.raises(UsageError, match="no FILES") as refused:
        read({"COUNTERSEAL_FILES": value})
    assert "COUNTERSEAL_FILES" in refused.value.fix


def test_what_may_be_repeated_is_split_and_a_flag_replaces_it() -> None:
    environ = {"COUNTERSEAL_FILES": "a", "COUNTERSEAL_REVISION": "one two"}
    assert read(environ).revision == ("one", "two")
    assert read(environ, "--revision", "three").revision == ("three",)


def test_the_projects_and_locks_of_an_sbom_may_be_several() -> None:
    given = {
        "SUBJECTS": "a",
        "PROJECT": "app web",
        "LOCK": "a.lock\nb.lock",
        "FROM": "one.json two.json",
        "INCLUDE": "dev",
    }
    options = sbom.VERB.read((), Call({f"COUNTERSEAL_{name}": value for name, value in given.items()}))
    assert options is not None
    assert options.project == (Path("app"), Path("web"))
    assert options.lock == (Path("a.lock"), Path("b.lock"))
    assert getattr(options, "from") == (Path("one.json"), Path("two.json"))
    assert options.include == "dev"
    plain = sbom.VERB.read(("a",), Call({}))
    assert plain is not None
    assert (plain.project, plain.lock, plain.include) == ((), (), None)


def test_flags_and_arguments_win() -> None:
    options = read({"COUNTERSEAL_FILES": "a", "COUNTERSEAL_DAYS": "3"}, "b", "--days", "4")
    assert (options.files, options.days) == ((Path("b"),), 4)


@pytest.mark.parametrize("value", ["1", "true", "YES", "On"])
def test_a_switch_that_is_on(value: str) -> None:
    assert read({"COUNTERSEAL_DRY_RUN": value}, "a").dry_run is True


@pytest.mark.parametrize("value", ["0", "false", "NO", "Off"])
def test_a_switch_that_is_off(value: str) -> None:
    assert read({"COUNTERSEAL_DRY_RUN": value}, "a").dry_run is False
    assert read({"COUNTERSEAL_DRY_RUN": value}, "a", "--dry-run").dry_run is True


@pytest.mark.parametrize("name", ["DRY_RUN", "QUIET", "VERBOSE"])
def test_neither_true_nor_false(name: str) -> None:
    with pytest.raises(UsageError, match=f"COUNTERSEAL_{name}='perhaps' is neither true nor false"):
        read({f"COUNTERSEAL_{name}": "perhaps"}, "a")


def test_a_value_of_the_wrong_kind_is_named_as_it_was_given() -> None:
    with pytest.raises(UsageError, match="COUNTERSEAL_DAYS='soon' is not a whole number"):
        read({"COUNTERSEAL_DAYS": "soon"}, "a")
    with pytest.raises(UsageError, match="--days 'soon' is not a whole number"):
        read({"COUNTERSEAL_DAYS": "3"}, "a", "--days", "soon")


def test_the_environment_is_that_of_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERSEAL_DAYS", "3")
    assert read({}, "a").days == 7
