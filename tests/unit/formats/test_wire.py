"""Bytes to model and back: what the strict reader refuses, how fast, and what comes out again as it went in."""

from __future__ import annotations

import dataclasses
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.errors import CountersealError, FormatError
from counterseal.formats import wire

# --- the strict loader -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'{"a": 1, "b": 2, "a": 1}', "the key 'a' appears twice in one object"),
        (b'[{"x": {"a": 1, "\\u0061": 2}}]', "the key 'a' appears twice in one object"),
        (b"[NaN]", "NaN is not JSON"),
        (b"[Infinity]", "Infinity is not JSON"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (b"[1e400]", "1e400 is too large a number"),
        (b"[-1e400]", "-1e400 is too large a number"),
        (b"[" + b"1" * 5000 + b"]", "Exceeds the limit"),
        (b"{} {}", "Extra data"),
        (b"{}\x00", "Extra data"),
        (b"{}]", "Extra data"),
        (b"", "Expecting value"),
        (b"  \n", "Expecting value"),
        (b"{", "Expecting property name"),
        (b'{"a": 1,}', "Expecting property name|Illegal trailing comma"),
        (b"{'a': 1}", "Expecting property name"),
        (b'"a', "Unterminated string"),
        (b'"a\nb"', "Invalid control character"),
        (b'"\\x41"', "Invalid \\\\escape"),
        (b"// comment\n{}", "Expecting value"),
        (b"\xef\xbb\xbf{}", "BOM"),
        ('{"a": "é"}'.encode("latin-1"), "can't decode"),
        ('{"a": 1}'.encode("utf-16"), "can't decode"),
        ('{"a": 1}'.encode("utf-16-le"), "Expecting property name"),
        ('{"a": 1}'.encode("utf-32-be"), "Expecting value"),
        (b'"\xed\xa0\x80"', "can't decode"),
        (b'"\xc0\xaf"', "can't decode"),
        (b'"\\ud800"', "half a surrogate pair"),
        (b'{"\\uDFFF": 1}', "half a surrogate pair"),
        (b'["\\udc00\\ud800"]', "half a surrogate pair"),
    ],
)
def test_the_loader_refuses(data: bytes, why: str) -> None:
    with pytest.raises(FormatError, match=r"^evil\.json: not valid JSON") as refused:
        wire.load_json(data, "evil.json")
    assert refused.match(f"(?s)why: .*{why}")


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b' {"a": [1, -2.5, true, null, "x"]}\r\n', {"a": [1, -2.5, True, None, "x"]}),
        (b'"\\ud83d\\ude00"', "\N{GRINNING FACE}"),
        (b'"\\\\ud800"', "\\ud800"),
        (b'"[[[[{{{{ \\" ]"', '[[[[{{{{ " ]'),
        (b"1e-400", 0.0),
        (b'"' + b"[" * 100 + b'"', "[" * 100),
    ],
)
def test_the_loader_reads(data: bytes, value: Any) -> None:
    assert wire.load_json(data, "x") == value


def test_size_and_depth_have_bounds_that_are_named() -> None:
    assert wire.load_json(b"[1,2]", "x", max_bytes=5) == [1, 2]
    with pytest.raises(FormatError, match="x: 6 bytes are too many\n  why: at most 5 are read"):
        wire.load_json(b"[1,2] ", "x", max_bytes=5)
    assert wire.load_json(b"[" * 64 + b"]" * 64, "x")
    assert wire.load_json(b"[]," * 0 + b"[" + b"[{}]," * 500 + b"1]", "x", max_depth=3)
    with pytest.raises(FormatError, match="x: nested too deeply\n  why: at most 64 levels are read"):
        wire.load_json(b"[" * 65 + b"]" * 65, "x")


@pytest.mark.parametrize(
    "bomb",
    [
        b"[" * 1_000_000,
        b'{"a":' * 1_000_000 + b"1" + b"}" * 1_000_000,
        b'"' + b'\\"' * 1_000_000,
        b'\\"' * 1_000_000,
        b'"\\' * 1_000_000,
        b'""' * 1_000_000,
        b'{"' + b"a" * 2_000_000,
    ],
    ids=["arrays", "objects", "escaped quotes", "quotes that begin nowhere", "backslashes", "strings", "one string"],
)
def test_bombs_are_refused_in_no_time(bomb: bytes) -> None:
    started = time.monotonic()
    with pytest.raises(FormatError):
        wire.load_json(bomb, "bomb")
    assert time.monotonic() - started < 3, "linear work takes a fraction of this, even on a busy machine"


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(plain)
def test_what_is_written_is_read_as_it_was(value: Any) -> None:
    data = wire.canonical(value)
    assert wire.load_json(data, "x") == value
    assert wire.canonical(wire.load_json(data, "x")) == data


@given(st.binary(max_size=60))
def test_no_bytes_bring_the_loader_down(data: bytes) -> None:
    try:
        value = wire.load_json(data, "x")
    except FormatError:
        return
    assert json.loads(data) == value


# --- canonical JSON, timestamps --------------------------------------------------------------


def test_canonical_form_is_that_of_rfc_8785() -> None:
    value = {"€": 1, "\r": 2, "1": 3, "\U0001f600": 4, "\ufb33": 5, "b": [1.0, 1e21, 0.002], "a": '\u20ac$\x0f\n"\\/'}
    # section 3.2.3: keys by UTF-16 code units, so that the astral one comes before U+FB33
    assert wire.canonical(value) == (
        b'{"\\r":2,"1":3,"a":"\xe2\x82\xac$\\u000f\\n\\"\\\\/","b":[1,1e+21,0.002],'
        b'"\xe2\x82\xac":1,"\xf0\x9f\x98\x80":4,"\xef\xac\xb3":5}'
    )


@pytest.mark.parametrize("value", [2**53, -(2**53), float("inf"), float("nan"), "\ud800", {"\udfff": 1}])
def test_what_json_cannot_carry_is_an_error_for_people(value: Any) -> None:
    with pytest.raises(FormatError, match="canonical JSON cannot carry"):
        wire.canonical([value])


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-11-24T09:10:44Z", "2026-11-24T09:10:44Z"),
        ("2026-11-24T10:10:44.987+01:00", "2026-11-24T09:10:44Z"),
        ("2026-11-23T23:10:44.1234567-10:00", "2026-11-24T09:10:44Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    ],
)
def test_moments_are_read_with_any_offset_and_written_in_utc(text: str, written: str) -> None:
    moment = wire.parse_timestamp(text, "x")
    assert moment.tzinfo is UTC
    assert wire.timestamp(moment) == written


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24T09:10:44",
        "2026-11-24",
        "20261124T091044Z",
        "2026-11-24 09:10:44Z",
        "2026-W48-2T09:10:44Z",
        "2026-13-24T09:10:44Z",
        "2026-11-24T25:10:44Z",
        "9999-12-31T23:59:59-23:59",
        "٢٠٢٦-11-24T09:10:44Z",
        "2026-11-24T09:10:44Z\n",
        "1764000000",
        "",
        1764000000,
        None,
    ],
)
def test_other_moments_are_refused(text: object) -> None:
    with pytest.raises(FormatError, match=r"x: .* is not an RFC 3339 timestamp"):
        wire.parse_timestamp(text, "x")


def test_a_moment_without_a_zone_is_never_written() -> None:
    with pytest.raises(ValueError, match="has no zone"):
        wire.timestamp(datetime(2026, 11, 24))  # noqa: DTZ001 - that is the point


# --- records ---------------------------------------------------------------------------------


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Part:
    part_name: str
    number: int


@dataclass(frozen=True, slots=True)
class Whole:
    colour: Colour
    made_at: datetime | None
    parts: tuple[Part, ...]
    on: bool
    by_name: dict[str, str] | None = None


WHOLE = Whole(Colour.RED, datetime(2026, 11, 24, 9, 10, 44, tzinfo=UTC), (Part("a", 1), Part("b", 2)), on=True)
DATA: dict[str, Any] = {
    "colour": "red",
    "madeAt": "2026-11-24T09:10:44Z",
    "parts": [{"partName": "a", "number": 1}, {"partName": "b", "number": 2}],
    "on": True,
    "byName": None,
}

EARLY, LATE = datetime(2, 1, 1), datetime(9999, 1, 1)  # noqa: DTZ001 - hypothesis adds the zones
safe = st.integers(-(2**53) + 1, 2**53 - 1)
wholes = st.builds(
    Whole,
    st.sampled_from(Colour),
    st.none()
    | st.datetimes(EARLY, LATE, timezones=st.sampled_from([UTC, timezone(timedelta(hours=-3))])).map(
        lambda moment: moment.replace(microsecond=0)
    ),
    st.lists(st.builds(Part, st.text(), safe), max_size=3).map(tuple),
    st.booleans(),
    st.none() | st.dictionaries(st.text(), st.text(), max_size=3),
)


def test_records_have_camel_case_keys() -> None:
    assert wire.encode(WHOLE) == DATA
    assert wire.keys(Whole) == tuple(DATA)


@given(wholes)
def test_records_come_back_as_they_went(value: Whole) -> None:
    data = wire.load_json(wire.canonical(wire.encode(value)), "x")
    assert wire.decode(Whole, data, "x") == value
    assert wire.decode_lenient(Whole, data, "x") == value


def with_part(**changes: Any) -> dict[str, Any]:
    return {**DATA, "parts": [DATA["parts"][0], {**DATA["parts"][1], **changes}]}


WRONG: list[tuple[Any, str]] = [
    (None, "the whole"),
    ([], "the whole"),
    ({key: value for key, value in DATA.items() if key != "on"}, "on: Field required"),
    ({**DATA, "on": "true"}, "on: "),
    ({**DATA, "on": 1}, "on: "),
    ({**DATA, "colour": "green"}, "colour: "),
    ({**DATA, "colour": None}, "colour: "),
    ({**DATA, "parts": {}}, "parts: "),
    ({**DATA, "parts": [None]}, r"parts\.0: "),
    (with_part(number="2"), r"parts\.1\.number: "),
    (with_part(number=2.0), r"parts\.1\.number: "),
    (with_part(number=True), r"parts\.1\.number: "),
    (with_part(partName=1), r"parts\.1\.partName: "),
    ({**DATA, "madeAt": 1764000000}, "madeAt: "),
    ({**DATA, "madeAt": "1764000000"}, "madeAt: "),
    ({**DATA, "madeAt": "2026-11-24T09:10:44"}, "madeAt: "),
    ({**DATA, "madeAt": "9999-12-31T23:59:59-23:59"}, "madeAt: "),
    ({**DATA, "byName": {"a": 1}}, r"byName\.a: "),
]
NOT_OURS = [
    {**DATA, "extra": 1},
    with_part(extra=None),
    with_part(part_name="b"),
    {**DATA, "madeAt": "2026-11-24T10:10:44+01:00"},
    {**DATA, "madeAt": "2026-11-24T09:10:44.5Z"},
    with_part(number=2**53),
    with_part(number=-(2**60)),
]


@pytest.mark.parametrize(("data", "path"), WRONG)
@pytest.mark.parametrize("decode", [wire.decode, wire.decode_lenient])
def test_a_wrong_record_is_refused_by_both_readers_with_its_path(decode: Any, data: Any, path: str) -> None:
    with pytest.raises(FormatError, match=f"^file.json: {path}"):
        decode(Whole, data, "file.json")


@pytest.mark.parametrize("data", NOT_OURS)
def test_what_we_would_not_write_only_the_lenient_reader_takes(data: dict[str, Any]) -> None:
    with pytest.raises(FormatError, match=r"^file\.json: "):
        wire.decode(Whole, data, "file.json")
    assert isinstance(wire.decode_lenient(Whole, data, "file.json"), Whole)


def test_a_missing_member_with_a_default_is_for_the_lenient_reader_alone() -> None:
    data = {key: value for key, value in DATA.items() if key != "byName"}
    assert wire.decode_lenient(Whole, data, "x") == WHOLE
    with pytest.raises(FormatError, match="not in the form that counterseal writes"):
        wire.decode(Whole, data, "x")


def test_the_lenient_reader_ignores_unknown_members_at_every_depth() -> None:
    assert wire.decode_lenient(Whole, {**with_part(later=[1]), "new": {"x": 1}}, "x") == WHOLE


@given(plain)
def test_no_json_brings_the_readers_down(data: Any) -> None:
    for decode in (wire.decode, wire.decode_lenient):
        with pytest.raises(CountersealError):
            decode(Whole, data, "x")


def test_two_strict_and_lenient_readings_do_not_disturb_each_other() -> None:
    extra = {**DATA, "extra": 1}
    assert wire.decode_lenient(Whole, extra, "x") == WHOLE
    with pytest.raises(FormatError, match="extra"):
        wire.decode(Whole, extra, "x")
    assert dataclasses.asdict(wire.decode(Whole, DATA, "x")) == dataclasses.asdict(WHOLE)


@pytest.mark.parametrize("double", ['"99999": 1', '"0": 1', '"\\u0039\\u0039": 1'])
def test_a_double_key_in_a_large_object_is_seen_at_once(double: str) -> None:
    data = ("{" + "".join(f'"{number}": 1, ' for number in range(100_000)) + double + "}").encode()
    start = time.perf_counter()
    with pytest.raises(FormatError) as caught:
        wire.load_json(data, "x")
    assert "appears twice" in caught.value.why
    assert time.perf_counter() - start < 3


def test_a_long_double_key_does_not_fill_the_message() -> None:
    key = "k" * 100_000
    with pytest.raises(FormatError) as caught:
        wire.load_json(f'{{"{key}": 1, "{key}": 2}}'.encode(), "x")
    assert len(caught.value.why) < 200


@given(plain)
def test_what_records_hold_is_written_the_same_in_either_way(value: Any) -> None:
    assert wire.canonical_record(value) == wire.canonical(value)


@given(st.dictionaries(st.text(st.characters(max_codepoint=127)), st.text(st.characters(max_codepoint=127))))
def test_ascii_keys_and_texts_are_written_the_same_in_either_way(value: Any) -> None:
    assert wire.canonical_record(value) == wire.canonical(value)
