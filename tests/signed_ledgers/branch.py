"""The source branch beside a ledger: plain commits, policies that follow each other, and the merged requests."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.evidence_samples import ALICE, BOB, CAROL, DORA, LEDGER_ID, MAIN

from counterseal.formats import digests
from counterseal.identifiers import POLICY_PATH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.signed_ledgers.plan import Parameters

_POLICY: Final = """\
apiVersion: counterseal/v1
ledger: {{id: {ledger}}}
people:
  maintainers: [{maintainers}]
  security: [{{id: {dora.id}, login: {dora.login}}}]
identities:
  builder: {{github: {{workflow: .github/workflows/release.yml, refs: [refs/tags/v*]}}}}
  gate: counterseal
stages:
  staging:
    rules:
      sbom-present: {{}}
      enough-reviews: {{count: 1, from: {{maintainers: 1}}}}
  production:
    after: staging
    publish: true
    rules:
      sbom-present: {{}}
      licences-allowed: {{allow: [MIT, Apache-2.0]}}
      enough-reviews: {{count: 2, from: {{maintainers: 1, security: 1}}}}
      author-did-not-approve: {{}}
"""


@dataclass(frozen=True, slots=True)
class File:
    """A file that a commit of the branch brings: at which place on it, where, and its bytes."""

    commit: int
    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Branch:
    """What the branch became: its commits, oldest first, and the policy (sha256) at each."""

    commits: tuple[str, ...]
    policies: tuple[str, ...]


def policy(number: int) -> bytes:
    """Return the text of one policy after the other: each knows one more maintainer."""
    people = [(who.id, who.login) for who in (ALICE, BOB, CAROL)] + [(2000 + n, f"person-{n}") for n in range(number)]
    listed = ", ".join(f"{{id: {each}, login: {login}}}" for each, login in people)
    return _POLICY.format(ledger=LEDGER_ID, maintainers=listed, dora=DORA).encode()


def fast_import(repository: Path) -> list[str]:
    """Return the command that reads a stream into a repository.

    What it reads becomes a pack, however little it is, so that packs are all; and quickly, rather than small.
    """
    settings = ("-c", "fastimport.unpackLimit=1", "-c", "core.compression=1")
    return ["git", "-C", str(repository), *settings, "fast-import"]


def policy_digests(parameters: Parameters) -> list[str]:
    """Return the sha256 of each policy."""
    return [digests.sha256(policy(number)) for number in range(parameters.policies)]


def policy_at(parameters: Parameters, commit: int) -> int:
    """Return the number of the policy that the branch has at a place."""
    return commit * parameters.policies // parameters.commits


def write(repository: Path, parameters: Parameters, requests: Iterable[File]) -> Branch:
    """Make the branch in a repository.

    Args:
        repository: A bare one.
        parameters: How long the branch is, and how many policies it had.
        requests: What is merged into it beside.
    """
    stream = b"".join(_stream(parameters, requests))
    subprocess.run([*fast_import(repository), "--quiet"], input=stream, check=True)
    listed = ["git", "-C", str(repository), "rev-list", "--first-parent", "--reverse", MAIN]
    commits = tuple(subprocess.run(listed, check=True, capture_output=True, text=True).stdout.split())
    known = policy_digests(parameters)
    return Branch(commits, tuple(known[policy_at(parameters, place)] for place in range(len(commits))))


def _stream(parameters: Parameters, requests: Iterable[File]) -> Iterator[bytes]:
    """Yield the branch as `git fast-import` reads it."""
    merged: dict[int, list[File]] = defaultdict(list)
    for file in requests:
        merged[file.commit].append(file)
    begin = int(parameters.begin.timestamp())
    length = int(parameters.moment(parameters.entries - 1).timestamp()) - begin
    before = -1
    for place in range(parameters.commits):
        when, text = begin + place * length // parameters.commits, b"Change %d" % place
        yield b"commit %s\n" % MAIN.encode()
        yield b"committer Alice <alice@users.example> %d +0000\ndata %d\n%s\n" % (when, len(text), text)
        if (number := policy_at(parameters, place)) != before:
            yield _file(POLICY_PATH, policy(number))
            before = number
        if place == 0:
            yield _file(".github/workflows/promote.yml", b"name: promote\n")
        yield _file(f"src/module_{place % 97}.py", b"CHANGE = %d\n" % place)
        for file in merged[place]:
            yield _file(file.path, file.content)


def _file(path: str, content: bytes) -> bytes:
    return b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content)
