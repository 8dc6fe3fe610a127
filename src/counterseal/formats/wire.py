"""Bytes to model and back, at the boundary: strict JSON, canonical JSON, typed records.

This is the only room that uses pydantic. It knows no format of its own.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn, TypeVar, cast, get_args, get_type_hints

from counterseal.errors import FormatError
from counterseal.formats import names
from counterseal.identifiers import page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import TypeAdapter

T = TypeVar("T")

MAX_BYTES: Final = 8 << 20
MAX_DEPTH: Final = 64

#: A string, so that brackets in it do not count. It is matched whether it ends or not, and never twice (possessive):
#: otherwise a document of escaped quotes would cost the square of its size.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKET = bytes(set(range(256)) - set(b"[{]}"))
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_SECOND = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
TIMESTAMP: Final = names.Grammar("time", rf"{_SECOND}(?:\.[0-9]+)?(?:Z|[+-][0-9]{{2}}:[0-9]{{2}})", "RFC 3339")
WRITTEN_TIMESTAMP: Final = names.Grammar("time", f"{_SECOND}Z", "RFC 3339, UTC, whole seconds")
_RECORD: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_LARGEST = 2**53 - 1  # I-JSON: what every JSON reader holds exactly


def load_json(data: bytes, what: str, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Any:
    """Return the one JSON value in `data`, read strictly.

    Refused: more than `max_bytes`, deeper than `max_depth`, not UTF-8, duplicate keys,
    NaN and Infinity (also as a number too large), half a surrogate pair, anything after
    the end (RFC 8259; RFC 7493 I-JSON for keys and strings).

    Args:
        data: The bytes as received.
        what: Name of the document, for messages.
        max_bytes: Largest size accepted, checked before anything is parsed.
        max_depth: Deepest nesting accepted, counted before anything is parsed.

    Raises:
        FormatError: One of the above; the message names the document.
    """
    if len(data) > max_bytes:
        raise FormatError(f"{what}: {len(data)} bytes are too many", why=f"at most {max_bytes} are read")
    if _deeper(data, max_depth):
        raise FormatError(f"{what}: nested too deeply", why=f"at most {max_depth} levels are read")
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite
        )
        if _SURROGATE.search(data):
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise FormatError(f"{what}: not valid JSON", why="it has half a surrogate pair (RFC 7493)") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{what}: not valid JSON", why=str(error)) from error
    return value


def _deeper(data: bytes, limit: int) -> bool:
    """Return whether arrays and objects are nested deeper than `limit`."""
    if data.count(b"[") + data.count(b"{") <= limit:
        return False
    depth = 0
    for bracket in _STRING.sub(b"", data).translate(None, _NO_BRACKET):
        depth += 1 if bracket in b"[{" else -1
        if depth > limit:
            return True
    return False


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in pairs:
        if name in result:
            raise ValueError(f"the key {name[:80]!r} appears twice in one object")
        result[name] = value
    return result


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large a number")
    return number


def canonical(value: Any) -> bytes:
    """Return `value` (plain JSON data) in canonical form (RFC 8785).

    Raises:
        FormatError: It has a number or a text that I-JSON cannot carry.
    """
    import rfc8785  # noqa: PLC0415 - only what writes signed bytes pays for it

    try:
        return rfc8785.dumps(value)
    except ValueError as error:  # CanonicalizationError, or of a key: UnicodeEncodeError
        raise FormatError("a value that canonical JSON cannot carry", why=str(error)) from error


def canonical_record(data: Any) -> bytes:
    """Return what `canonical` does of data without fractions and large numbers, as records of ours have it, faster.

    Python orders keys and escapes texts as RFC 8785 does, as long as all of them are ASCII.
    """
    text = _RECORD.encode(data)
    return text.encode() if text.isascii() else canonical(data)


def timestamp(moment: datetime) -> str:
    """Return an aware `moment` as RFC 3339 in UTC with `Z` and whole seconds, as all our formats write it."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no zone")
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def parse_timestamp(text: object, what: str) -> datetime:
    """Return the moment, in UTC, that an RFC 3339 `text` with `Z` or an offset names.

    Raises:
        FormatError: `text` is no timestamp with a zone.
    """
    try:
        if isinstance(text, str) and TIMESTAMP.fits(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise FormatError(
        f"{what}: {str(text)[:80]!r} is not an RFC 3339 timestamp", fix="write it like 2026-11-24T09:10:44Z"
    )


@cache
def key(name: str) -> str:
    """Return the key that a field has on the wire: its name in lowerCamelCase."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def keys(record: type) -> tuple[str, ...]:
    """Return the keys that a record has on the wire."""
    return tuple(key(field.name) for field in dataclasses.fields(record))


@cache
def _fields(record: type) -> tuple[tuple[str, str], ...]:
    """Return name and key of each field of a record; none if it is no dataclass."""
    if not dataclasses.is_dataclass(record):
        return ()
    return tuple((field.name, key(field.name)) for field in dataclasses.fields(record))


def encode(value: Any) -> Any:
    """Return the plain JSON data of a record: dataclasses as objects with lowerCamelCase keys.

    Enums become their value, datetimes RFC 3339 with `Z`, tuples lists. `None` stays null.
    """
    if value is None or type(value) in (str, int, bool):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: encode(getattr(value, field)) for field, name in _fields(type(value))}
    if isinstance(value, (Enum, datetime)):
        return value.value if isinstance(value, Enum) else timestamp(value)
    if isinstance(value, dict):
        return {str(name): encode(item) for name, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [encode(item) for item in value]
    return value


def members(values: Mapping[str, object]) -> dict[str, Any]:
    """Return the plain JSON data of named values, with lowerCamelCase keys."""
    return {key(name): encode(value) for name, value in values.items()}


@cache
def _adapter(record: Any) -> TypeAdapter[Any]:
    from pydantic import ConfigDict, TypeAdapter  # noqa: PLC0415 - 100 ms, paid only by what reads records

    config = ConfigDict(strict=True, alias_generator=key, arbitrary_types_allowed=False)
    for record_type in _records(record):
        record_type.__pydantic_config__ = config  # type: ignore[attr-defined]
    return TypeAdapter(record)


def _records(hint: Any) -> set[type]:
    """Return every dataclass that `hint` reaches, itself included."""
    records: set[type] = set()
    waiting = [hint]
    while waiting:
        annotation = waiting.pop()
        if isinstance(annotation, type) and dataclasses.is_dataclass(annotation) and annotation not in records:
            records.add(annotation)
            waiting.extend(get_type_hints(annotation).values())
        waiting.extend(get_args(annotation))
    return records


def decode(record: type[T], data: Any, what: str) -> T:
    """Return `data` (from `load_json`) as a record of our own making, strictly.

    Refused are unknown and missing keys, wrong types, and every spelling that we would
    not write ourselves (a timestamp with an offset, an integer beyond 2^53, say): the
    record has to encode to `data` again.

    Raises:
        FormatError: The message gives the path of what is wrong.
    """
    result = _validate(record, data, what, extra="forbid")
    if encode(result) != data or not exact(data):
        raise FormatError(f"{what}: not in the form that counterseal writes", fix="do not edit it by hand")
    return result


def exact(data: Any) -> bool:
    """Return whether every integer in `data` is one that canonical JSON can carry."""
    if isinstance(data, int):
        return -_LARGEST <= data <= _LARGEST
    if isinstance(data, dict):
        return all(map(exact, data.values()))
    return all(map(exact, data)) if isinstance(data, list) else True


def decode_lenient(record: type[T], data: Any, what: str) -> T:
    """Return `data` as a record; unknown keys are ignored (in-toto: predicates of others, later minor versions).

    Raises:
        FormatError: A key is missing or has the wrong type; the message gives the path.
    """
    return _validate(record, data, what, extra="ignore")


def _validate(record: type[T], data: Any, what: str, *, extra: Literal["forbid", "ignore"]) -> T:
    from pydantic import ValidationError  # noqa: PLC0415 - as above

    try:
        checked: Any = record
        result: T = _adapter(checked).validate_json(json.dumps(data), extra=extra)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        path = ".".join(str(part)[:80] for part in first["loc"])[:400] or "the whole"
        raise FormatError(f"{what}: {path}: {first['msg'][:200]}", fix=f"see {page('formats.md')}") from None
    _check_times(result, data, what)
    return result


@cache
def _timed(record: Any) -> tuple[tuple[str, str], ...]:
    """Return name and key of the fields of a record in which a moment may lie."""
    hints = get_type_hints(record)
    return tuple((field, name) for field, name in _fields(record) if _has_moments(hints[field]))


def _has_moments(hint: Any) -> bool:
    reached = {other for record in _records(hint) for other in get_type_hints(record).values()}
    return not {datetime, Any, object}.isdisjoint(_parts(hint, *reached))


def _parts(*hints: Any) -> Iterator[Any]:
    """Yield the types in some type hints: of `tuple[X | None, ...]` X and None."""
    for hint in hints:
        yield hint
        yield from _parts(*get_args(hint))


def _check_times(value: Any, data: Any, what: str) -> None:
    """Refuse what pydantic takes for a moment and RFC 3339 does not: a bare number, a time without a zone."""
    if isinstance(value, datetime):
        parse_timestamp(data, what)
    elif (kind := cast("Any", type(value))) in (str, int, bool, NoneType):
        return
    elif dataclasses.is_dataclass(value):
        for field, name in _timed(kind):
            if name in data:
                _check_times(getattr(value, field), data[name], f"{what}: {name}")
    elif isinstance(value, tuple):
        for number, (item, raw) in enumerate(zip(value, data, strict=True)):
            _check_times(item, raw, f"{what}: {number}")
