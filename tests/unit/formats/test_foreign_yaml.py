"""Foreign YAML is read without danger, or not at all."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from counterseal.formats import foreign_yaml


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"on: {push: {tags: [v*]}}", {"on": {"push": {"tags": ["v*"]}}}),
        (b"a: &x {b: 1}\nc: *x", {"a": {"b": "1"}, "c": {"b": "1"}}),
        (b"a: &x {b: 1}\nc: {<<: *x}", {"a": {"b": "1"}, "c": {"<<": {"b": "1"}}}),
        (b"script: [!reference [.a, script]]", {"script": [[".a", "script"]]}),
        (b"x: !!python/object/apply:os.getcwd []", {"x": []}),
        (b"", None),
        (b"a: [", None),
        (b"a\n---\nb", None),
        (b"\xff", None),
        (b"{a: b}: c", None),
        (b"x" * 300_000, None),
    ],
)
def test_what_it_says(content: bytes, value: Any) -> None:
    assert foreign_yaml.read(content) == value


def test_what_is_nested_deeply_ends_no_process() -> None:
    code = "from counterseal.formats import foreign_yaml; print(foreign_yaml.read(b'[' * 100_000 + b']' * 100_000))"
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "None\n"), done.stderr


def test_aliases_that_multiply_cost_nothing() -> None:
    rows = ["a0: &a0 {k: 1}", *(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 200))]
    assert isinstance(foreign_yaml.read("\n".join(rows).encode()), dict)
