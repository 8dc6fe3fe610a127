"""The result of a second build is read as strictly as it is written, and the predicate claims no more than it holds."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from tests.unit import frozen

from counterseal.errors import FormatError
from counterseal.formats import wire
from counterseal.formats.rebuilding import result
from counterseal.model import Isolation, StepEnd


def test_what_is_written_is_read() -> None:
    for each in (frozen.REBUILT, frozen.NOT_BUILT):
        assert result.parse(result.build(each)) == each


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        ("schema", "counterseal.rebuild-result/v2", "not a result"),
        ("later", 1, "later"),
        ("source/revision", "main", "not a full git revision"),
        ("subjects/0/name", "../x", "no plain name"),
        ("subjects/1/name", "app-1.2.0-py3-none-any.whl", "there twice"),
        ("subjects/0/digest/sha256", "0" * 63, "not a sha256"),
        ("log/sha256", "x", "not a sha256"),
        ("isolation/mechanism", "none", "isolated by nothing"),
        ("isolation/isolated", "true", "isolated"),
    ],
)
def test_anything_else_is_refused(path: str, value: Any, what: str) -> None:
    document = wire.load_json(result.build(frozen.REBUILT), "x")
    *inside, last = path.split("/")
    place = document
    for step in inside:
        place = place[int(step) if isinstance(place, list) else step]
    place[last] = value
    with pytest.raises(FormatError, match=what):
        result.parse(wire.canonical(document))


EQUAL = frozen.COMPARED[:1]
MADE = dataclasses.replace(frozen.REBUILT, subjects=frozen.REBUILT.subjects[:1])


def reproduced(content: Any, compared: Any) -> bool:
    return bool(result.predicate(content, b"", compared)["reproduced"])


def test_only_an_isolated_build_of_all_artifacts_reproduces() -> None:
    assert reproduced(MADE, EQUAL)
    assert not reproduced(MADE, ())
    assert not reproduced(MADE, frozen.COMPARED)
    assert not reproduced(frozen.REBUILT, EQUAL), "one of its files was there before it built"
    apart = Isolation("none", isolated=False)
    assert not reproduced(dataclasses.replace(MADE, isolation=apart), EQUAL)
    for end in (StepEnd("build", 1), StepEnd("build", 0, "it took too long")):
        assert not reproduced(dataclasses.replace(MADE, steps=(end,)), EQUAL)
    assert not reproduced(dataclasses.replace(MADE, steps=()), EQUAL)
