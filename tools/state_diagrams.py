"""Draws what may follow what in docs/formats.md from the table in history/transitions.py; --check says if it is old."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tools import one_page

from counterseal.history import transitions

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "formats.md"
#: The sentence above each diagram.
TITLES: Final = {
    transitions.MANIFEST: "A manifest in a stage:",
    transitions.PUBLICATION: "An allow of a stage that publishes:",
    transitions.HOLD: "A hold:",
    transitions.REVOCATION: "A revocation:",
}


def _id(condition: str) -> str:
    return condition.replace(" ", "_")


def diagram(thing: str) -> Iterator[str]:
    """Yield the lines of a Mermaid diagram; a thing begins where nothing leads to."""
    steps = [step for step in transitions.STEPS if step.thing == thing]
    reached = {step.after for step in steps}
    yield from ("```mermaid", "stateDiagram-v2", "  direction LR")
    for condition in transitions.CONDITIONS[thing]:
        if _id(condition) != condition:
            yield f'  state "{condition}" as {_id(condition)}'
        if condition not in reached:
            yield f"  [*] --> {_id(condition)}"
    yield from (f"  {_id(step.before)} --> {_id(step.after)}: {step.by}" for step in steps)
    yield "```"


def block() -> Iterator[str]:
    """Yield the lines of all diagrams with what their words mean."""
    for thing, title in TITLES.items():
        yield from (title, "", *diagram(thing), "", "| condition | what it means |", "|---|---|")
        yield from (f"| {condition} | {words} |" for condition, words in transitions.CONDITIONS[thing].items())
        yield ""


def render(page: str) -> str:
    """Return the page with the diagrams made anew."""
    text = "\n".join(["<!-- transitions -->", *block(), "<!-- end -->"])
    return re.sub(r"<!-- transitions -->\n.*?<!-- end -->", lambda _: text, page, flags=re.DOTALL)


if __name__ == "__main__":
    sys.exit(one_page.main(PAGE, render))
