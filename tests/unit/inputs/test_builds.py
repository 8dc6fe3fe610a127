"""Builds are read from their provenance, held to the certificate, and compared likeliest culprit first."""

from __future__ import annotations

import copy
import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit import frozen

from counterseal import inputs
from counterseal.errors import FormatError
from counterseal.formats import statement, wire
from counterseal.formats.inputs import matrix, observation
from counterseal.inputs import Build, Group
from counterseal.model import Certificate, DigestSet, Statement, Subject, WrittenFile, Wrote

MATRIX = matrix.parse(frozen.document("input-matrix", "everything"), "x")
BUILD = Build(None, MATRIX, frozen.SEEN)
CERTIFICATE = Certificate("https://x", "https://y", source_revision=frozen.REVISION, runner_environment="github-hosted")


def provenance(**changes: Any) -> Statement:
    data = copy.deepcopy(frozen.document("statement", "provenance"))
    data["predicate"]["buildDefinition"]["internalParameters"] |= changes
    return statement.parse(wire.canonical(data), "x")


def test_a_provenance_of_ours_has_both_documents() -> None:
    assert inputs.of_provenance(provenance(), CERTIFICATE, "x") == dataclasses.replace(BUILD, certificate=CERTIFICATE)


@pytest.mark.parametrize(
    "changes",
    [
        {"inputMatrix": None},
        {"inputMatrix": {"schema": "counterseal.input-matrix/v2"}},
        {"observation": {}},
        {"observation": []},
        {"observation": {"schema": observation.SCHEMA, "run": None, "steps": []}},
    ],
)
def test_what_is_not_in_our_form_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(FormatError):
        inputs.of_provenance(provenance(**changes), None, "x")


def test_provenances_of_others_are_told_apart() -> None:
    others: list[dict[str, Any]] = [{}, {"buildDefinition": 1}, {"buildDefinition": {"internalParameters": []}}]
    for predicate in others:
        with pytest.raises(FormatError, match="no input matrix"):
            inputs.of_provenance(Statement((), "https://slsa.dev/provenance/v1", predicate), None, "x")
    with pytest.raises(FormatError, match="no provenance"):
        inputs.of_provenance(Statement((), "https://cyclonedx.org/bom", {}), None, "x")


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_anything_is_an_observation_or_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        observation.parse(data, "x")


def test_only_other_values_contradict() -> None:
    assert inputs.contradictions(dataclasses.replace(BUILD, certificate=CERTIFICATE)) == ()
    assert inputs.contradictions(Build(CERTIFICATE, None, frozen.SEEN)) == ()
    other = dataclasses.replace(CERTIFICATE, source_revision=frozen.OLD_HEAD, runner_environment="self-hosted")
    hosted = dataclasses.replace(MATRIX, informational={"RUNNER_ENVIRONMENT": "github-hosted"})
    found = inputs.contradictions(Build(other, hosted))
    assert [(each.about, each.known, each.by) for each in found] == [
        ("revision", frozen.OLD_HEAD, "the certificate"),
        ("runner environment", "self-hosted", "the certificate"),
    ]
    assert MATRIX.checkout is not None
    elsewhere = dataclasses.replace(MATRIX, checkout=dataclasses.replace(MATRIX.checkout, revision=frozen.OLD_HEAD))
    (found_one,) = inputs.contradictions(Build(CERTIFICATE, elsewhere))
    assert (found_one.about, found_one.by) == ("checked-out revision", "the input matrix")


def wrote(*files: tuple[str, str]) -> Any:
    step = frozen.SEEN.steps[0]
    listed = tuple(WrittenFile(path, 1, DigestSet(frozen.digest(content))) for path, content in files)
    return dataclasses.replace(step, wrote=Wrote(listed, len(listed), complete=True))


@pytest.mark.parametrize(
    ("steps", "contradicted"),
    [
        ((wrote(("dist/a", "1")),), ()),
        ((wrote(("dist/a", "2")),), ("a",)),
        ((wrote(("dist/a", "2")), wrote(("dist/a", "1"))), ()),
        ((wrote(("dist/a", "1")), wrote(("dist/a", "2"))), ("a",)),
        ((wrote(("x/a", "2"), ("dist/a", "1")),), ()),
        ((wrote(("dist/b", "2")),), ()),
        ((wrote(),), ()),
    ],
)
def test_an_artifact_is_held_to_the_command_that_wrote_it_last(steps: Any, contradicted: tuple[str, ...]) -> None:
    seen = dataclasses.replace(frozen.SEEN, steps=steps)
    assert inputs.contradicted(seen, [Subject("a", frozen.digest("1"))]) == contradicted


def test_a_build_is_the_same_as_itself_whatever_the_time() -> None:
    assert inputs.compare(BUILD, BUILD) == ()
    later = dataclasses.replace(frozen.SEEN.steps[0], started_at=frozen.moment(23), duration_ms=1)
    again = dataclasses.replace(frozen.SEEN, run="9", steps=(later, *frozen.SEEN.steps[1:]))
    assert inputs.compare(BUILD, dataclasses.replace(BUILD, observation=again)) == ()


def changed(path: str, value: Any) -> Build:
    """Return the build with another value somewhere in one of its documents."""
    which, *steps = path.split("/")
    data = {"matrix": wire.encode(MATRIX), "seen": json.loads(observation.build(frozen.SEEN))}
    *way, last = [int(step) if step.isdigit() else step for step in steps]
    place: Any = data[which]
    for step in way:
        place = place[step]
    place[last] = value
    return Build(None, matrix.parse(data["matrix"], "x"), observation.read(data["seen"], "x"))


CULPRITS = [
    ("matrix/mustEqual/revision", "a" * 40, Group.SOURCE),
    ("matrix/mustEqual/submodules", {"vendor/parser": "b" * 40}, Group.SOURCE),
    ("matrix/checkout/changes", 3, Group.SOURCE),
    ("matrix/mustEqual/lockFiles", {"uv.lock": {"sha256": "c" * 64}}, Group.LOCK_FILES),
    ("matrix/mustEqual/tools", {"python": "3.12.1"}, Group.TOOLS),
    ("seen/steps/0/around/tools", {"gcc": "14"}, Group.TOOLS),
    ("seen/steps/0/around/unanswered", [], Group.TOOLS),
    ("matrix/definition/digest", {"sha256": "d" * 64}, Group.PIPELINE),
    ("matrix/definition/uses", [{"kind": "action", "name": "actions/checkout", "at": "v5"}], Group.PIPELINE),
    ("matrix/container/digest", None, Group.RUNNER),
    ("seen/steps/0/around/platform", {"arch": "aarch64"}, Group.RUNNER),
    ("matrix/mustEqual/sourceDateEpoch", None, Group.VARIABLES),
    ("matrix/parameters", {"channel": "beta"}, Group.VARIABLES),
    ("seen/steps/0/around/variables", {"CFLAGS": "-O3"}, Group.VARIABLES),
    ("seen/steps/0/around/umask", "0002", Group.SURROUNDINGS),
    ("seen/steps/0/around/locale", "de_DE", Group.SURROUNDINGS),
    ("seen/steps/0/around/timeZone", "Asia/Tokyo", Group.SURROUNDINGS),
    ("seen/steps/0/around/limits/memory", None, Group.LIMITS),
    ("seen/steps/0/around/limits/processors", 64, Group.LIMITS),
    ("seen/steps/0/command", ["make"], Group.REST),
    ("seen/steps/0/exit", 1, Group.REST),
    ("seen/steps/0/wrote/files/0/digest", {"sha256": "e" * 64}, Group.WRITTEN),
]


@pytest.mark.parametrize(("path", "value", "group"), CULPRITS)
def test_every_member_is_compared_and_in_its_group(path: str, value: Any, group: Group) -> None:
    found = inputs.compare(BUILD, changed(path, value))
    assert {each.group for each in found} == {group}
    assert all(each.before != each.after for each in found)
    assert {(each.before, each.after) for each in inputs.compare(changed(path, value), BUILD)} == {
        (each.after, each.before) for each in found
    }


def test_the_likeliest_stands_first_and_what_both_say_before_what_one_says() -> None:
    other = dataclasses.replace(
        MATRIX,
        must_equal=dataclasses.replace(MATRIX.must_equal, tools={"python": "3.12", "new": "1"}),
        variables={"PYTHONHASHSEED": "1"},
        container=None,
    )
    found = inputs.compare(Build(None, MATRIX), Build(None, other))
    assert [each.group.rank for each in found] == sorted(each.group.rank for each in found)
    tools = [(each.name, each.before, each.after) for each in found if each.group is Group.TOOLS]
    assert tools[0] == ("python", "3.11.9", "3.12")
    assert ("new", None, "1") in tools[1:]


def test_commands_are_told_apart_by_their_number() -> None:
    names = {field.name for field in inputs.fields(BUILD)}
    assert {"step 1: umask", "step 2: umask", "step 2: exit"} <= names
    alone = dataclasses.replace(frozen.SEEN, steps=frozen.SEEN.steps[:1])
    assert "observed umask" in {field.name for field in inputs.fields(Build(observation=alone))}
