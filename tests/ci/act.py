"""Runs workflows of a foreign repository with act in host mode, and says what came of them.

What act cannot do is done here as GitHub does it: each run gets a token with the permissions of its job, and an
identity if it may have one (the sandbox's POST /runs). What it does differently from GitHub is named where it matters.
"""

from __future__ import annotations

import configparser
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).resolve().parents[2]
STUBS = Path(__file__).resolve().parent / "stubs"
STUBBED = {
    "actions/upload-artifact": "upload-artifact",
    "actions/download-artifact": "download-artifact",
    "pypa/gh-action-pypi-publish": "pypi-publish",
}
SECONDS = 180
#: Where this machine gets packages from: a workflow's job may have the same settings (a gate refuses SSL_*, *_PROXY).
_PACKAGES = re.compile(r"(PIP|UV)_[A-Z_]+")


def package_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return how pip and uv reach their index here, under names that a gate accepts."""
    variables = {name: value for name, value in environ.items() if _PACKAGES.fullmatch(name)}
    if "SSL_CERT_FILE" in environ:
        variables.setdefault("PIP_CERT", environ["SSL_CERT_FILE"])
    proxy = environ.get("HTTPS_PROXY") or environ.get("https_proxy")
    if proxy:
        variables.setdefault("PIP_PROXY", proxy)
    for path in (Path.home() / ".config" / "pip" / "pip.conf", Path("/etc/pip.conf")):
        settings = configparser.ConfigParser(interpolation=None)
        settings.read(path)
        for name in ("index-url", "extra-index-url", "find-links", "cert", "trusted-host", "proxy"):
            if value := settings.get("global", name, fallback=""):
                variables.setdefault(f"PIP_{name.upper().replace('-', '_')}", value)
    for name in [
        variable
        for variable in variables
        if variable in {"PIP_CONFIG_FILE", "UV_INDEX"} or variable.endswith("_KEYRING_PROVIDER")
    ]:
        del variables[name]
    return variables


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What act said."""

    code: int
    lines: tuple[dict[str, Any], ...]
    text: str

    @property
    def jobs(self) -> dict[str, str]:
        """Return the result of each job that ran."""
        return {line["jobID"]: line["jobResult"] for line in self.lines if "jobResult" in line}

    @property
    def log(self) -> str:
        """Return what the steps printed."""
        return "".join(str(line.get("msg", "")) for line in self.lines if line.get("raw_output"))

    @property
    def errors(self) -> list[str]:
        """Return the annotations."""
        return [str(line.get("arg", "")) for line in self.lines if line.get("command") == "error"]

    @property
    def summaries(self) -> str:
        """Return the step summaries."""
        return "\n".join(str(line.get("content", "")) for line in self.lines if line.get("command") == "summary")

    def outputs(self, step: str) -> dict[str, str]:
        """Return the outputs of a step."""
        outputs = {}
        for line in self.lines:
            if line.get("command") == "set-output" and step in (line.get("stepID") or []):
                outputs[str(line["name"])] = str(line.get("arg", ""))
        return outputs


@dataclasses.dataclass(frozen=True)
class Act:
    """act, ready to run in clones of a repository.

    Attributes:
        program: The binary.
        folder: For everything that it writes.
    """

    program: Path
    folder: Path

    def run(
        self,
        clone: Path,
        event: str,
        *,
        run: Mapping[str, str],
        payload: Mapping[str, Any] | None = None,
        workflow: str | None = None,
        job: str | None = None,
        settings: Mapping[str, str] | None = None,
        raw: tuple[str, ...] = (),
        during: Callable[[int], None] | None = None,
    ) -> Outcome:
        """Return what a run of `event` in a clone came to.

        Args:
            clone: The repository, checked out at what the run is about.
            event: Its name.
            run: The variables of the run, from the sandbox.
            payload: The event.
            workflow: Only this file below .github/workflows.
            job: Only this job (and those that it needs).
            settings: More variables, as a workflow or a runner would set them.
            raw: More arguments.
            during: Called with act's process id when it has started.
        """
        here = Path(tempfile.mkdtemp(prefix="run-", dir=self.folder))
        self.artifacts.mkdir(exist_ok=True)
        (here / "event.json").write_text(json.dumps(payload or {}))
        variables = {
            **package_settings(os.environ),
            "STUB_ARTIFACTS": str(self.artifacts),
            "STUB_PYTHON": sys.executable,
        }
        variables |= {name: value for name, value in run.items() if name != "GITHUB_TOKEN"}
        variables |= settings or {}
        _write_env(here / "variables", variables)
        _write_env(here / "secrets", {"GITHUB_TOKEN": run["GITHUB_TOKEN"]})
        command = [
            str(self.program),
            event,
            "--json",
            "--rm",
            "--no-cache-server",
            "--concurrent-jobs",
            "1",
            "--use-gitignore=false",
        ]
        command += ["-P", "ubuntu-24.04=-self-hosted", "-e", str(here / "event.json")]
        command += ["--env-file", str(here / "variables"), "--secret-file", str(here / "secrets")]
        command += ["--action-cache-path", str(here / "actions"), *_stubs(clone, run["GITHUB_SERVER_URL"]), *raw]
        command += ["-W", f".github/workflows/{workflow}"] if workflow else []
        command += ["-j", job] if job else []
        code = _finish(command, clone, here, during)
        shutil.rmtree(here / "actions", ignore_errors=True)
        text = (here / "out").read_text()
        lines = tuple(json.loads(row) for row in text.splitlines() if row.startswith("{"))
        return Outcome(code, lines, text)

    @property
    def artifacts(self) -> Path:
        """Return where the stubs of the artifact actions keep what they get."""
        return self.folder.parent / "artifacts"


def _finish(command: list[str], clone: Path, here: Path, during: Callable[[int], None] | None) -> int:
    """Run a command, with what it prints in `here`/out, and return its exit code."""
    path = f"{STUBS / 'bin'}:/usr/bin:/bin"
    with (
        (here / "out").open("w") as out,
        subprocess.Popen(
            command,
            cwd=clone,
            env={"PATH": path, "HOME": str(here)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        ) as started,
    ):
        try:
            if during:
                during(started.pid)
            return started.wait(SECONDS)
        finally:
            started.kill()


def _stubs(clone: Path, server: str) -> list[str]:
    text = "".join(path.read_text() for path in (clone / ".github" / "workflows").glob("*.yml"))
    used = sorted(set(re.findall(r"uses: ([\w-]+/[\w-]+)@([0-9a-f]{40})", text)))
    replacements = [f"{server}/{name}@{ref}={STUBS / STUBBED[name]}" for name, ref in used if name in STUBBED]
    return [part for replacement in replacements for part in ("--local-repository", replacement)]


def _write_env(path: Path, values: Mapping[str, str]) -> None:
    """Write an env file as godotenv reads it: in double quotes, with escapes."""
    quoted = {name: re.sub(r'([\\"$!`])', r"\\\1", value).replace("\n", "\\n") for name, value in values.items()}
    path.write_text("".join(f'{name}="{value}"\n' for name, value in quoted.items()))
