"""Writes actions/*/README.md from actions/*/action.yml; with --check says which ones are not up to date.

The permissions stand as a comment at the top of each action.yml, because the format has no place for them.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
_PERMISSIONS = re.compile(r"\A# permissions:\n((?:#   .+\n)*)")


def permissions(text: str) -> list[tuple[str, str, str]]:
    """Return (name, level, why) of each permission that the comment of an action.yml names."""
    comment = _PERMISSIONS.match(text)
    if comment is None:
        raise SystemExit("action.yml has to begin with a comment `# permissions:`")
    rows = (re.fullmatch(r"#   ([\w-]+): (\w+) # (.+)", row) for row in comment[1].splitlines())
    return [(row[1], row[2], row[3]) for row in rows if row]


def page(text: str) -> str:
    """Return the README.md of an action."""
    action: dict[str, Any] = yaml.safe_load(text)
    verb = action["name"].removeprefix("counterseal ")
    rights = permissions(text)
    inputs = action["inputs"]
    example = [f"- uses: counterseal/counterseal/actions/{verb}@SHA"]
    if needed := [name for name, definition in inputs.items() if definition.get("required")]:
        example += ["  with:", *(f"    {name}: …" for name in needed)]
    about = f"{action['description']}. The same as `counterseal {verb}`, whose options are the inputs; "
    about += "[how they fit together](../../docs/how-to-github.md)."
    lines = [
        "<!-- made from action.yml by `make docs` -->",
        f"# {action['name']}",
        "",
        about,
        "",
        "```yaml",
        *example,
        "```",
        "",
        "The job needs "
        + (", ".join(f"`{name}: {level}` ({why})" for name, level, why in rights) or "no permission")
        + ".",
        "",
        "| input | | default |",
        "|---|---|---|",
        *(
            f"| `{name}` | {definition['description']} | {_default(definition)} |"
            for name, definition in inputs.items()
        ),
    ]
    if outputs := action.get("outputs"):
        lines += [
            "",
            "| output | |",
            "|---|---|",
            *(f"| `{name}` | {definition['description']} |" for name, definition in outputs.items()),
        ]
    return "\n".join(lines) + "\n"


def _default(definition: dict[str, Any]) -> str:
    if definition.get("required"):
        return "required"
    value = str(definition.get("default", ""))
    return f"`{value}`" if value else ""


def main(arguments: list[str]) -> int:
    """Write or check the pages."""
    stale = []
    for path in sorted((ROOT / "actions").glob("*/action.yml")):
        target, text = path.with_name("README.md"), page(path.read_text(encoding="utf-8"))
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            stale.append(target)
            if "--check" not in arguments:
                target.write_text(text, encoding="utf-8")
    for path in stale:
        print(path.relative_to(ROOT))
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
