"""What is recreated is what is recorded or declared, and what is not is named with the reason."""

from __future__ import annotations

import dataclasses

import pytest
from tests.unit import frozen

from counterseal.errors import FormatError, UsageError
from counterseal.formats import wire
from counterseal.formats.inputs import matrix as matrices
from counterseal.formats.inputs.matrix import InputMatrix, MustEqual
from counterseal.model import BuildFile, Conditions, DigestSet
from counterseal.reproduction import conditions, inputs
from counterseal.reproduction.inputs import Wanted

FILE = BuildFile("make", ("app",), environment={"A": "1"}, tools={"python": "3.12.4", "go": "1.26.0"})
MATRIX = InputMatrix(
    matrices.SCHEMA,
    MustEqual(
        "a" * 40,
        {},
        {"uv.lock": DigestSet("b" * 64), "gone.lock": DigestSet("c" * 64)},
        {"python": "3.11.9", "hatchling": "1.33.0", "counterseal": "0.1.0", "generator of x": "tool 1.0"},
        1700000000,
    ),
    None,
    None,
    None,
    {},
    {"arch": "x86_64", "kernel": "6.1"},
    {"LC_ALL": "C.UTF-8", "TZ": "Etc/UTC", "PYTHONHASHSEED": "0", "BAD": "$(id)"},
)


def test_without_a_record_the_source_alone_says_what_is_wanted() -> None:
    found = inputs.wanted(FILE, None, 1234)
    assert found == Wanted(tools=FILE.tools, epoch=1234, variables={"A": "1"})
    assert inputs.variables(found) == {"A": "1", "SOURCE_DATE_EPOCH": "1234"}


def test_what_is_recorded_is_wanted_and_what_is_declared_wins() -> None:
    found = inputs.wanted(FILE, MATRIX, 1234)
    assert found.tools == {"python": "3.12.4", "hatchling": "1.33.0", "generator of x": "tool 1.0", "go": "1.26.0"}
    assert inputs.variables(found) == {"A": "1", "PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": "1700000000"}
    assert (found.locale, found.zone, found.unusable) == ("C.UTF-8", "Etc/UTC", {"BAD": "$(id)"})
    unset = dataclasses.replace(MATRIX, must_equal=dataclasses.replace(MATRIX.must_equal, source_date_epoch=None))
    assert "SOURCE_DATE_EPOCH" not in inputs.variables(inputs.wanted(FILE, unset, 1234)), "as it was in the first build"


def test_a_matrix_is_taken_from_a_provenance_of_ours() -> None:
    predicate = frozen.document("statement", "provenance")["predicate"]
    found = inputs.matrix(predicate, "x")
    assert found is not None
    assert found.schema == matrices.SCHEMA
    assert inputs.matrix({"buildDefinition": {"internalParameters": None}}, "x") is None
    with pytest.raises(FormatError):
        inputs.matrix({"buildDefinition": {"internalParameters": {"inputMatrix": {"schema": 1}}}}, "x")


def test_a_version_reaches_a_shell_only_if_it_is_one() -> None:
    hostile = Wanted(tools={"python": "3.12; id", "hatchling": "$(id)", "x;id": "1.0", "go": "1.26.0"})
    assert inputs.installing(hostile) is None
    assert "id" not in inputs.asking(hostile).replace("import", "")
    found = inputs.told(hostile, "go\tgo version go1.26.0 linux/amd64\n")
    assert [(each.name, each.recreated) for each in found] == [
        *(("go", True), ("hatchling", False), ("python", False), ("x;id", False)),
    ]


def test_interpreter_and_tools_come_by_uv() -> None:
    text = inputs.installing(inputs.wanted(FILE, MATRIX, 0))
    assert text is not None
    assert "uv venv --quiet --no-project --python 3.12.4 /build/tools/env" in text
    assert "hatchling==1.33.0" in text
    assert inputs.installing(Wanted(tools={"go": "1.26.0"})) is None


def test_each_tool_is_named_with_what_is_here() -> None:
    found = inputs.told(inputs.wanted(FILE, MATRIX, 0), "python\t3.12.1\nhatchling\tnot found\ngo\tgo1.26.0 x\n")
    assert {each.name: (each.found, each.recreated, each.why) for each in found} == {
        "generator of x": (None, False, "it cannot be asked for its version, so whether it is the same is not known"),
        "go": ("1.26.0", True, ""),
        "hatchling": (None, False, "it is not here"),
        "python": ("3.12.1", False, "another version is here"),
    }


def test_what_is_around_is_named_too() -> None:
    wanted = inputs.wanted(FILE, MATRIX, 0)
    has = {**inputs.variables(wanted), "LC_ALL": "C", "TZ": "Etc/UTC"}
    found = {each.name: each for each in inputs.around(wanted, has, {"uv.lock": "b" * 64, "arch": "x86_64"})}
    assert {name for name, each in found.items() if not each.recreated} == {"LC_ALL", "BAD", "gone.lock", "kernel"}
    assert found["gone.lock"].why == "the source has no such file"
    assert all(each.why for each in found.values() if not each.recreated)
    assert wire.encode(found["kernel"])["found"] is None


# --- conditions ------------------------------------------------------------------------------


def test_only_what_is_named_is_varied() -> None:
    before = conditions.first(Wanted(locale="C.UTF-8", zone="Etc/UTC"))
    for name in conditions.VARIATIONS:
        after = conditions.varied(before, [name])
        changed = {
            each.name
            for each in dataclasses.fields(Conditions)
            if getattr(before, each.name) != getattr(after, each.name)
        }
        assert changed == set(conditions.VARIATIONS[name]), name
    every = conditions.varied(before, conditions.VARIATIONS)
    assert all(getattr(every, each.name) != getattr(before, each.name) for each in dataclasses.fields(Conditions))


@pytest.mark.parametrize(("words", "what"), [("", "nothing"), (",", "nothing"), ("time,clock", "'clock'")])
def test_what_cannot_be_varied_is_refused(words: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        conditions.parse(words)


def test_a_list_is_read() -> None:
    assert conditions.parse("time, umask,time") == ("time", "umask")
