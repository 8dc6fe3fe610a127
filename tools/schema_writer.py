"""Types → JSON Schema 2020-12, by the rules by which `formats/wire.py` and `policy/reader.py` read them.

It knows no format: that is `schemas.py`. Records, words and grammars become definitions, described by the first
sentence of what they say of themselves.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Mapping
from datetime import datetime
from enum import Enum, auto
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from counterseal.formats import wire, yaml
from counterseal.formats.names import Grammar

if TYPE_CHECKING:
    from collections.abc import Callable

Schema: TypeAlias = dict[str, Any]
#: A grammar or the only words of the text within, a description, or keywords to add.
Note: TypeAlias = Grammar | tuple[str, ...] | str | Schema


class Style(Enum):
    """Who reads a document: what may be missing, whether others may stand there, and how keys are spelled."""

    WRITTEN = auto()  # `wire.decode`: all members and no others
    OPEN = auto()  # `wire.decode_lenient`: what has a default may be missing, what is unknown is passed over
    BY_HAND = auto()  # `policy/reader.py`: what has a default may be missing, nothing else stands there, no nulls


_NUMBERS: Final = {
    Style.WRITTEN: {"minimum": 0},
    Style.OPEN: {"minimum": 0},
    Style.BY_HAND: {"minimum": 1, "maximum": yaml.MAX_NUMBER},
}


def pattern(grammar: Grammar) -> str:
    """Return the expression of a grammar as a schema has it, which is not anchored by itself."""
    return f"^{grammar.expression}$"


def words(described: Any, *, whole: bool = False) -> str:
    """Return the first sentence, or all, of what a type says of itself, without what is for readers of the code."""
    text = " ".join((inspect.getdoc(described) or "").split())
    if not text or text.startswith(f"{described.__name__}("):  # what dataclasses make up, in each Python differently
        raise ValueError(f"{described.__name__} does not say what it is")
    text = re.sub(r" \((?:R\d\d|docs/)[^)]*\)", "", text)
    return text if whole else re.split(r"(?<=\.) ", text)[0]


def _name(record: type) -> str:
    """Return the name of a type, and of a rule's options, which are all called so, the rule's with it."""
    module = record.__module__.rpartition(".")[2]
    return wire.key(f"{module}_options") if record.__name__ == "Options" else record.__name__


class Writer:
    """Turns the types of one document into schemas; what has a name becomes a definition."""

    def __init__(self, style: Style, notes: Mapping[str, tuple[Note, ...]], other_styles: Mapping[type, Style]) -> None:
        self.style = style
        self.notes = notes
        self.other_styles = other_styles
        self.definitions: dict[str, Schema] = {}

    def members(self, record: type) -> Schema:
        """Return the schema of a dataclass."""
        style = self.other_styles.get(record, self.style)
        hints = get_type_hints(record, include_extras=True)
        properties, required = {}, []
        for member in dataclasses.fields(record):
            key = wire.key(member.name)
            if style is Style.BY_HAND:
                key = member.metadata.get("key", member.name.replace("_", "-"))
            hint = hints[member.name]
            own = get_origin(hint) is Annotated
            properties[key] = self.of(hint, () if own else self._notes(record, member.name))
            if "least" in member.metadata:
                properties[key]["minimum"] = member.metadata["least"]
            optional = (member.default, member.default_factory) != (dataclasses.MISSING, dataclasses.MISSING)
            if style is Style.WRITTEN or not optional:
                required.append(key)
        closed = {} if style is Style.OPEN else {"additionalProperties": False}
        parts = {"required": required, "properties": properties}
        return {"type": "object", **closed, **{key: part for key, part in parts.items() if part}}

    def _notes(self, record: type, member: str) -> tuple[Note, ...]:
        names = [*(f"{base.__name__}.{member}" for base in record.__mro__), member]
        return next((self.notes[name] for name in names if name in self.notes), ())

    def of(self, hint: Any, notes: tuple[Note, ...] = ()) -> Schema:
        """Return the schema of a type; grammars and words among the notes are about the text within it."""
        if get_origin(hint) is Annotated:
            return self.of(hint.__origin__, (*notes, *hint.__metadata__))
        inner = tuple(note for note in notes if isinstance(note, (Grammar, tuple)))
        schema = self._made_of(hint, inner) if get_origin(hint) else self._one(hint, inner)
        for note in notes:
            if isinstance(note, str):
                schema = {**schema, "description": note}
            elif isinstance(note, dict):
                schema = {**schema, **note}
        return schema

    def _made_of(self, hint: Any, notes: tuple[Note, ...]) -> Schema:
        origin, parts = get_origin(hint), get_args(hint)
        if origin is Literal:
            return {"const": parts[0]}
        if origin is tuple:
            return self._list(parts, notes)
        if origin is Mapping:
            key, value = (self.of(part) for part in parts)
            named = {"propertyNames": key} if "$ref" in key else {}
            return {"type": "object", **named, **({"additionalProperties": value} if value else {})}
        if origin not in {Union, UnionType}:
            raise TypeError(f"no format of ours has {hint}")
        schemas = [self.of(part, notes) for part in parts if part is not NoneType]
        if NoneType in parts and self.style is not Style.BY_HAND:
            if isinstance(schemas[0].get("type"), str):
                return {**schemas[0], "type": [schemas[0]["type"], "null"]}
            schemas.append({"type": "null"})
        return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}

    def _list(self, parts: tuple[Any, ...], notes: tuple[Note, ...]) -> Schema:
        if parts[-1] is not ...:
            items = [self.of(part, notes) for part in parts]
            return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}
        by_hand: Schema = {}
        if self.style is Style.BY_HAND:  # a list that is there names something; texts are distinct (`yaml.texts`)
            by_hand = {"minItems": 1} if dataclasses.is_dataclass(parts[0]) else {"minItems": 1, "uniqueItems": True}
        return {"type": "array", **by_hand, "items": self.of(parts[0], notes)}

    def _one(self, hint: Any, notes: tuple[Note, ...]) -> Schema:
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            return self._define(_name(hint), lambda: {"description": words(hint), **self.members(hint)})
        if isinstance(hint, type) and issubclass(hint, Enum):
            return self._define(
                hint.__name__, lambda: {"description": words(hint), "enum": [member.value for member in hint]}
            )
        if hint is datetime:
            notes = (wire.TIMESTAMP if self.style is Style.OPEN else wire.WRITTEN_TIMESTAMP,)
        if notes and hint in {str, datetime}:
            return self._text(notes[0])
        plain: dict[Any, Schema] = {
            str: {"type": "string"},
            bool: {"type": "boolean"},
            int: {"type": "integer", **_NUMBERS[self.style]},
            Any: {},
        }
        return plain[hint]

    def _text(self, note: Note) -> Schema:
        if not isinstance(note, Grammar):
            return {"enum": list(note)}
        said = {"description": note.words, "type": "string", "pattern": pattern(note)}
        return self._define(note.name, lambda: said)

    def _define(self, name: str, make: Callable[[], Schema]) -> Schema:
        name, schema = name[0].lower() + name[1:], make()
        if self.definitions.setdefault(name, schema) != schema:
            raise ValueError(f"two things are called {name}")
        return {"$ref": f"#/$defs/{name}"}
