"""A ledger that nobody can append to any more is followed by a new one, which says so; who pinned the old one stops."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.flow import stories
from tests.flow.stories import ask

from counterseal.forges import ForgeKind
from counterseal.identifiers import LEDGER_BRANCH, POLICY_PATH

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flow.worlds import FlowWorld

    from counterseal_sandbox.demo.shell import ProcessResult

pytestmark = [pytest.mark.slow(seconds=7), pytest.mark.forges(*ForgeKind)]

NEW = "f00d" * 8


class Auditor:
    """Somebody with a clone, who fetches whatever the forge shows."""

    def __init__(self, world: FlowWorld, folder: Path) -> None:
        self.world, self.clone, self.trust = world, folder / "clone", folder / "trust.json"
        world.git("clone", "-q", world.clone_url, str(self.clone), folder=world.folder)
        self.trust.write_text(json.dumps(world.client.trust()), encoding="utf-8")

    def log(self, *arguments: str, code: int = 0, form: str = "text") -> ProcessResult:
        self.world.git("pull", "-q", folder=self.clone)
        spec = f"+{LEDGER_BRANCH}:refs/remotes/origin/{LEDGER_BRANCH}"
        self.world.git("fetch", "-q", "origin", spec, folder=self.clone)
        options = ("--folder", str(self.clone), "--trust", str(self.trust), "--sandbox", "--format", form)
        return self.world.counterseal("log", *arguments, *options, code=code)


def succeed(world: FlowWorld, old: str, sequence: int, head: str) -> str:
    """Let a policy be merged whose ledger is a new one that follows the old; return the new one's id."""
    new = f"{old.rpartition('/')[0]}/{NEW}"
    policy = stories.read(world, POLICY_PATH).decode()
    assert f"id: {old}" in policy
    before = f"{{id: {old}, sequence: {sequence}, head: {head}}}"
    stories.write(
        world, "main", POLICY_PATH, policy.replace(f"id: {old}", f"id: {new}, predecessor: {before}").encode()
    )
    return new


def publish(world: FlowWorld) -> None:
    stories.allow_staging(world)
    stories.await_production(world)
    assert [each["tag"] for each in world.gate()["published"]] == ["v1.2.0"]


def test_a_new_ledger_follows_one_that_is_lost(fresh: FlowWorld, tmp_path: Path) -> None:
    publish(fresh)
    auditor = Auditor(fresh, tmp_path)
    old = json.loads(auditor.log("verify", form="json").output)
    assert old["follows"] is None
    name, last, head = old["ledger"], old["entries"] - 1, old["head"]
    auditor.log("verify", "--ledger", name)

    stories.move_ledger(fresh, None)  # and nobody has a copy
    stories.merge(fresh, ask(fresh, "staging", "after all was lost"))
    stories.refused(fresh, code=11, says="release v1.2.0 proves an entry")

    succeed(fresh, name, 0, "0" * 64)
    stories.refused(fresh, code=11, says="the ledger that this one follows is longer than the policy says")
    stories.write(
        fresh,
        "main",
        POLICY_PATH,
        stories.read(fresh, POLICY_PATH).replace(
            f"sequence: 0, head: {'0' * 64}".encode(), f"sequence: {last}, head: {head}".encode()
        ),
    )
    fresh.gate(code=10)

    said = json.loads(auditor.log("verify", form="json").output)
    assert said["ledger"].endswith(NEW)
    assert said["follows"] == {"id": name, "sequence": last, "head": head}
    assert f"it follows the ledger {name}, which ended with entry {last}, head {head}" in auditor.log("verify").output
    stopped = auditor.log("verify", "--ledger", name, code=11).errors
    assert f"the ledger {name} was succeeded by {said['ledger']}" in stopped
    assert f"it ended with entry {last}, head {head}" in stopped
    auditor.log("--ledger", said["ledger"])
    unknown = f"{name[:-4]}0000"
    assert f"not {unknown}" in auditor.log("--ledger", unknown, code=11).errors
    assert "is not in this ledger" in auditor.log("verify", "--since-head", head, code=11).errors
    repaired = fresh.counterseal("log", "repair", environment=fresh.person("alice"))
    assert "nothing to repair" in repaired.output


def test_a_release_of_another_ledger_than_the_pinned_one(fresh: FlowWorld, tmp_path: Path) -> None:
    publish(fresh)
    (tmp_path / "release").mkdir()
    names = ("app-1.2.0-py3-none-any.whl", "ledger-proof.json")
    for name in names:
        (tmp_path / "release" / name).write_bytes(fresh.hands.read(name))
    trust = tmp_path / "trust.json"
    trust.write_text(json.dumps(fresh.client.trust()), encoding="utf-8")
    ledger = json.loads(Auditor(fresh, tmp_path).log("verify", form="json").output)["ledger"]
    host = "github.com" if fresh.kind is ForgeKind.GITHUB else "gitlab.com"
    gate = (
        ()
        if fresh.kind is ForgeKind.GITHUB
        else (
            "--gate-identity",
            "https://gitlab.com/acme/app//.gitlab-ci.yml@refs/heads/main",
            "--gate-issuer",
            f"{fresh.sandbox.url}/gitlab",
        )
    )
    file = str(tmp_path / "release" / names[0])
    asked = (
        "verify",
        file,
        "--stage",
        "production",
        "--repository",
        f"{host}/acme/app",
        *gate,
        "--trust",
        str(trust),
        "--sandbox",
    )
    assert fresh.counterseal(*asked, "--ledger", ledger).output.startswith("verified: ")
    other = f"{ledger[:-4]}0000"
    refused = fresh.counterseal(*asked, "--ledger", other, code=11)
    assert f"it is recorded in the ledger {ledger}, not in {other}" in refused.output + refused.errors
