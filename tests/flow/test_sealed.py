"""What is sealed is not published yet: every publication is judged again, and the tag is read back after it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import faults, recorded, stories
from tests.flow.interruptions import merged

from counterseal.forges import ForgeKind
from counterseal_sandbox.demo.site import TAG

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flow.worlds import FlowWorld

    from counterseal_sandbox.http import Request, Response

pytestmark = [pytest.mark.slow, pytest.mark.forges(*ForgeKind)]

PROOF = "ledger-proof.json"


def sealed(world: FlowWorld) -> int:
    """Let a production allow be recorded and sealed, and its release stay a draft; return the request's number."""
    stories.allow_staging(world)
    asked = stories.ask(world, "production")
    stories.approve_and_merge(world, asked, "alice", "dora")
    with faults.impatient(5.0), faults.fault(world, faults.down(), *world.hands.publishing()):
        world.gate(code=1)
    assert recorded.events(world) == ["genesis", "publication"]
    assert world.hands.draft()
    return asked.number


def move_the_tag(world: FlowWorld, _: int) -> None:
    stories.write(world, "main", "evil.txt", b"evil\n")
    stories.move(world, f"refs/tags/{TAG}", stories.hosted(world).branch("main"))


def take_back(world: FlowWorld, number: int) -> None:
    for login in ("alice", "dora"):
        world.hands.takes_back(login, number)


def replace_a_file(world: FlowWorld, _: int) -> None:
    world.hands.upload("app-1.2.0.tar.gz", b"other bytes")


def dismiss_a_person(world: FlowWorld, _: int) -> None:
    from counterseal_sandbox.forge.accounts import Role

    stories.hosted(world).roles[world.people["dora"].id] = Role.READ


@pytest.mark.parametrize("change", [move_the_tag, take_back, replace_a_file, dismiss_a_person])
def test_a_sealed_allow_is_judged_again(fresh: FlowWorld, change: Callable[[FlowWorld, int], None]) -> None:
    # R47, R24 | sealed or not, it is judged again before it is published
    change(fresh, sealed(fresh))
    result: Any = fresh.gate(code=10)
    assert result["published"] == []
    assert recorded.events(fresh) == ["genesis", "publication", "withdrawn"]
    assert fresh.hands.draft()
    assert PROOF not in fresh.hands.files()
    # and it stays so: another run of the branch does not take it up again
    assert json.loads(fresh.cli("gate", "--format", "json", environment=fresh.run()).output)["published"] == []


def test_a_sealed_allow_that_still_stands_is_published(fresh: FlowWorld) -> None:
    sealed(fresh)
    assert [each["tag"] for each in fresh.gate()["published"]] == [TAG]


def test_the_tag_moves_while_the_release_is_made_public(fresh: FlowWorld) -> None:
    # R47 | the tag is read back after the publication
    stories.allow_staging(fresh)
    merged(fresh, "production")
    calls: list[str] = []

    def move_before(_: Request) -> Response | None:
        if not calls:
            calls.append("moved")
            move_the_tag(fresh, 0)
        return None

    with faults.fault(fresh, move_before, *fresh.hands.publishing()):
        result = fresh.counterseal("gate", environment=fresh.run(), code=10)
    assert calls == ["moved"]
    text = result.output + result.errors
    assert f"the tag {TAG} points to" in text
    assert "it is a draft again" in text
    assert recorded.events(fresh) == ["genesis", "publication", "withdrawn"]
    assert fresh.hands.draft()
    assert fresh.gate()["published"] == []


@pytest.mark.forges(ForgeKind.GITHUB)
def test_an_immutable_release_cannot_be_taken_back_and_says_so(fresh: FlowWorld) -> None:
    stories.hosted(fresh).immutable_releases = True
    stories.allow_staging(fresh)
    merged(fresh, "production")

    def move_before(_: Request) -> Response | None:
        move_the_tag(fresh, 0)
        return None

    with faults.fault(fresh, move_before, *fresh.hands.publishing(), times=1):
        result = fresh.counterseal("gate", environment=fresh.run(), code=10)
    assert "the forge does not take it back, so delete it by hand" in result.output + result.errors
    assert recorded.events(fresh)[-1] == "withdrawn"


def test_a_proof_whose_unsigned_parts_were_changed_stops_nobody(fresh: FlowWorld) -> None:
    # a bundle verifies whatever its key id says and however its JSON is spelt
    stories.allow_staging(fresh)
    merged(fresh, "production")
    assert fresh.gate()["published"]
    proof = json.loads(fresh.hands.read(PROOF))
    line = json.loads(proof["publication"]["line"])
    line["dsseEnvelope"]["signatures"][0]["keyid"] = "whatever"
    proof["publication"]["line"] = json.dumps(line)
    fresh.hands.upload(PROOF, json.dumps(proof, sort_keys=True, separators=(",", ":")).encode())
    result = fresh.counterseal("gate", environment=fresh.run())
    number = 4 if fresh.kind is ForgeKind.GITLAB else 3  # an own gate audited before the allow
    assert f"carries entry {number} in another envelope than the ledger" in result.errors
    assert "rewound" not in result.output + result.errors


def test_an_allow_that_another_run_withdraws_meanwhile(fresh: FlowWorld) -> None:
    # one run has read the ledger; another withdraws the allow, and by its second reading all is as it was before
    sealed(fresh)
    begun: list[int] = []

    def withdraw_before(_: Request) -> Response | None:
        if not begun:
            begun.append(1)
            roles, dora = stories.hosted(fresh).roles, fresh.people["dora"].id
            held = roles[dora]
            dismiss_a_person(fresh, 0)
            begun.append(fresh.cli("gate", environment=fresh.run()).exit_code)
            roles[dora] = held
        return None

    with faults.fault(fresh, withdraw_before, *fresh.hands.listing(), after=1):
        result = fresh.counterseal("gate", environment=fresh.run(), code=10)
    assert begun == [1, 10]
    assert "another run withdrew it" in result.output + result.errors
    assert recorded.events(fresh) == ["genesis", "publication", "withdrawn"]
    assert fresh.hands.draft()


def test_a_candidate_whose_sealed_allow_was_withdrawn_is_asked_for_again(fresh: FlowWorld) -> None:
    number = sealed(fresh)
    take_back(fresh, number)
    fresh.gate(code=10)
    asked = stories.ask(fresh, "production")
    stories.approve_and_merge(fresh, asked, "alice", "dora")
    result = fresh.gate()
    assert [each["outcome"] for each in result["decisions"]] == ["allow"]
    assert [each["tag"] for each in result["published"]] == [TAG]
    assert recorded.events(fresh) == ["genesis", "publication", "withdrawn", "publication"]


def test_the_ledger_is_deleted_before_the_publication(fresh: FlowWorld) -> None:
    sealed(fresh)

    def delete(_: Request) -> Response | None:
        stories.move_ledger(fresh, None)
        return None

    with faults.fault(fresh, delete, *fresh.hands.listing(), after=1, times=1):
        result = fresh.counterseal("gate", environment=fresh.run(), code=11)
    number = 3 if fresh.kind is ForgeKind.GITLAB else 2  # an own gate audited before
    assert f"entry {number} was read, and is not in the ledger any more" in result.output + result.errors
    assert fresh.hands.draft()
