"""Runs pipelines of a foreign project with gitlab-ci-local and its shell executor, and says what came of them.

What gitlab-ci-local does not do is done here as GitLab does it: the variables of a job with its tokens come from the
sandbox (POST /jobs). What it does differently from GitLab is named where it matters.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.ci.act import STUBS, package_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = 240
STATE = ".gitlab-ci-local"
#: In tests the site of a forge, from which gitlab-ci-local takes files of `include: project:`, is on this machine.
SITE = "https://gitlab.com"
_RESULT = re.compile(r"^ (PASS|WARN|FAIL) +(\S+) *$", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What gitlab-ci-local said, and what the jobs left in its state folder."""

    code: int
    text: str
    state: Path

    @property
    def jobs(self) -> dict[str, str]:
        """Return the result of each job that ran: PASS, WARN (it may fail, and did), FAIL."""
        return {name: result for result, name in _RESULT.findall(self.text)}

    def log(self, job: str) -> str:
        """Return what a job printed."""
        return "\n".join(re.findall(rf"^{re.escape(job)} +> (.*)$", self.text, re.MULTILINE))

    def variables(self, job: str) -> dict[str, str]:
        """Return the variables of a job's dotenv report."""
        path = self.state / "artifacts" / job / ".gitlab-ci-reports" / "dotenv" / "counterseal.env"
        rows = path.read_text().splitlines() if path.is_file() else []
        return dict(row.split("=", 1) for row in rows)

    def artifact(self, job: str, name: str) -> Path:
        """Return the path of an artifact of a job."""
        return self.state / "artifacts" / job / name


@dataclasses.dataclass(frozen=True)
class Local:
    """gitlab-ci-local, ready to run in clones of a project.

    Attributes:
        program: Its program.
        folder: For everything that it writes outside of the clones.
        counterseal: Where git finds the repositories of the group `counterseal`.
    """

    program: Path
    folder: Path
    counterseal: str

    def run(
        self,
        clone: Path,
        *jobs: str,
        variables: Mapping[str, str] | None = None,
        options: tuple[str, ...] = (),
        file: str = ".gitlab-ci.yml",
    ) -> Outcome:
        """Return what a pipeline in a clone came to.

        Args:
            clone: The project, checked out at what the pipeline is about.
            jobs: Only these jobs; all that the rules let run if none is named.
            variables: What GitLab says of the pipeline, and the tokens of its jobs.
            options: More arguments.
            file: The pipeline file.
        """
        given = {**package_settings(os.environ), **(variables or {})}
        done = self._call(clone, *jobs, *options, "--file", file, *_variables(given))
        return Outcome(done.returncode, done.stdout + done.stderr, clone / STATE)

    def listed(
        self, clone: Path, variables: Mapping[str, str] | None = None, file: str = ".gitlab-ci.yml"
    ) -> list[dict[str, Any]]:
        """Return the jobs of a pipeline, each with when it runs."""
        done = self._call(clone, "--list-json", "--file", file, *_variables(variables or {}))
        assert done.returncode == 0, done.stderr
        jobs: list[dict[str, Any]] = json.loads(done.stdout)
        return jobs

    def refused(self, clone: Path, file: str = ".gitlab-ci.yml") -> str:
        """Return why a pipeline cannot be."""
        done = self._call(clone, "--list-json", "--file", file)
        assert done.returncode != 0, done.stdout
        return done.stdout + done.stderr

    def preview(self, clone: Path, variables: Mapping[str, str] | None = None, file: str = ".gitlab-ci.yml") -> str:
        """Return the pipeline file as it is with everything included."""
        done = self._call(clone, "--preview", "--file", file, *_variables(variables or {}))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _call(self, clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        here = Path(tempfile.mkdtemp(prefix="run-", dir=self.folder))
        _git_settings(here / ".gitconfig", self.counterseal)
        _settings(clone)
        node = shutil.which("node")
        assert node
        options = ("--no-color", "--force-shell-executor", "--shell-isolation", "--no-artifacts-to-source")
        done = subprocess.run(
            (self.program, *options, "--concurrency", "1", *arguments),
            cwd=clone,
            env={"PATH": f"{STUBS / 'bin'}:{Path(node).parent}:/usr/bin:/bin", "HOME": str(here), "TMPDIR": str(here)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        (here / "out").write_text(done.stdout + done.stderr)
        return done


def _variables(values: Mapping[str, str]) -> list[str]:
    """Return the arguments that set variables, and that ask for no warning that GitLab's own are set."""
    quiet = [f"--ignore-predefined-vars={','.join(values)}"] if values else []
    return quiet + [part for name, value in values.items() for part in ("--variable", f"{name}={value}")]


def _git_settings(path: Path, counterseal: str) -> None:
    """Let git find the group's repositories here; gitlab-ci-local also writes the port."""
    urls = "".join(f"\tinsteadOf = {site}/counterseal/\n" for site in (SITE, f"{SITE}:443"))
    path.write_text(f'[user]\n\tname = runner\n\temail = runner@runner.example\n[url "{counterseal}"]\n{urls}')


def _settings(clone: Path) -> None:
    """Tell the clone what gitlab-ci-local asks git for: the project's address, and the default branch."""
    for arguments in (
        ("remote", "set-url", "origin", f"{SITE}/acme/app.git"),
        ("remote", "set-head", "origin", "main"),
    ):
        subprocess.run(("git", *arguments), cwd=clone, capture_output=True, check=True)
    exclude = clone / ".git" / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text(f"{STATE}/\n")
