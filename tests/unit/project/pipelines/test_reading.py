"""Files of other people: whatever stands in them, something is said of it, and nothing else happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from counterseal.project.pipelines import parse_pipeline, parse_workflow

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.project.pipelines import Pipeline

PARSERS = pytest.mark.parametrize("parse", [parse_workflow, parse_pipeline])
WORDS = st.sampled_from([
    "on", "push", "tags", "jobs", "steps", "uses", "permissions", "env", "run", "include", "project", "ref", "file",
    "inputs", "revision", "default", "id_tokens", "aud", "extends", "sigstore", "write-all", ".a", "a", "<<",
    "counterseal/counterseal", "counterseal/counterseal/actions/sign@v1",
])  # fmt: skip
ANYTHING = st.recursive(
    st.none() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=25,
)


@PARSERS
@given(value=ANYTHING)
def test_whatever_it_is_it_is_read(parse: Callable[[str, bytes], Pipeline], value: object) -> None:
    found = parse("a.yml", yaml.safe_dump(value).encode())
    assert found.path == "a.yml"


@PARSERS
@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe",
        b"a: [",
        b"",
        b"- 1",
        b"text",
        b"a: " + b"[" * 50 + b"]" * 50,
        b"a: " + b"x" * 300_000,
        b"a: &a [*b]",
    ],
)
def test_what_cannot_be_read_is_said_to_be(parse: Callable[[str, bytes], Pipeline], content: bytes) -> None:
    found = parse("a.yml", content)
    assert found.problem
    assert not found.jobs


def test_many_aliases_are_no_bomb() -> None:
    lines = [b"a0: &a0 [x, x]", *(b"a%d: &a%d [*a%d, *a%d]" % (at, at, at - 1, at - 1) for at in range(1, 30))]
    assert parse_pipeline("a.yml", b"\n".join(lines)).jobs == ()
    circle = b"jobs: &j {a: {steps: &s [{uses: x}, *s], needs: *j}}\n"
    assert parse_workflow("a.yml", circle).problem


def test_jobs_that_extend_each_other_come_to_an_end() -> None:
    found = parse_pipeline("a.yml", b"a: {extends: b, script: [x]}\nb: {extends: [a, .counterseal-sign]}\n")
    assert {job.name: job.uses for job in found.jobs}["b"] == (".counterseal-sign",) * len(found.jobs[1].uses)
    assert all(job.scripts for job in found.jobs)
