"""Templates: the same as the actions, well-formed, and safe to give text to; and the pages that show them."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.ci.act import ROOT
from tests.ci.test_parity import VERBS
from tools import template_pages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FOLDER = ROOT / "gitlab-templates"
OWN = set(template_pages.OWN)
#: The template that includes the others.
ALL = "all"
#: Keys of a pipeline file that are no jobs: https://docs.gitlab.com/ci/yaml/#global-keywords
GLOBAL = {
    "default",
    "include",
    "stages",
    "variables",
    "workflow",
    "image",
    "services",
    "cache",
    "before_script",
    "pages",
}
#: job → the ID tokens that it asks for; all others ask for none.
ID_TOKENS = {
    **{name: {"SIGSTORE_ID_TOKEN": {"aud": "sigstore"}} for name in ("sign", "gate", "emergency", "publish")},
    "request": {"COUNTERSEAL_ID_TOKEN": {"aud": "counterseal-request"}},
}
#: Inputs of actions that templates do not have → why.
NOT_HERE = {"token": "a job has its token, and other tokens are the project's variables"}
#: (verb, input) whose words differ from the action's → why.
OTHER_WORDS = {
    ("gate", "preview"): "the template has the gate's job, too",
    ("gate", "number"): "GitLab takes a number in quotes for text only",
    ("gate", "hours"): "as above",
    ("gate", "action"): "a pipeline has no event to be compared with",
    ("verify", "repository-id"): "as above",
    **dict.fromkeys((("request", name) for name in ("entry", "since", "signed-since", "signed-until")), "as above"),
}
#: What a template is told in these tests where it has no default.
GIVEN = {
    "revision": "5ea1" * 10,
    "subjects": "dist/*",
    "stage": "staging",
    "files": "a b",
    "repository": "gitlab.com/acme/app",
}

#: The same of the one include that brings the others.
ONE_GIVEN = {
    "revision": "5ea1" * 10,
    "released-stage": "production",
    "repository": "gitlab.com/acme/app",
    "repository-id": "702",
    "gate-identity": "https://gitlab.com/acme/app//.gitlab-ci.yml@refs/heads/main",
}


#: (job, input) that stands in the script as → why.
FIXED = {
    ("gate", "preview"): "false",  # the job is left out of a preview
    ("gate", "number"): "",
    ("gate", "exit-code"): "false",
    ("preview", "preview"): "true",
    ("preview", "stage"): "",
    ("preview", "request"): "",
    ("preview", "action"): "",
    ("preview", "reason"): "",
    ("preview", "target"): "",
    ("preview", "hours"): "",
    ("emergency", "preview"): "false",
    ("emergency", "number"): "",
    ("emergency", "exit-code"): "false",
    ("emergency", "request"): "",
}


def jobs(verb: str) -> dict[str, dict[str, Any]]:
    """Return the hidden jobs of a template by the rest of their names."""
    _, found = template_pages.template(verb)
    return {name.partition("]]-")[2]: each for name, each in found.items() if name.startswith(".")}


def words(text: str) -> str:
    """Return what a description says without its default."""
    return re.sub(r" \(default: [\w-]+\)$", "", text)


def as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_there_is_a_template_for_each() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.yml")) == sorted((*VERBS, ALL))


# --- the same as the actions ---------------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS)
def test_inputs_are_the_actions(verb: str) -> None:
    there, (here, _) = template_pages.action(verb)["inputs"], template_pages.template(verb)
    assert set(here) - OWN == set(there) - set(NOT_HERE)
    for name in set(here) - OWN:
        assert ("default" not in here[name]) == bool(there[name].get("required")), name
        if name == "output":
            assert f"(default: {here[name]['default']})" in there[name]["description"] or verb == "candidate"
        else:
            assert as_text(here[name].get("default", "")) == str(there[name].get("default", "")), name
        if (verb, name) not in OTHER_WORDS:
            assert words(here[name]["description"]) == words(there[name]["description"])


@pytest.mark.parametrize("verb", VERBS)
def test_outputs_are_the_actions(verb: str) -> None:
    """A job of a verb with outputs has a dotenv report of the file that the verb writes them to."""
    outputs = template_pages.action(verb).get("outputs", {})
    reports = jobs(verb)[verb]["artifacts"].get("reports", {})
    assert reports == ({"dotenv": "counterseal.env"} if outputs else {})


@pytest.mark.parametrize("verb", VERBS)
def test_each_input_reaches_its_option(verb: str) -> None:
    """Each job sets every option of its verb, so that no variable from elsewhere does."""
    options = [name for name in template_pages.template(verb)[0] if name not in OWN]
    for name, job in jobs(verb).items():
        (given,) = re.findall(r"<<'INPUTS'\n(.*?)^INPUTS\n", job["script"][0], re.DOTALL | re.MULTILINE)
        assert given.splitlines() == [
            f"COUNTERSEAL_{each.upper().replace('-', '_')}={FIXED.get((name, each), f'$[[ inputs.{each} ]]')}"
            for each in options
        ]
        assert not [each for each in job.get("variables", {}) if not each.startswith("GIT_")], "others win over them"


def test_the_pages_are_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "tools" / "template_pages.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}fix: make docs"


# --- well-formed and safe --------------------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS)
def test_every_input_is_described_and_no_text_leaves_its_line(verb: str) -> None:
    """GitLab puts inputs into the text of the file before it is YAML: a line break could begin any key."""
    inputs, _ = template_pages.template(verb)
    for name, each in inputs.items():
        assert each["description"], name
        assert ("regex" in each) == (each.get("type", "string") == "string"), name
        if "regex" in each:
            pattern = re.compile(
                each["regex"].removesuffix("$") + r"\Z"
            )  # in RE2, GitLab's, `$` is the end of the text
            assert pattern.search(str(each.get("default", GIVEN.get(name, ""))))
            for evil in ("\n", "\r", "a\nb: c", "\u2028", "\x85", "a\x00", "\x1b[0K"):
                assert not pattern.search(evil), (name, evil)
    assert [name for name in inputs if not re.fullmatch(r"[a-z][a-z-]*", name)] == []


@pytest.mark.parametrize("verb", VERBS)
def test_text_ends_a_line_of_a_quoted_block_and_is_not_expanded(verb: str) -> None:
    """A text may have quotes, `#`, `: ` and `$NAME`; what stands within quotes in the file may have none of them."""
    inputs, _ = template_pages.template(verb)
    source = (FOLDER / f"{verb}.yml").read_text()
    for row in source.partition("\n---\n")[2].splitlines():
        for name in re.findall(r"\$\[\[ inputs\.([\w-]+) \]\]", row):
            free = [each for each in "\"'$`\\ ;" if re.search(inputs[name].get("regex", "^$"), each)]
            given = f"COUNTERSEAL_{name.upper().replace('-', '_')}=$[[ inputs.{name} ]]"
            assert row.strip() == given or not free, row


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
@pytest.mark.parametrize(
    "text",
    [
        "INPUTS",
        "'",
        '"; touch pwned; "',
        "$(touch pwned)`touch pwned`",
        "\\",
        "a\\",
        " spaces ",
        "a=b",
        "-n",
        "%s\\n",
        "#",
    ],
)
def test_whatever_a_text_is_the_program_gets_it(shell: str, text: str, tmp_path: Path) -> None:
    """The lines of a template that take inputs, in the shells that GitLab's runner uses."""
    script = jobs("request")["request"]["script"][0].partition("here=")[0]
    script = script.replace("$[[ inputs.reason ]]", text).replace("$[[ inputs.stage ]]", "staging")
    foreign = {"COUNTERSEAL_REASON": "foreign", "COUNTERSEAL_TAG": "v9", "source": "foreign", "input": "x", "IFS": "a"}
    done = subprocess.run(
        (shell, "-c", f'{script}printf \'%s|%s|%s\' "$COUNTERSEAL_REASON" "$COUNTERSEAL_STAGE" "$source"'),
        cwd=tmp_path,
        env={"PATH": "/nowhere", **foreign},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == f"{text}|staging|$[[ inputs.source ]]", done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["sbom", "sign", "candidate"])
def test_an_output_is_a_folder_of_its_own(verb: str) -> None:
    """All of it is an artifact: with the folder above it, git's settings would be one, and the job's token in them."""
    pattern = template_pages.template(verb)[0]["output"]["regex"].removesuffix("$")
    for good in ("counterseal-out", "a/b", "out/"):
        assert re.fullmatch(pattern, good)
    for evil in (".", "..", "./", "../x", "a/../b", ".git", "a/.git", "/", "/etc", "a//b", ""):
        assert not re.fullmatch(pattern, evil), evil


@pytest.mark.parametrize("verb", VERBS)
def test_a_template_has_jobs_and_nothing_for_all_of_a_pipeline(verb: str) -> None:
    head = yaml.safe_load((FOLDER / f"{verb}.yml").read_text().partition("\n---\n")[0])
    assert list(head) == ["spec"]
    assert list(head["spec"]) == ["inputs"]
    _, found = template_pages.template(verb)
    assert not set(found) & GLOBAL
    for name, each in found.items():
        assert re.fullmatch(r"\.?\$\[\[ inputs\.job-name \]\]-[a-z]+", name)
        if not name.startswith("."):
            assert each == {"extends": f".{name}"}
            assert f".{name}" in found


SCRIPT = """\
set -eu
PATH=/usr/local/bin:/usr/bin:/bin
source='$[[ inputs.source ]]' revision='$[[ inputs.revision ]]'
while IFS= read -r input; do export "$input"; done <<'INPUTS'
INPUTS
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
rm -f counterseal.env counterseal.md
git() {
  env -i PATH="$PATH" HOME="$here" GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_TERMINAL_PROMPT=0 \\
    GIT_NO_REPLACE_OBJECTS=1 git -C "$here/counterseal" "$@"
}
mkdir "$here/counterseal"
git init --quiet --template= .
git fetch --quiet --no-tags --depth=1 -- "$source" "$revision" || {
  echo "error: no commit $revision at $source: is revision one of counterseal's?" >&2
  exit 1
}
git -c core.symlinks=false checkout --quiet --detach "$revision"
[ "$(git rev-parse HEAD)" = "$revision" ]
export RUNNER_TEMP="$here" COUNTERSEAL_DOTENV=counterseal.env COUNTERSEAL_SUMMARY=counterseal.md
/bin/bash -p "$here/counterseal/actions/_lib/run.sh" --python "$(command -v python3)" VERB
"""


@pytest.mark.parametrize("verb", VERBS)
def test_a_job_is_one_thin_script(verb: str) -> None:
    for job in jobs(verb).values():
        (script,) = job["script"]
        assert re.sub(r"^COUNTERSEAL_.*\n", "", script, flags=re.MULTILINE) == SCRIPT.replace("VERB", verb)
        subprocess.run(("/bin/sh", "-n", "-c", job["script"][0]), check=True)
        assert not {"before_script", "after_script", "cache", "services", "retry", "tags"} & set(job)
        assert job["inherit"] == {"default": False, "variables": False}, "no script, variable or cache of the project's"
        assert job["artifacts"]["when"] == "always"
        assert "counterseal.md" in job["artifacts"]["paths"]


@pytest.mark.parametrize("verb", VERBS)
def test_only_jobs_that_sign_or_say_who_they_are_have_a_token(verb: str) -> None:
    for name, job in jobs(verb).items():
        assert job.get("id_tokens") == ID_TOKENS.get(name)


@pytest.mark.parametrize("name", ["gate", "publish"])
def test_a_gate_runs_alone_and_takes_nothing_from_earlier_jobs(name: str) -> None:
    job = jobs(name)[name]
    assert job["resource_group"] == "counterseal-gate"
    assert job["interruptible"] is False
    assert job["dependencies"] == []
    assert job["variables"]["GIT_STRATEGY"] == "none", "no file of the project"


def test_what_stops_something_waits_for_nothing() -> None:
    job = jobs("gate")["emergency"]
    assert job["needs"] == job["dependencies"] == []
    assert "resource_group" not in job
    assert job["variables"]["GIT_STRATEGY"] == "none", "no file of the project"
    never, by_hand = job["rules"]
    assert never == {"if": '"$[[ inputs.action ]]" == ""', "when": "never"}
    assert by_hand["if"].endswith("$CI_PIPELINE_SOURCE =~ /^(web|api)$/")
    assert {"if": '"$[[ inputs.action ]]" != ""', "when": "never"} in jobs("gate")["gate"]["rules"]


def test_the_preview_has_no_identity_and_no_file() -> None:
    preview = jobs("gate")["preview"]
    assert "COUNTERSEAL_PREVIEW=true\n" in preview["script"][0]
    assert preview["variables"]["GIT_STRATEGY"] == "none"
    assert preview["dependencies"] == []
    assert "reports" not in preview["artifacts"]


def filled(verb: str) -> dict[str, Any]:
    """Return the hidden jobs of a template as jobs, since the schema looks at no hidden one, with inputs in them."""
    inputs, _ = template_pages.template(verb)
    text = (FOLDER / f"{verb}.yml").read_text().partition("\n---\n")[2]
    values = {name: as_text(each.get("default", GIVEN.get(name))) for name, each in inputs.items()}
    found = yaml.safe_load(re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda match: values[match[1]], text))
    return {name[1:]: each for name, each in found.items() if name.startswith(".")}


@pytest.mark.gitlab
@pytest.mark.slow
def test_schema(tool: Callable[[str], Path], tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yml", tmp_path / "bad.yml"
    found = {name: job for verb in VERBS for name, job in filled(verb).items()}
    assert len(found) == len(VERBS) + 2
    good.write_text(yaml.safe_dump(found))
    bad.write_text(good.read_text().replace("when: always", "when: sometimes"))
    command = (tool("check-jsonschema"), "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
    done = subprocess.run((*command, good), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout
    assert subprocess.run((*command, bad), capture_output=True, check=False, timeout=60).returncode == 1


# --- what it shows of itself in the pages ------------------------------------------------------------


def misnamed(text: str) -> list[str]:
    """Return the includes of our templates in a pipeline file that GitLab would refuse: gitlab-ci-local does not."""
    found = []
    *_, body = yaml.safe_load_all(text)
    for each in body["include"]:
        verb = re.fullmatch(r"/gitlab-templates/([a-z]+)\.yml", each["file"])
        if verb is None or verb[1] not in (*VERBS, ALL):
            found.append(each["file"])
            continue
        inputs, _ = template_pages.template(verb[1])
        given = each.get("inputs", {})
        found += [f"{verb[1]}: {name}" for name in given if name not in inputs]
        found += [f"{verb[1]}: no {name}" for name in inputs if "default" not in inputs[name] and name not in given]
    return found


def blocks(page: str) -> list[str]:
    """Return the pipeline files that a page shows."""
    shown = re.findall(r"```yaml\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    return [text for text in shown if text.startswith("include:") or "\ninclude:" in text]


@pytest.mark.parametrize("page", ["gitlab-templates/README.md", "docs/how-to-gitlab.md"])
def test_the_pages_name_inputs_that_are(page: str) -> None:
    assert blocks(page)
    for text in blocks(page):
        assert misnamed(text) == []


def test_an_input_that_is_not_would_be_seen() -> None:
    text = "include:\n  - {project: a, file: /gitlab-templates/gate.yml, inputs: {revision: a, stgae: b}}\n"
    assert misnamed(text) == ["gate: stgae"]
    assert misnamed("include:\n  - {file: /gitlab-templates/sbom.yml}\n") == ["sbom: no subjects", "sbom: no revision"]
    assert misnamed("include:\n  - {file: /templates/sbom.yml}\n") == ["/templates/sbom.yml"]


# --- the one include that brings the others -----------------------------------------------------------


def whole() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the inputs of the template that includes the others, and the rest of it."""
    inputs, rest = template_pages.template(ALL)
    return inputs, rest


def test_one_include_hands_each_template_what_it_needs() -> None:
    inputs, rest = whole()
    for each in rest["include"]:
        verb = each["local"].removeprefix("/gitlab-templates/").removesuffix(".yml")
        own, _ = template_pages.template(verb)
        assert set(each["inputs"]) <= set(own), verb
        assert {name for name in own if "default" not in own[name]} <= set(each["inputs"]), verb
        assert each["inputs"]["revision"] == "$[[ inputs.revision ]]", "one pin for all"
        assert set(re.findall(r"\$\[\[ inputs\.([\w-]+) \]\]", str(each))) <= set(inputs)
    assert len(rest["include"]) == 5


def test_no_text_of_the_one_include_leaves_its_quotes() -> None:
    """An input stands within double quotes there: none of its characters ends them or escapes another."""
    inputs, _ = whole()
    for name, each in inputs.items():
        assert each["description"], name
        if each.get("type", "string") == "string":
            pattern = re.compile(each["regex"].removesuffix("$") + r"\Z")
            assert pattern.search(str(each.get("default", ONE_GIVEN.get(name)))), name
            for evil in ('"', "\\", "\n", "\r", "\u2028", "\x85", "\x00", "\x1b[0K"):
                assert not pattern.search(f"a{evil}b"), (name, evil)
    assert not set(ONE_GIVEN) - set(inputs)


def test_what_was_released_is_verified_in_a_pipeline_where_nothing_else_signs() -> None:
    _, rest = whole()
    assert set(rest) == {"include", "counterseal-verify"}
    assert not {"id_tokens", "script", "image", "inherit"} & set(rest["counterseal-verify"])
