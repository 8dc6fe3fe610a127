"""The consumer's pins: written as they are read, and nothing is guessed of one that is not understood."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from importlib import resources

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.unit import frozen

from counterseal.errors import UsageError
from counterseal.formats import pin as pins
from counterseal.formats.pin import Pin, PinnedGate

PIN = Pin("github.com", "acme/app", 777, PinnedGate(), frozen.LEDGER, 12)
OWN = dataclasses.replace(
    PIN,
    host="gitlab.com",
    repository="acme/group/app",
    gate=PinnedGate(None, "https://gitlab.com/acme/group/app//.gitlab-ci.yml@refs/heads/main", "https://gitlab.com"),
    max_age=timedelta(hours=36),
)
PINNED = dataclasses.replace(PIN, repository="acme/other", gate=PinnedGate((frozen.REVISION,)), sequence=0)


def written(*found: Pin) -> bytes:
    return pins.text(found)


def test_what_is_written_is_read() -> None:
    every = (PIN, OWN, PINNED)
    assert pins.parse(written(*every), "consume.yml") == every
    assert written().decode().endswith("projects:\n")


@given(st.integers(1, 9999), st.sampled_from("hd"), st.integers(1, 10**17), st.integers(0, 10**9))
def test_numbers_and_ages(count: int, unit: str, number: int, sequence: int) -> None:
    age = pins.age_of(f"{count}{unit}")
    assert age is not None
    pin = dataclasses.replace(PIN, max_age=age, repository_id=number, sequence=sequence)
    if len(pins.age_words(age)) <= 5:
        assert pins.parse(written(pin), "x") == (pin,)


@pytest.mark.parametrize("text", ["", "7", "0d", "7 d", "-7d", "7w", "07d", "10000d", "٧d"])
def test_what_is_no_age(text: str) -> None:
    assert pins.age_of(text) is None


def test_the_page_names_how_it_looks() -> None:
    text = written(PIN).decode()
    assert 'repository: "github.com/acme/app"\n    id: 777\n    gate: released\n' in text
    assert text.endswith("    sequence: 12\n    max-age: 7d\n")


#: What is not understood: what is replaced in a pin, by what, and what the message says.
BAD = [
    ("counterseal/v1", "counterseal/v2", "this counterseal reads counterseal/v1 only"),
    ("id: 777", "id: 0", "whole number from 1"),
    ("id: 777", 'id: "777"', "whole number"),
    ("gate: released", "gate: any", "'any' is no gate"),
    ("gate: released", "gate: {}", "lacks the key 'identity'"),
    ("gate: released", "gate: {identity: a}", "lacks the key 'issuer'"),
    ("gate: released", "gate: {revisions: []}", "is empty"),
    ("gate: released", "gate: {revisions: [abc]}", "no full commit id"),
    ("gate: released", "gate: {revisions: [abc], identity: a}", "unknown key 'identity'"),
    ("max-age: 7d", "max-age: never", "is no age"),
    ("    max-age", "    maxAge", "did you mean 'max-age'"),
    ("sequence: 12", "sequence: -1", "whole number"),
    ('"github.com/acme/app"', '"acme"', "not HOST/NAME"),
    ('"github.com/acme/app"', '"github.com/acme/app\\n"', "not HOST/NAME"),
    ("ledger: ", "ledger: x", "no ledger"),
    ("projects:", "projects: {}\nx:", "unknown key 'x'"),
]


@pytest.mark.parametrize(("old", "new", "says"), BAD)
def test_what_is_not_understood_is_refused_with_its_place(old: str, new: str, says: str) -> None:
    text = written(PIN).decode()
    assert old in text
    with pytest.raises(UsageError) as caught:
        pins.parse(text.replace(old, new, 1).encode(), "consume.yml")
    assert caught.value.what.startswith("consume.yml:")
    assert says in f"{caught.value.what} {caught.value.fix}"
    assert caught.value.exit_code == 2


def test_one_project_is_pinned_once_whatever_the_case() -> None:
    same = dataclasses.replace(PIN, repository="Acme/App", sequence=13)
    with pytest.raises(UsageError, match="pinned twice"):
        pins.parse(written(PIN, same), "consume.yml")
    assert pins.find([OWN, PIN], "github.com", "ACME/app") == PIN
    assert pins.find([OWN], "github.com", "acme/app") is None
    assert pins.put([PIN, OWN], same) == (same, OWN)
    assert pins.put([], PIN) == (PIN,)


def test_there_are_only_so_many() -> None:
    many = [dataclasses.replace(PIN, repository=f"acme/a{number}") for number in range(pins.MAX_PINS + 1)]
    with pytest.raises(UsageError, match="too many"):
        pins.parse(written(*many), "consume.yml")
    assert len(pins.parse(written(*many[1:]), "consume.yml")) == pins.MAX_PINS


# --- the schema for editors ------------------------------------------------------------------

SCHEMA = json.loads(resources.files("counterseal").joinpath("formats/schemas/consume-v1.json").read_text())


def fits(text: bytes | str) -> bool:
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(yaml.safe_load(text))


def test_the_schema_takes_what_is_written() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"] == "https://counterseal.dev/schemas/consume-v1.json"
    assert fits(written(PIN, OWN, PINNED))
    without = written(PIN).decode().replace("    max-age: 7d\n", "")
    assert fits(without)
    assert pins.parse(without.encode(), "x") == (PIN,)
    assert fits("apiVersion: counterseal/v1\nprojects: []\n")
    assert pins.parse(b"apiVersion: counterseal/v1\nprojects: []\n", "x") == ()


@pytest.mark.parametrize(("old", "new"), [case[:2] for case in BAD])
def test_the_schema_refuses_what_is_not_understood(old: str, new: str) -> None:
    at_its_end = new.endswith('\\n"')  # where `$` of Python fits, too, and that of a schema does not
    assert fits(written(PIN).decode().replace(old, new, 1)) is at_its_end


def test_the_schema_refuses_too_many_and_knows_nothing_of_a_second_pin() -> None:
    many = [dataclasses.replace(PIN, repository=f"acme/a{number}") for number in range(pins.MAX_PINS + 1)]
    assert not fits(written(*many))
    assert fits(written(PIN, dataclasses.replace(PIN, sequence=13)))
