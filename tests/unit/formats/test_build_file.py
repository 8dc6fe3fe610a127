"""The build file is read strictly, and its schema says the same."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import jsonschema
import pytest
import yaml

from counterseal.errors import PolicyError
from counterseal.formats.rebuilding import build_file
from counterseal.model import BuildFile

WHOLE = """\
apiVersion: counterseal/v1
tools: {python: "3.12.4", hatchling: 1.33.0}
fetch: uv sync --locked
build: |
  python -m build --no-isolation
  cp dist/*.whl out/
outputs: [dist/*.whl, "out/?.bin"]
environment: {PYTHONHASHSEED: "0", CGO_ENABLED: "0"}
"""
LEAST = "apiVersion: counterseal/v1\nbuild: make\noutputs: [app]\n"
SCHEMA: Any = json.loads(resources.files("counterseal").joinpath("formats/schemas/build-v1.json").read_text())


def test_everything_is_read() -> None:
    assert build_file.parse(WHOLE.encode()) == BuildFile(
        build="python -m build --no-isolation\ncp dist/*.whl out/\n",
        outputs=("dist/*.whl", "out/?.bin"),
        fetch="uv sync --locked",
        environment={"PYTHONHASHSEED": "0", "CGO_ENABLED": "0"},
        tools={"python": "3.12.4", "hatchling": "1.33.0"},
    )
    assert build_file.parse(LEAST.encode()) == BuildFile("make", ("app",))


REFUSED = [
    (LEAST, "apiVersion: counterseal/v2", "apiVersion: counterseal/v1", "1:13: apiVersion has to be counterseal/v1"),
    (LEAST, "build: ' '", "build: make", "2:8: build is no command"),
    (LEAST, f"build: {'x' * 16385}", "build: make", "2:8: build is no command"),
    (LEAST, "outputs: []", "outputs: [app]", "outputs is empty"),
    (LEAST, "outputs: [../app]", "outputs: [app]", "3:11: '../app' is no output"),
    (LEAST, "outputs: [/app]", "outputs: [app]", "3:11: '/app' is no output"),
    (LEAST, "outputs: [app, app]", "outputs: [app]", "appears twice"),
    (LEAST, f"outputs: [{', '.join(f'o{n}' for n in range(33))}]", "outputs: [app]", "33 outputs"),
    (LEAST, "outputs: [app]\nfetsh: x", "outputs: [app]", "unknown key 'fetsh'"),
    (WHOLE, "CGO-ENABLED", "CGO_ENABLED", "'CGO-ENABLED' in environment"),
    (WHOLE, "HOME", "CGO_ENABLED", "HOME cannot be declared"),
    (WHOLE, "SOURCE_DATE_EPOCH", "CGO_ENABLED", "SOURCE_DATE_EPOCH cannot be declared"),
    (LEAST, "tools: [x]\noutputs: [app]", "outputs: [app]", "tools has to be a mapping"),
    (WHOLE, '"3.12.4; id"', '"3.12.4"', "python: '3.12.4; id'"),
    (WHOLE, "a;b", "hatchling", "'a;b' in tools"),
]


@pytest.mark.parametrize(("text", "new", "old", "what"), REFUSED)
def test_what_is_not_understood_is_refused_with_its_place(text: str, new: str, old: str, what: str) -> None:
    assert old in text
    with pytest.raises(PolicyError) as caught:
        build_file.parse(text.replace(old, new).encode())
    assert what in caught.value.what
    assert caught.value.what.startswith(".counterseal/build.yml:")
    assert caught.value.why
    assert caught.value.fix


def valid(text: str) -> bool:
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(yaml.safe_load(text))


def test_the_schema_takes_what_is_read_and_refuses_what_is_not() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert valid(WHOLE)
    assert valid(LEAST)
    only_the_reader = ("' '", "HOME", "SOURCE_DATE_EPOCH")
    for text, new, old, _ in REFUSED:
        assert valid(text.replace(old, new)) is False or new.startswith(only_the_reader) or "' '" in new, new
