"""Files of CI that people start by hand: which inputs they take. The sandbox runs none of them.

Files are read as the forges read them as far as inputs go; whatever else is wrong in them is not looked for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from counterseal_sandbox.forge.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping


def dispatched(content: bytes, given: Mapping[str, Any]) -> dict[str, str]:
    """Return the inputs of a run of a workflow, with its defaults.

    Raises:
        Refused: It is not for being started by hand, or takes no such input.
    """
    triggers = _table(next(iter(_documents(content)), None)).get("on")
    named = triggers if isinstance(triggers, dict) else dict.fromkeys(_words(triggers))
    if "workflow_dispatch" not in named:
        raise Refused("Workflow does not have 'workflow_dispatch' trigger")
    known = _table(_table(named["workflow_dispatch"]).get("inputs"))
    if unknown := [name for name in given if name not in known]:
        listed = ", ".join(f'"{name}"' for name in unknown)
        raise Refused(f"Unexpected inputs provided: [{listed}]")
    missing = [name for name, how in known.items() if _table(how).get("required") == "true" and not given.get(name)]
    if missing:
        raise Refused(f"Required input '{missing[0]}' not provided")
    return {name: str(given.get(name, _table(how).get("default", ""))) for name, how in known.items()}


def of_pipeline(content: bytes, given: Mapping[str, Any]) -> dict[str, str]:
    """Return the inputs of a pipeline of a file, with its defaults.

    Raises:
        Refused: It takes no such input, or not this value.
    """
    documents = _documents(content)
    known = _table(_table(_table(documents[0] if len(documents) > 1 else None).get("spec")).get("inputs"))
    if given and not known:
        raise _base("Given inputs not defined in the `spec` section of the included configuration file")
    if unknown := [name for name in given if name not in known]:
        raise _base(f"unknown input arguments: {', '.join(unknown)}")
    values = {}
    for name, how in known.items():
        value = given.get(name, _table(how).get("default"))
        if value is None:
            raise _base(f"`{name}` input: required value has not been provided")
        rules, text = _table(how), str(value)
        if "options" in rules and text not in rules["options"]:
            raise _base(f"`{name}` input: `{text}` cannot be used because it is not in the list of allowed options")
        if "regex" in rules and re.search(rules["regex"], text) is None:
            raise _base(f"`{name}` input: provided value does not match required RegEx pattern")
        values[name] = text
    return values


def _base(message: str) -> Refused:
    """Return a refusal of the whole pipeline, which GitLab puts below `base`."""
    return Refused(message, 400, {"base": [message]})


def _documents(content: bytes) -> list[Any]:
    import yaml  # noqa: PLC0415 - 13 ms, paid only by who starts a run

    try:
        return list(yaml.load_all(content, Loader=yaml.BaseLoader))
    except (yaml.YAMLError, ValueError):
        return []


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _words(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [value] if isinstance(value, str) else []
