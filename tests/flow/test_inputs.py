"""What a build was made from is in its signed provenance at both forges, and two builds are compared by it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import stories, worlds
from tests.flow.worlds import SUBJECTS

from counterseal.forges import ForgeKind
from counterseal_sandbox.demo.site import TAG
from counterseal_sandbox.demo.world import EPOCH

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.flow.worlds import FlowWorld

pytestmark = [pytest.mark.slow, pytest.mark.forges(*ForgeKind)]

CHECKOUT_ACTION = "08c6903cd8c0fde910a37f88322edcfb5dd907a8"
IMAGE = "sha256:" + "8c" * 32
SECRET = "correct-horse-battery"
FILES = {
    ForgeKind.GITHUB: (
        ".github/workflows/release.yml",
        f"""
on:
  push: {{tags: ["v*"]}}
  workflow_dispatch: {{inputs: {{channel: {{default: stable}}, deploy-key: {{}}}}}}
jobs:
  build:
    container: ghcr.io/acme/builder:3@{IMAGE}
    steps:
      - uses: actions/checkout@{CHECKOUT_ACTION}
      - uses: actions/setup-python@v5
      - uses: ./.github/actions/build
""",
    ),
    ForgeKind.GITLAB: (
        ".gitlab-ci.yml",
        f"""
include:
  - {{project: acme/ci, ref: {CHECKOUT_ACTION}, file: /build.yml}}
  - component: gitlab.com/acme/lint/check@1.2
variables:
  CHANNEL: {{value: stable, description: "which channel"}}
  DEPLOY_KEY: {{value: "", description: "a key"}}
  PLAIN: of the file
build:
  image: ghcr.io/acme/builder:3@{IMAGE}
  script: [make]
""",
    ),
}
USED = {
    ForgeKind.GITHUB: [
        {"kind": "action", "name": "actions/checkout", "at": CHECKOUT_ACTION},
        {"kind": "action", "name": "actions/setup-python", "at": "v5"},
        {"kind": "image", "name": "ghcr.io/acme/builder:3", "at": IMAGE},
        {"kind": "local", "name": "./.github/actions/build", "at": None},
    ],
    ForgeKind.GITLAB: [
        {"kind": "component", "name": "gitlab.com/acme/lint/check", "at": "1.2"},
        {"kind": "image", "name": "ghcr.io/acme/builder:3", "at": IMAGE},
        {"kind": "project", "name": "acme/ci/build.yml", "at": CHECKOUT_ACTION},
    ],
}


def run_of(world: FlowWorld, folder: Path) -> dict[str, str]:
    """Return the environment of the tag's run as a hosted runner has it, started by hand with parameters."""
    event = folder / "event.json"
    event.write_text(json.dumps({"inputs": {"channel": "beta", "deploy-key": SECRET, "dry": True}}))
    own = {
        ForgeKind.GITHUB: {
            "ImageOS": "ubuntu24",
            "ImageVersion": "20261101.1.0",
            "GITHUB_EVENT_NAME": "workflow_dispatch",
            "GITHUB_EVENT_PATH": str(event),
        },
        ForgeKind.GITLAB: {
            "CI_JOB_IMAGE": f"ghcr.io/acme/builder:3@{IMAGE}",
            "CI_RUNNER_VERSION": "18.5.0",
            "CHANNEL": "beta",
            "DEPLOY_KEY": SECRET,
            "PLAIN": "not asked for",
        },
    }
    more = {"SOURCE_DATE_EPOCH": EPOCH, "PATH": os.environ["PATH"], "NPM_TOKEN": SECRET, "CFLAGS": f"-DKEY={SECRET}"}
    return {**world.build_run(), **own[world.kind], **more}


def with_workflow(world: FlowWorld) -> None:
    """Let the tag be of a commit that has a workflow file and a submodule."""
    path, text = FILES[world.kind]
    (world.checkout / path).parent.mkdir(parents=True, exist_ok=True)
    (world.checkout / path).write_text(text)
    world.git("add", path)
    world.git("update-index", "--add", "--cacheinfo", f"160000,{CHECKOUT_ACTION},vendor/parser")
    world.git("commit", "--quiet", "--message", "a workflow")
    (world.checkout / "vendor" / "parser").mkdir(parents=True)  # as a clone without submodules has it
    world.git("tag", "--force", TAG)
    world.git("push", "--quiet", "--force", "origin", f"refs/tags/{TAG}")


def trusted(world: FlowWorld, folder: Path) -> tuple[str, ...]:
    path = folder / "trust.json"
    told = world.counterseal("trust", "export", "--sandbox-url", world.sandbox.url, "--format", "json")
    path.write_text(told.output)
    return ("--trust", str(path), "--sandbox")


def shown(world: FlowWorld, folder: Path, trust: tuple[str, ...]) -> Any:
    return json.loads(world.counterseal("inputs", "show", str(folder), *trust, "--format", "json").output)


def signed(world: FlowWorld, environment: Mapping[str, str]) -> None:
    for verb in ("sbom", "sign"):
        world.counterseal(verb, *SUBJECTS, environment=environment)


COPY = (
    "import shutil, sys; shutil.copy(sys.argv[1], sys.argv[1] + '.new'); shutil.move(sys.argv[1] + '.new', sys.argv[1])"
)


def test_a_signed_build_says_what_it_was_made_from(built: FlowWorld, tmp_path: Path) -> None:
    with_workflow(built)
    environment, output = run_of(built, tmp_path), built.checkout / "counterseal-out"
    built.counterseal("observe", "--", sys.executable, "-c", COPY, SUBJECTS[0], environment=environment)
    (built.checkout / "README.md").write_text("changed")
    signed(built, environment)
    trust = trusted(built, tmp_path)
    told = shown(built, output, trust)
    assert SECRET not in json.dumps(told) + (output / "build-observation.json").read_text()
    assert (told["signed"], told["sandbox"], told["contradictions"]) == (True, True, [])
    head = built.git("rev-parse", "HEAD").strip()
    assert told["certificate"]["sourceRevision"] == head
    matrix = told["inputMatrix"]
    assert matrix["mustEqual"]["submodules"] == {"vendor/parser": CHECKOUT_ACTION}
    assert matrix["checkout"] == {"revision": head, "changed": ["README.md"], "changes": 1}
    known = {key: matrix["definition"][key] for key in ("path", "uses", "complete")}
    assert known == {"path": FILES[built.kind][0], "uses": USED[built.kind], "complete": True}
    if built.kind is ForgeKind.GITHUB:
        assert matrix["parameters"] == {"channel": "beta", "deploy-key": "[redacted]", "dry": "true"}
        assert matrix["informational"]["ImageVersion"] == "20261101.1.0"
        assert matrix["container"] is None
    else:
        assert matrix["parameters"] == {"CHANNEL": "beta", "DEPLOY_KEY": "[redacted]"}
        assert matrix["informational"]["CI_RUNNER_VERSION"] == "18.5.0"
        assert matrix["container"] == {"image": "ghcr.io/acme/builder:3", "digest": {"sha256": "8c" * 32}}
    (step,) = told["observation"]["steps"]
    assert (step["exit"], [each["path"] for each in step["wrote"]["files"]]) == (0, [SUBJECTS[0]])
    assert "python3" in step["around"]["tools"] or "python3" in step["around"]["unanswered"]
    assert step["around"]["variables"]["CFLAGS"] == "-DKEY=[redacted]"
    text = built.counterseal("inputs", "show", str(output), *trust).output
    assert text.index("the certificate says:") < text.index("the build says itself (it can contradict, and proves")


def test_an_artifact_that_changed_after_it_was_observed_is_named(built: FlowWorld, tmp_path: Path) -> None:
    environment = run_of(built, tmp_path)
    built.counterseal("observe", "--", sys.executable, "-c", COPY, SUBJECTS[1], environment=environment)
    with (built.checkout / SUBJECTS[1]).open("ab") as stream:
        stream.write(b"one byte more")
    built.counterseal("sbom", *SUBJECTS, environment=environment)
    told = built.counterseal("sign", *SUBJECTS, environment=environment)
    problem = "app-1.2.0.tar.gz has other bytes than those that the observed command wrote"
    assert f"warning: {problem}" in told.errors
    show = shown(built, built.checkout / "counterseal-out", trusted(built, tmp_path))
    assert show["contradictions"] == [problem]


def test_what_was_observed_in_another_run_is_not_signed(built: FlowWorld, tmp_path: Path) -> None:
    earlier, later = run_of(built, tmp_path), run_of(built, tmp_path)
    built.counterseal("observe", "--", sys.executable, "-c", "", environment=earlier)
    built.counterseal("sbom", *SUBJECTS, environment=later)
    told = built.counterseal("sign", *SUBJECTS, environment=later, code=2)
    assert "build-observation.json is of the run" in told.errors
    assert not (built.checkout / "counterseal-out" / "manifest.json").exists()
    built.counterseal("observe", "--", sys.executable, "-c", "", environment=later)
    built.counterseal("sign", *SUBJECTS, environment=later)
    steps = shown(built, built.checkout / "counterseal-out", trusted(built, tmp_path))["observation"]["steps"]
    assert len(steps) == 1


def test_an_observed_build_is_let_in_as_any_other(built: FlowWorld, tmp_path: Path) -> None:
    environment = {**built.build_run(), "SOURCE_DATE_EPOCH": EPOCH, "PATH": os.environ["PATH"]}
    for number in (1, 2):
        built.counterseal("observe", "--", sys.executable, "-c", f"print({number})", environment=environment)
    for verb in ("sbom", "sign", "candidate"):
        built.counterseal(verb, *SUBJECTS, environment=environment)
    asked = stories.ask(built, "staging")
    stories.approve_and_merge(built, asked, "alice")
    (decided,) = built.gate()["decisions"]
    assert decided["decision"]["outcome"] == "allow"
    told = shown(built, built.checkout / "counterseal-out", trusted(built, tmp_path))
    assert [step["command"][-1] for step in told["observation"]["steps"]] == ["print(1)", "print(2)"]


def test_two_builds_are_compared_likeliest_culprit_first(built: FlowWorld, tmp_path: Path) -> None:
    environment, output = run_of(built, tmp_path), built.checkout / "counterseal-out"
    signed(built, environment)
    before = shutil.copytree(output, tmp_path / "before")
    (built.checkout / "uv.lock").write_text((built.checkout / "uv.lock").read_text() + "\n# another\n")
    signed(built, {**environment, "TZ": "Asia/Tokyo", "ImageVersion": "20261108.1.0", "CI_RUNNER_VERSION": "18.6.0"})
    trust = trusted(built, tmp_path)
    told = json.loads(built.counterseal("inputs", "diff", str(before), str(output), *trust, "--format", "json").output)
    found = [(change["group"], change["name"]) for change in told["changes"]]
    image = {ForgeKind.GITHUB: "ImageVersion", ForgeKind.GITLAB: "CI_RUNNER_VERSION"}[built.kind]
    assert found[0] == ("source", "changed, not committed")
    assert [group for group, _ in found] == sorted((group for group, _ in found), key=_ORDER.index)
    assert {("lock-files", "uv.lock"), ("runner", image), ("variables", "TZ")} <= set(found)
    text = built.counterseal("inputs", "diff", str(before), str(output), *trust).output
    assert "lock files: other dependencies are built in" in text
    assert "TZ: not said → Asia/Tokyo" in text


_ORDER = [
    "source",
    "lock-files",
    "tools",
    "pipeline",
    "runner",
    "variables",
    "surroundings",
    "limits",
    "rest",
    "written",
]


def test_a_provenance_that_was_changed_is_not_shown(fresh: FlowWorld, tmp_path: Path) -> None:
    output, trust = fresh.checkout / "counterseal-out", trusted(fresh, tmp_path)
    assert shown(fresh, output, trust)["signed"]
    fresh.counterseal("inputs", "show", str(output), code=11)  # by the public instance nobody signed that
    listed = json.loads((output / "manifest.json").read_text())
    listed["inputMatrix"]["sha256"] = "0" * 64
    (output / "manifest.json").write_text(json.dumps(listed, separators=(",", ":"), sort_keys=True))
    told = fresh.counterseal("inputs", "show", str(output), *trust, code=11)
    assert "names another input matrix" in told.errors
    lines = (output / "build.intoto.jsonl").read_bytes().splitlines()
    (output / "build.intoto.jsonl").write_bytes(b"\n".join([*lines, lines[0]]))
    assert "2 provenances" in fresh.counterseal("inputs", "show", str(output), *trust, code=1).errors
    payload = json.loads(lines[0])
    payload["dsseEnvelope"]["payload"] = payload["dsseEnvelope"]["payload"][:-8] + "AAAAAAA="
    (output / "build.intoto.jsonl").write_bytes(json.dumps(payload).encode())
    fresh.counterseal("inputs", "show", str(output), *trust, code=1)


def test_worlds_are_signed_as_ever(built: FlowWorld) -> None:
    """The matrix needs nothing from anybody: no clone of a workflow, no observation, no variables."""
    worlds.sign(built)
    line = (built.checkout / "counterseal-out" / "build.intoto.jsonl").read_bytes().splitlines()[0]
    assert b"observation" not in line
