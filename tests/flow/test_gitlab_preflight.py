"""What a gate of GitLab finds out before it signs: each of the four settings, named, with the page that lists them.

"Before" is meant: no certificate and no log entry is asked for, and the ledger does not move.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import worlds

from counterseal.forges import ForgeKind
from counterseal.identifiers import LEDGER_BRANCH, LEDGER_REF, page
from counterseal_sandbox import fulcio, rekor
from counterseal_sandbox.demo import world as demo_world
from counterseal_sandbox.demo.shell import Shell
from counterseal_sandbox.demo.site import MAIN, NAME
from counterseal_sandbox.forge.accounts import Role
from counterseal_sandbox.service import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.flow.worlds import FlowWorld

    from counterseal_sandbox.forge.repository import HostedRepository
    from counterseal_sandbox.http import Request

PAGE = page("how-to-gitlab.md#3-settings")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[FlowWorld]:
    """A project of GitLab with a policy, and no request."""
    (tmp_path / "home").mkdir()
    with Sandbox(tmp_path / "sandbox") as sandbox:
        shell = Shell(worlds._path(), tmp_path / "home")
        made = demo_world.make_world(shell, sandbox.url, tmp_path, worlds.EXAMPLE, ForgeKind.GITLAB)
        fields = {each.name: getattr(made, each.name) for each in dataclasses.fields(made)}
        yield worlds.FlowWorld(**fields, sandbox=sandbox)


@pytest.fixture
def signatures(world: FlowWorld) -> list[Request]:
    """Every certificate and log entry that is asked for; the list grows."""
    seen: list[Request] = []
    services = (fulcio.PREFIX, rekor.PREFIX)
    world.sandbox.server.interceptors.append(
        lambda prefix, request: seen.append(request) if prefix in services and request.method == "POST" else None
    )
    return seen


def project(world: FlowWorld) -> HostedRepository:
    return world.sandbox.forge.repository(NAME)


def gate(world: FlowWorld, *, code: int, api_token: bool = True, actor: str = "bob", verb: str = "gate") -> str:
    """Run the gate as a job of a pipeline that somebody started, and return what it said on stderr."""
    order: dict[str, Any] = {"project": NAME, "ref": MAIN, "source": "push", "actor": actor, "apiToken": api_token}
    environment = world.client.job(**order)
    return world.counterseal(verb, "--format", "json", environment=environment, code=code).errors


@pytest.mark.parametrize("verb", ["gate", "publish"])
@pytest.mark.parametrize("begun", [False, True])
def test_nothing_is_signed_where_a_setting_is_missing(
    world: FlowWorld, signatures: list[Request], begun: bool, verb: str
) -> None:
    if begun:
        assert gate(world, code=0) == ""
        assert signatures
        signatures.clear()
    before = world.ledger_tips()
    project(world).job_token_may_push = False
    error = gate(world, code=1, verb=verb)
    assert 'Settings → CI/CD → Job token permissions → "Allow Git push requests to the repository"' in error
    assert PAGE in error
    project(world).job_token_may_push = True
    error = gate(world, code=1, api_token=False, verb=verb)
    assert "COUNTERSEAL_GITLAB_TOKEN" in error
    assert "Settings → CI/CD → Variables" in error
    assert PAGE in error
    if begun:
        project(world).roles[1002] = Role.WRITE
        project(world).let_push(LEDGER_REF, Role.MAINTAIN)
        error = gate(world, code=1, verb=verb)
        assert f"Settings → Repository → Protected branches → {LEDGER_BRANCH}" in error
        assert PAGE in error
    assert (signatures, world.ledger_tips()) == ([], before)


def test_a_ledger_that_nobody_may_make_shows_at_the_first_push_only(
    world: FlowWorld, signatures: list[Request]
) -> None:
    """Before there is a branch, no token of a gate sees its rule; the line signed in vain stays with the gate."""
    project(world).let_push(LEDGER_REF, None)
    error = gate(world, code=1)
    assert f"Settings → Repository → Protected branches → {LEDGER_BRANCH}" in error
    assert PAGE in error
    assert world.ledger_tips() == {}
    assert signatures


def test_what_will_be_missed_later_is_a_warning_and_stops_nothing(world: FlowWorld) -> None:
    project(world).schedules.clear()
    project(world).protect(("refs/heads/main",))
    assert "no pipeline schedule is active on main" in gate(world, code=0)
    told = gate(world, code=0)
    assert "Build → Pipeline schedules" in told
    assert f"branch {LEDGER_BRANCH} is not protected" in told
    assert told.count(PAGE) == 2
