"""docs/rules.md and docs/policy-reference.md say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from counterseal.errors import PolicyError
from counterseal.evaluation import rules
from counterseal.evaluation.rules import EVENT_RULES, RULES
from counterseal.policy import reader as policy

DOCS = Path(__file__).parents[4] / "docs"
TEXT = (DOCS / "rules.md").read_text()
REFERENCE = (DOCS / "policy-reference.md").read_text()
EVERY = dict(RULES) | dict(EVENT_RULES)
PARTS = ["What", "Why", "Options", "Codes", "Fix", "Before and after"]


def section(name: str) -> str:
    found = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE)
    assert found, f"docs/rules.md lacks the section {name}"
    return found.group(1)


def test_the_table_is_the_registry() -> None:
    lines = ["| rule | applies | what it demands |", "|---|---|---|"]
    for name, spec in RULES.items():
        lines.append(
            f"| [`{name}`](#{name}) | {'always' if spec.always else 'where a stage names it'} | {spec.title} |"
        )
    assert "\n".join(lines) in TEXT


@pytest.mark.parametrize("name", EVERY)
def test_a_section_has_the_same_parts_and_every_code(name: str) -> None:
    text = section(name)
    assert re.findall(r"^\*\*([A-Z][a-z ]+)\.\*\*", text, re.MULTILINE) == PARTS
    codes = text.split("**Codes.**")[1].split("**Fix.**")[0]
    assert tuple(re.findall(r"^\| `([a-z-]+)` \|", codes, re.MULTILINE)) == EVERY[name].codes
    assert "✗" in text
    assert "✓" in text


def test_every_file_of_a_rule_is_registered_and_tested() -> None:
    folder = Path(rules.__file__).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert files == {name.replace("-", "_") for name in EVERY}
    assert {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")} >= files


def test_the_references_policy_loads_and_its_error_is_real() -> None:
    found = re.search(r"```yaml\n(.*?)```", REFERENCE, re.DOTALL)
    assert found
    assert policy.load(found.group(1).encode(), rules=RULES).stage("production")
    with pytest.raises(PolicyError) as caught:
        policy.load(found.group(1).replace("count: 2", "cuont: 2").encode(), rules=RULES)
    assert f"error: {caught.value}" in REFERENCE


def test_the_reference_names_the_rules_that_always_apply() -> None:
    always = ", ".join(f"`{name}`" for name, spec in RULES.items() if spec.always)
    assert always in " ".join(REFERENCE.split())
