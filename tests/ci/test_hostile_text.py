"""Text that a shell, a runner's log or an expression would act on stays text: inputs, branches, tags, titles, files."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.ci import newcomer
from tests.ci.test_parity import VERBS, options
from tests.ci.test_story import comments
from tests.flow import stories, worlds
from tests.flow.test_scenarios_text import BIDI, COMMAND, MARKUP, check_log, check_summary

from counterseal.formats.wire import canonical
from counterseal_sandbox.demo.site import TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.ci.act import Outcome
    from tests.ci.newcomer import Newcomer, Product
    from tests.flow.worlds import FlowWorld

pytestmark = [pytest.mark.slow, pytest.mark.act]

HOSTILE = (
    "\"; touch pwned; '$(touch pwned)' `touch pwned` %0A::set-output name=published::x\n"
    "::add-path::/pwned\n$GITHUB_TOKEN"
)


def test_every_input_of_every_action(here: Newcomer) -> None:
    """One job with a step for each action; each step may fail, and none may do more than that."""
    steps: list[dict[str, Any]] = []
    for verb in VERBS:
        uses = f"counterseal/counterseal/actions/{verb}@SHA"
        steps.append({"uses": uses, "with": dict.fromkeys(options(verb), HOSTILE), "continue-on-error": True})
    steps.append({"run": 'test -z "${PATH##*/pwned*}" && exit 1 || test ! -e pwned'})
    job = {"runs-on": "ubuntu-24.04", "steps": steps}
    text = yaml.safe_dump({"on": "push", "permissions": {}, "jobs": {"job": job}}, sort_keys=False)
    outcome = here.custom(text, permissions={"contents": "read"})
    assert outcome.jobs == {"job": "success"}, outcome.text[-3000:]
    assert outcome.log.count("error: ") >= len(VERBS), "each said what it does not take"
    assert "Traceback" not in outcome.text
    assert [line for line in outcome.lines if line.get("command") in ("add-path", "set-env")] == []
    assert list(here.folder.rglob("pwned")) == []


# --- names that outsiders choose ---------------------------------------------------------------------

#: Everything that git takes in a ref and a shell, a log or Markdown would take for more than a name.
REF = "$(touch${IFS}pwned);`touch${IFS}pwned`&&%0A##error|<img>@alice\u202e"
#: Everything that a file name takes.
FILE = f"notes\n{COMMAND}\n\r##[error]$(touch pwned);{BIDI}<img src=x>|`touch pwned`.txt"
TITLE = f"{COMMAND}\n{MARKUP}{BIDI} $(touch pwned)"
#: The commands by which a step may talk to the runner, and the outputs that it may set.
SPOKEN = {"error", "summary", "set-output", "warning", "notice"}
OUTPUTS = {"decisions", "entry", "events", "published", "manifest", "tag", "sbom", "sbom-digest"}


@pytest.fixture(scope="module")
def signed(
    tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], Path], product: Product
) -> Iterator[Newcomer]:
    """A newcomer with a candidate."""
    dist = worlds.build(tmp_path_factory.mktemp("build"))
    with newcomer.newcomer(tmp_path_factory.mktemp("newcomer"), tool("act"), product) as found:
        newcomer.with_candidate(found.world, dist)
        yield found


def harmless(here: Newcomer, outcome: Outcome) -> None:
    """Check that nothing of it acted on anybody: no program, no command to the runner, no markup, no hidden text."""
    assert "Traceback" not in outcome.text
    assert {str(each["command"]) for each in outcome.lines if "command" in each} <= SPOKEN
    set_to = [each for each in outcome.lines if each.get("command") == "set-output"]
    assert {str(each["name"]) for each in set_to} <= OUTPUTS
    assert all("pwned" not in str(each["arg"]) for each in set_to if each["name"] == "published")
    for each in (str(each["raw"]) for each in outcome.lines if each.get("command") == "error"):
        # GitHub's runner ends the head at the first `::`, act at the last
        assert re.fullmatch(r"::error title=[a-z -]+", each[: each.index("::", 2)]), each
    check_log(
        "".join(str(each["msg"]) for each in outcome.lines if each.get("raw_output") and each["jobID"] != "build")
    )
    check_summary(outcome.summaries)
    assert list(here.folder.rglob("pwned")) == []


def test_branches_titles_and_files_of_requests(signed: Newcomer) -> None:
    """The verdicts are those that the same requests get under tame names (scenario 50)."""
    asked = {name: story(signed.world) for name, story in STRANGE.items()}
    payload = {"title": TITLE, "head": {"ref": REF}, "base": {"ref": "main"}, "user": {"login": "mallory"}}
    shown = signed.preview(asked["branch"].number, change=payload)
    assert shown.jobs == {"preview": "success"}, shown.text
    harmless(signed, shown)
    (comment,) = comments(signed, asked["branch"].number)
    check_summary(re.sub(r"<!--.*?-->", "", comment))
    for name, each in asked.items():
        stories.approve_and_merge(signed.world, each, "alice")
        if name == "stage":  # no request, so it is decided under the commit that brought it
            at = f"promotions@{stories.hosted(signed.world).branch('main')}"
            asked[name] = dataclasses.replace(each, path=at)
    decided = signed.promote()
    assert decided.jobs == {"gate": "failure"}, decided.text
    said: list[dict[str, Any]] = json.loads(decided.outputs("gate")["decisions"])
    outcomes = {each["request"]: each["outcome"] for each in said}
    assert outcomes == {
        asked[name].path: outcome for name, outcome in {"branch": "allow", "file": "deny", "stage": "deny"}.items()
    }
    harmless(signed, decided)


def strange_branch(world: FlowWorld) -> stories.Asked:
    said = stories.content(world, "staging", requestId="strange-branch", reason=f"{COMMAND} {MARKUP} $(touch pwned)")
    path = stories.path_of(said)
    return stories.Asked(stories.propose(world, REF, {path: canonical(said)}, title=TITLE), path, REF)


def strange_file(world: FlowWorld) -> stories.Asked:
    said = stories.content(world, "staging", requestId="strange-file")
    path, branch = stories.path_of(said), "strange-file"
    return stories.Asked(stories.propose(world, branch, {path: canonical(said), FILE: b"hello\n"}), path, branch)


def strange_stage(world: FlowWorld) -> stories.Asked:
    path, branch = f"promotions/::error::$(touch pwned);\n{COMMAND}/{'a' * 64}.1.json", "strange-stage"
    return stories.Asked(stories.propose(world, branch, {path: b"{}"}), path, branch)


STRANGE: dict[str, Callable[[FlowWorld], stories.Asked]] = {
    "branch": strange_branch,
    "file": strange_file,
    "stage": strange_stage,
}


@pytest.mark.parametrize(
    ("tag", "says"),
    [
        (f"v{REF}", "a tag or branch of this run has characters that are not shown: 'refs/tags/v$(touch${IFS}pwned);"),
        (f"v{REF[:-1]}", f"'v{REF[:-1]}' cannot be the tag of a release"),
    ],
    ids=["hides-something", "runs-in-a-shell"],
)
def test_a_tag(signed: Newcomer, tag: str, says: str) -> None:
    signed.world.git("tag", tag)
    signed.world.git("push", "-q", "origin", f"refs/tags/{tag}")
    step = newcomer.one_step("sign", checkout=True, subjects="dist/*")
    outcome = signed.custom(step, ref=tag, permissions={"id-token": "write"}, files=signed.world.checkout)
    assert outcome.jobs == {"job": "failure"}, outcome.text
    assert says in outcome.log
    harmless(signed, outcome)


def test_names_of_artifacts(signed: Newcomer, tmp_path: Path) -> None:
    steps: list[dict[str, Any]] = [{"uses": f"actions/checkout@{'0' * 40}"}]
    for number, name in enumerate(("$(touch pwned);`touch pwned`.whl", f"app\n{COMMAND}{BIDI}.whl")):
        folder = tmp_path / f"dist{number}"
        folder.mkdir()
        (folder / name).write_bytes(b"bytes")
        uses = "counterseal/counterseal/actions/sign@SHA"
        steps.append({"uses": uses, "with": {"subjects": f"dist{number}/*"}, "continue-on-error": True})
    job = {"runs-on": "ubuntu-24.04", "steps": steps}
    text = yaml.safe_dump({"on": "push", "permissions": {}, "jobs": {"job": job}}, sort_keys=False)
    outcome = signed.custom(text, ref=TAG, permissions={"id-token": "write"}, files=tmp_path)
    assert outcome.log.count("error: ") == 2, outcome.text
    assert outcome.log.count("rename it before") == 2
    harmless(signed, outcome)
