"""Outputs as the dotenv report of a GitLab job, whose variables later jobs of the pipeline get.

GitLab's files are less than dotenv: one `NAME=VALUE` a line, no quoting, no space, no line break, 5 KiB in all; and the
runner expands `$` where a variable is used. So a JSON list is written without any of that, and another value that has
it is left out. Names begin with `counterseal_`: small, because `COUNTERSEAL_…` are the inputs of the next job's verb.
Source: docs.gitlab.com "Pass dotenv variables to specific jobs".
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX: Final = "counterseal_"
#: Bytes of all outputs of a job; GitLab refuses a report of more than 5120.
LIMIT: Final = 5000
#: Go before all others: whether something was published, or stopped, must not depend on how much else was decided.
FIRST: Final = ("published", "events")
_SAFE: Final = re.compile(r"[A-Za-z0-9_.,:;/@+=~%&?()\[\]{}-]*\Z")
_UNSAFE_IN_JSON: Final = re.compile(r"[^A-Za-z0-9_.,:;/@+=~%&?()\[\]{}\"\\-]")


def lines(outputs: Mapping[str, str], used: int = 0) -> tuple[str, tuple[str, ...]]:
    """Return the lines of the report, and what it cannot hold: of a list the end, of anything else all.

    Args:
        outputs: Name → value; JSON lists and objects stay what they are to a JSON reader.
        used: Bytes that the report has already.
    """
    text, problems = "", []
    for name, value in sorted(outputs.items(), key=lambda output: output[0] not in FIRST):
        start = f"{PREFIX}{name.replace('-', '_')}="
        room = LIMIT - used - len(text) - len(start) - 1
        encoded = _encode(value)
        if encoded is None:
            problems.append(f"the output {name} is left out: a dotenv report cannot hold its value")
            continue
        if len(encoded) > room:
            limit = f"all outputs of a job have to fit into {LIMIT} bytes"
            encoded, kept, whole = _shortened(value, room)
            if not kept:
                problems.append(f"the output {name} is left out: {limit}")
                continue
            problems.append(f"the output {name} has {kept} of {whole} items: {limit}")
        text += f"{start}{encoded}\n"
    return text, tuple(problems)


def _shortened(value: str, room: int) -> tuple[str, int, int]:
    """Return as much of a JSON list as there is room for, from its start, and how many items of how many that is."""
    whole = json.loads(value) if value[:1] == "[" else []
    kept, length = 0, len("[]")
    for item in whole:
        length += len(_encode(json.dumps([item])) or "") - len("[]") + (1 if kept else 0)
        if length > room:
            break
        kept += 1
    return _encode(json.dumps(whole[:kept])) or "", kept, len(whole)


def _encode(value: str) -> str | None:
    """Return the value on one line of visible ASCII without `$`, quotes of the shell, or `#`; None if it is not so."""
    if value[:1] in {"[", "{"}:
        try:
            compact = json.dumps(json.loads(value), separators=(",", ":"))
        except ValueError:
            return None
        return _UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", compact)
    return value if _SAFE.match(value) else None
