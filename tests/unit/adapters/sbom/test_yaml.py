"""YAML of lock files: what package managers write is read, all else is refused at once, with its place."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.adapters.sbom import yaml
from counterseal.errors import FormatError

#: Far more than any of these takes, far less than it would without bounds.
SECONDS = 20.0


def test_plain_words_are_values_and_everything_else_is_text() -> None:
    text = b"a: true\nb: 'true'\nc: 1.10\nd: ~\ne: [x, \"y\"]\nf: {g: no}\n? h\n: {}\n"
    assert yaml.yaml_table(text, "lock").data == {
        "a": True,
        "b": "true",
        "c": "1.10",
        "d": None,
        "e": ["x", "y"],
        "f": {"g": "no"},
        "h": {},
    }


def test_each_document_of_a_file_is_a_table() -> None:
    first, second = yaml.yaml_tables(b"---\na: b\n---\nc: d\n", "lock", max_documents=2)
    assert (first.data, second.data) == ({"a": "b"}, {"c": "d"})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"a: &x b\n", "lock:1:4: anchors and aliases are not allowed"),
        (b"a: b\nc: *x\n", "lock:2:4: anchors and aliases are not allowed"),
        (b"a: !!python/object/apply:os.system [x]\n", "lock:1:4: tags are not allowed"),
        (b"!!map {a: b}\n", "lock:1:1: tags are not allowed"),
        (b"a: b\nc: d\na: e\n", "lock:3:1: the key 'a' appears twice"),
        (b"<<: {a: b}\n", "lock:1:1: the key '<<' appears twice, or is a merge key"),
        (b"? [a]\n: b\n", "lock:1:3: a key has to be a text"),
        (b"%YAML 1.2\n---\na: b\n", "directives are not allowed"),
        (b"a: b\n---\nc: d\n", "lock:2:1: too many documents"),
        (b"", "lock: no map"),
        (b"- a\n", "lock: no map"),
        (b"a: [\n", "not YAML"),
        (b"a: \x01\n", "not YAML"),
        (b"a: \xff\n", "lock: not UTF-8"),
        (b"a: " + b"[" * 40, "nested too deeply"),
        (b"a: " + b"{b: " * 10_000, "nested too deeply"),
        (b"- " * 1_000_000, "nested too deeply"),
        (b"x" * ((32 << 20) + 1), "are too many"),
        pytest.param(b"[" + b"0," * 3_000_001 + b"]", "too many values", marks=pytest.mark.slow),
        (b"'" * ((8 << 20) + 1), "not YAML"),
    ],
)
def test_what_no_package_manager_writes_is_refused_with_its_place(text: bytes, problem: str) -> None:
    start = time.process_time()
    with pytest.raises(FormatError) as caught:
        yaml.yaml_table(text, "lock")
    assert problem in caught.value.what
    assert time.process_time() - start < SECONDS


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")))
def test_no_bytes_make_anything_but_a_table_or_a_clear_error(data: bytes) -> None:
    with contextlib.suppress(FormatError):
        assert isinstance(yaml.yaml_table(data, "lock").data, dict)
