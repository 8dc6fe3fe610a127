"""Writes gitlab-templates/README.md, and the table in docs/steps.md from actions and templates; --check only says.

A template has one name and one meaning for an input with the action of its verb; what only one of them has is named.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
VERBS = ("sbom", "sign", "candidate", "request", "gate", "publish", "verify")
#: What brings them all; there is no action of the name.
ALL = "all"
#: What every template has and no action, in the order of the files.
OWN = ("revision", "source", "image", "job-name", "job-stage")
BLOCK = re.compile(r"(<!-- table: steps -->\n).*?(<!-- end -->)", re.DOTALL)


def action(verb: str) -> dict[str, Any]:
    """Return the action of a verb."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "actions" / verb / "action.yml").read_text(encoding="utf-8"))
    return content


def template(verb: str) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Return the inputs and the jobs of a verb's template; inputs are not filled in."""
    head, jobs = yaml.safe_load_all((ROOT / "gitlab-templates" / f"{verb}.yml").read_text(encoding="utf-8"))
    return head["spec"]["inputs"], jobs


def variable(output: str) -> str:
    """Return the variable that later jobs of a pipeline get for an output."""
    return f"counterseal_{output.replace('-', '_')}"


def steps() -> str:
    """Return the table of steps: what each is told and says, in both CIs."""
    rows = ["| step | GitHub | GitLab | inputs, **required** ones first | outputs |", "|---|---|---|---|---|"]
    for verb in VERBS:
        there, (here, _) = action(verb), template(verb)
        links = f"[action](../actions/{verb}/README.md) | [template](../gitlab-templates/README.md#{verb})"
        both = [name for name in here if name in there["inputs"]]
        words = [f"**{name}**" for name in both if "default" not in here[name]]
        words += [f"`{name}`" for name in both if "default" in here[name]]
        words += [f"`{name}` (GitHub)" for name in there["inputs"] if name not in here]
        words += [f"`{name}` (GitLab)" for name in here if name not in there["inputs"] and name not in OWN]
        outputs = ", ".join(f"`{name}`" for name in there.get("outputs", {}))
        rows.append(f"| {verb} | {links} | {' '.join(words)} | {outputs} |")
    return "\n".join(rows) + "\n"


def page() -> str:
    """Return gitlab-templates/README.md."""
    inputs, _ = template("sbom")
    rows = [
        "<!-- made from the templates by `make docs` -->",
        "# Templates for GitLab CI",
        "",
        "One file a step, by `include:`, pinned to a commit; [how they fit together](../docs/how-to-gitlab.md).",
        "Each has a job, which runs where its first line says, and the same as a hidden job to extend. A job of yours",
        "that has the name of theirs changes what it says and leaves the rest. Outputs are variables of later jobs,",
        "from a dotenv report; `counterseal.md` among the artifacts is the summary.",
        "",
        "Every template has, beside its own inputs:",
        "",
        *_table({name: inputs[name] for name in OWN if name != "job-stage"}),
        f"| `job-stage` | {inputs['job-stage']['description']} | see each |",
    ]
    for verb in (ALL, *VERBS):
        rows += ["", *_section(verb)]
    return "\n".join(rows) + "\n"


def _section(verb: str) -> list[str]:
    text = (ROOT / "gitlab-templates" / f"{verb}.yml").read_text(encoding="utf-8")
    inputs, jobs = template(verb)
    own = {name: definition for name, definition in inputs.items() if name not in OWN}
    given = "".join(f", {name}: …" for name, definition in own.items() if "default" not in definition)
    if verb == ALL:
        return _whole(text, own, given)
    names = [name.replace("$[[ inputs.job-name ]]", inputs["job-name"]["default"]) for name in jobs]
    ready = " and ".join(f"`{name}`" for name in names if not name.startswith("."))
    hidden = " and ".join(f"`{name}`" for name in names if name.startswith("."))
    outputs = [
        (variable(name), definition["description"]) for name, definition in action(verb).get("outputs", {}).items()
    ]
    rows = [
        f"## {verb}",
        text.partition("\n")[0].removeprefix("# "),
        "",
        "```yaml",
        "include:",
        "  - project: counterseal/counterseal",
        "    ref: SHA",
        f"    file: /gitlab-templates/{verb}.yml",
        f"    inputs: {{revision: SHA{given}}}",
        "```",
        "",
        f"Jobs: {ready}; to extend: {hidden}. By default in the stage `{inputs['job-stage']['default']}`.",
        "",
        *_table(own),
    ]
    if outputs:
        rows += ["", "| variable | |", "|---|---|", *(f"| `{name}` | {about} |" for name, about in outputs)]
    return rows


def _whole(text: str, own: dict[str, dict[str, Any]], given: str) -> list[str]:
    """Return the section of the template that includes the others."""
    about = " ".join(line.removeprefix("# ") for line in text.partition("\nspec:")[0].splitlines())
    include = [
        "include:",
        "  - project: counterseal/counterseal",
        "    ref: SHA",
        "    file: /gitlab-templates/all.yml",
    ]
    return [
        f"## {ALL}",
        about,
        "",
        "```yaml",
        *include,
        f"    inputs: {{revision: SHA{given}}}",
        "```",
        "",
        *_table(own),
    ]


def _table(inputs: dict[str, dict[str, Any]]) -> list[str]:
    return [
        "| input | | default |",
        "|---|---|---|",
        *(
            f"| `{name}` | {definition['description']} | {_default(definition)} |"
            for name, definition in inputs.items()
        ),
    ]


def _default(definition: dict[str, Any]) -> str:
    if "default" not in definition:
        return "required"
    value = definition["default"]
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{shown}`" if shown else ""


def main(arguments: list[str]) -> int:
    """Write or check both files."""
    table = ROOT / "docs" / "steps.md"
    text = table.read_text(encoding="utf-8")
    if len(BLOCK.findall(text)) != 1:
        raise SystemExit("docs/steps.md has to have one block `<!-- table: steps -->`")
    wanted = {
        ROOT / "gitlab-templates" / "README.md": page(),
        table: BLOCK.sub(lambda match: f"{match[1]}{steps()}{match[2]}", text),
    }
    stale = [path for path, new in wanted.items() if not path.is_file() or path.read_text(encoding="utf-8") != new]
    for path in stale:
        print(path.relative_to(ROOT))
        if "--check" not in arguments:
            path.write_text(wanted[path], encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
