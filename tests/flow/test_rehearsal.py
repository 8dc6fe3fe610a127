"""`sandbox --for`: the printed lines, pasted as they stand, reach an allow; the clone is only read."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests import clones

from counterseal.forges import ForgeKind
from counterseal.identifiers import POLICY_PATH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.slow(seconds=6)

#: What a shell may have that no job has and nobody else: a gate would refuse it, or it would be used in place of ours.
LEFT_OVER = {
    "COUNTERSEAL_TOKEN": "ghp_of_somebody",
    "GITHUB_REPOSITORY": "ACME/other",
    "CI_PROJECT_PATH": "acme/other",
    "GITHUB_ACTIONS": "true",
    "http_proxy": "http://127.0.0.1:9",
    "CURL_CA_BUNDLE": "/nowhere",
    "PYTHONPATH": "/nowhere",
}


@pytest.fixture
def shell(tmp_path: Path) -> Mapping[str, str]:
    """Return the environment of somebody who has this counterseal on the PATH."""
    program = tmp_path / "bin" / "counterseal"
    program.parent.mkdir()
    paths = [str(clones.ROOT / "src"), str(clones.ROOT / "sandbox" / "src")]
    start = f"import sys; sys.path[:0] = {paths!r}; from counterseal.cli.main import main; sys.exit(main())"
    program.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, "-I", "-c", start])} "$@"\n')
    program.chmod(0o755)
    (tmp_path / "tmp").mkdir()
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(tmp_path), "TMPDIR": str(tmp_path / "tmp"), "LANG": "C.UTF-8"}


@contextlib.contextmanager
def rehearsal(clone: Path, shell: Mapping[str, str], *more: str) -> Iterator[str]:
    """Give what `sandbox --for` prints, while it runs."""
    command = ["counterseal", "sandbox", "--for", str(clone), *more]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(shell), text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines: list[str] = []
        try:
            for line in process.stdout:
                lines.append(line)
                if line.startswith(("  then production", "}")):
                    break
            assert lines, process.stderr.read()
            yield "".join(lines)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)


def pasted(printed: str) -> str:
    """Return the lines to paste, as they stand."""
    return "".join(
        line for line in printed[printed.index("a first promotion") :].splitlines(True) if line[:4] == "    "
    )


def paste(
    lines: str, shell: Mapping[str, str], folder: Path, program: str = "bash"
) -> subprocess.CompletedProcess[str]:
    """Return how a shell ended that was given lines, and stops at the first that fails."""
    command, environment = [program, "-e"], {**shell, **LEFT_OVER}
    return subprocess.run(
        command, input=lines, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def state(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.forges(*ForgeKind)
def test_the_printed_lines_reach_an_allow(kind: ForgeKind, tmp_path: Path, shell: Mapping[str, str]) -> None:
    text = clones.policy(kind) + ("publish-names: true\n" if kind is ForgeKind.GITLAB else "")
    clone = clones.make(tmp_path / "a clone's", kind, text=text)
    clones.git(clone, "tag", "v1.0.0")
    clones.git(clone, "switch", "-q", "-c", "a-branch" if kind is ForgeKind.GITLAB else "trunk")
    (clone / "README.md").write_text("not committed")
    before = state(clone)
    with rehearsal(clone, shell, *(("--private",) if kind is ForgeKind.GITLAB else ())) as printed:
        assert "not committed is not in the copy" in printed
        assert f"branch {'main' if kind is ForgeKind.GITLAB else 'trunk'}\n" in printed
        done = paste(pasted(printed) + 'git -C "$copy" show HEAD:README.md\n', shell, tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        told = done.stdout
        assert "missing 1 of maintainers" in told, "the preview before the approval"
        assert "allow: ACME/app v0.0.1-rehearsal may enter staging\n" in told
        assert "1 decision · chain of 2 entries (1 genesis, 1 decision) complete and verified" in told
        assert "not committed" not in told
        copy = next((tmp_path / "tmp").glob("*/copy"))
        policy = clones.git(copy, "show", f"HEAD:{POLICY_PATH}") + "\n"
        assert policy != text
        moved = re.sub(r"/701/[0-9a-f]{32}", "/777/5d1c0a4be29f43d1b6a7c8d9e0f1a2b3", policy)
        assert moved.replace("project: 701", "project: 777") == text
        assert clones.git(copy, "tag").split() == ["v0.0.1-rehearsal", "v1.0.0"]
    assert state(clone) == before


@pytest.mark.forges(*ForgeKind)
def test_the_page_says_how_to_approve_and_merge_by_hand(
    kind: ForgeKind, tmp_path: Path, shell: Mapping[str, str]
) -> None:
    page = (clones.ROOT / "docs" / "sandbox.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    block = next(block for block in blocks if block.startswith(f"# {kind}\n"))
    with rehearsal(clones.make(tmp_path / "app", kind), shell) as printed:
        lines = re.sub(r"(?m)^    tell .*\n", "", pasted(printed))
        gate = lines.index("    ( be gate")
        done = paste(f"{lines[:gate]}( be as/bob\n{block})\n{lines[gate:]}", shell, tmp_path, "sh")
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"request [#!]2 approved by bob\n", done.stdout)


def test_nobody_signs_for_a_private_copy_whose_policy_does_not_say_so(tmp_path: Path, shell: Mapping[str, str]) -> None:
    clone = clones.make(tmp_path / "app", ForgeKind.GITHUB)
    with rehearsal(
        clone, shell, "--private", "--tag", "v9", "--build", "mkdir dist; echo 'it'\\''s' > dist/x.txt"
    ) as printed:
        done = paste(pasted(printed), shell, tmp_path)
        assert "ACME/app is private, and the transparency log is public" in done.stderr
        assert done.returncode == 2
        assert next((tmp_path / "tmp").glob("*/copy/dist/x.txt")).read_text() == "it's\n"
        script = pasted(printed)
        line = next(row for row in script.splitlines() if "git tag" in row)
        lost = paste(f"copy=\n{line}\n", shell, clone)
        assert lost.returncode != 0
        assert clones.git(clone, "tag") == "", "without the copy nothing happens in another folder"


def test_the_same_as_json(tmp_path: Path, shell: Mapping[str, str]) -> None:
    clone = clones.make(tmp_path / "app", ForgeKind.GITHUB, origin="https://example.org/somewhere/else.git")
    with rehearsal(clone, shell, "--format", "json") as printed:
        told = json.loads(printed)
        assert told["schema"] == "counterseal.rehearsal/v1"
        assert (told["repository"], told["number"], told["tag"]) == ("rehearsal/copy", 701, "v0.0.1-rehearsal")
        assert [person["login"] for person in told["people"]] == ["alice", "bob", "carol", told["asker"]]
        assert told["warnings"] == [
            "the clone came from no repository at github.com, so the copy is called rehearsal/copy"
        ]
        begin = "\n".join(told["steps"][0]["lines"])
        done = paste(f"{begin}\n( be as/alice && env )\n( be as/mallory ) || echo refused\n", shell, tmp_path)
        assert done.returncode == 0, done.stderr
        variables = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
        assert variables["GITHUB_API_URL"] == f"{told['url']}/github/api"
        assert not {*LEFT_OVER} & {*variables} - {"GITHUB_REPOSITORY"}
        assert variables["GITHUB_REPOSITORY"] == "rehearsal/copy"
        assert done.stdout.endswith("refused\n")
        assert "'mallory' is nobody of this rehearsal" in done.stderr
