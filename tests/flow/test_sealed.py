"""What is sealed is not published yet: every publication is judged again, and the tag is read back after it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import faults, recorded, stories, worlds

from counterseal.forges import ForgeKind
from counterseal_sandbox.demo.site import TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.flow.pool import Pool
    from tests.flow.worlds import FlowWorld

    from counterseal_sandbox.http import Request, Response

pytestmark = [pytest.mark.slow, pytest.mark.forges(*ForgeKind)]

PROOF = "ledger-proof.json"


def seal(world: FlowWorld) -> None:
    """Let a production allow be recorded and sealed, and its release stay a draft."""
    stories.await_production(world)
    with faults.impatient(5.0), faults.fault(world, faults.down(), *world.hands.publishing()):
        world.gate(code=1)
    assert recorded.events(world) == ["genesis", "publication"]
    assert world.hands.draft()


@pytest.fixture
def sealed(pool: Pool, kind: ForgeKind) -> Iterator[FlowWorld]:
    """A world of its own with such an allow."""
    with pool.world(kind, worlds.sign, stories.allow_staging, seal) as found:
        yield found


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
def test_a_sealed_allow_is_judged_again(sealed: FlowWorld, change: Callable[[FlowWorld, int], None]) -> None:
    # R47, R24 | sealed or not, it is judged again before it is published
    change(sealed, stories.newest(sealed).number)
    result: Any = sealed.gate(code=10)
    assert result["published"] == []
    assert recorded.events(sealed) == ["genesis", "publication", "withdrawn"]
    assert sealed.hands.draft()
    assert PROOF not in sealed.hands.files()
    # and it stays so: another run of the branch does not take it up again
    assert json.loads(sealed.cli("gate", "--format", "json", environment=sealed.run()).output)["published"] == []


def test_a_sealed_allow_that_still_stands_is_published(sealed: FlowWorld) -> None:
    assert [each["tag"] for each in sealed.gate()["published"]] == [TAG]


def test_the_tag_moves_while_the_release_is_made_public(awaited: FlowWorld) -> None:
    # R47 | the tag is read back after the publication
    calls: list[str] = []

    def move_before(_: Request) -> Response | None:
        if not calls:
            calls.append("moved")
            move_the_tag(awaited, 0)
        return None

    with faults.fault(awaited, move_before, *awaited.hands.publishing()):
        result = awaited.counterseal("gate", environment=awaited.run(), code=10)
    assert calls == ["moved"]
    text = result.output + result.errors
    assert f"the tag {TAG} points to" in text
    assert "it is a draft again" in text
    assert recorded.events(awaited) == ["genesis", "publication", "withdrawn"]
    assert awaited.hands.draft()
    assert awaited.gate()["published"] == []


@pytest.mark.forges(ForgeKind.GITHUB)
def test_an_immutable_release_cannot_be_taken_back_and_says_so(awaited: FlowWorld) -> None:
    stories.hosted(awaited).immutable_releases = True

    def move_before(_: Request) -> Response | None:
        move_the_tag(awaited, 0)
        return None

    with faults.fault(awaited, move_before, *awaited.hands.publishing(), times=1):
        result = awaited.counterseal("gate", environment=awaited.run(), code=10)
    assert "the forge does not take it back, so delete it by hand" in result.output + result.errors
    assert recorded.events(awaited)[-1] == "withdrawn"


def test_a_proof_whose_unsigned_parts_were_changed_stops_nobody(awaited: FlowWorld) -> None:
    # a bundle verifies whatever its key id says and however its JSON is spelt
    assert awaited.gate()["published"]
    proof = json.loads(awaited.hands.read(PROOF))
    line = json.loads(proof["publication"]["line"])
    line["dsseEnvelope"]["signatures"][0]["keyid"] = "whatever"
    proof["publication"]["line"] = json.dumps(line)
    awaited.hands.upload(PROOF, json.dumps(proof, sort_keys=True, separators=(",", ":")).encode())
    result = awaited.counterseal("gate", environment=awaited.run())
    number = 4 if awaited.kind is ForgeKind.GITLAB else 3  # an own gate audited before the allow
    assert f"carries entry {number} in another envelope than the ledger" in result.errors
    assert "rewound" not in result.output + result.errors


def test_an_allow_that_another_run_withdraws_meanwhile(sealed: FlowWorld) -> None:
    # one run has read the ledger; another withdraws the allow, and by its second reading all is as it was before
    begun: list[int] = []

    def withdraw_before(_: Request) -> Response | None:
        if not begun:
            begun.append(1)
            roles, dora = stories.hosted(sealed).roles, sealed.people["dora"].id
            held = roles[dora]
            dismiss_a_person(sealed, 0)
            begun.append(sealed.cli("gate", environment=sealed.run()).exit_code)
            roles[dora] = held
        return None

    with faults.fault(sealed, withdraw_before, *sealed.hands.listing(), after=1):
        result = sealed.counterseal("gate", environment=sealed.run(), code=10)
    assert begun == [1, 10]
    assert "another run withdrew it" in result.output + result.errors
    assert recorded.events(sealed) == ["genesis", "publication", "withdrawn"]
    assert sealed.hands.draft()


def test_a_candidate_whose_sealed_allow_was_withdrawn_is_asked_for_again(sealed: FlowWorld) -> None:
    take_back(sealed, stories.newest(sealed).number)
    sealed.gate(code=10)
    asked = stories.ask(sealed, "production")
    stories.approve_and_merge(sealed, asked, "alice", "dora")
    result = sealed.gate()
    assert [each["outcome"] for each in result["decisions"]] == ["allow"]
    assert [each["tag"] for each in result["published"]] == [TAG]
    assert recorded.events(sealed) == ["genesis", "publication", "withdrawn", "publication"]


def test_the_ledger_is_deleted_before_the_publication(sealed: FlowWorld) -> None:

    def delete(_: Request) -> Response | None:
        stories.move_ledger(sealed, None)
        return None

    with faults.fault(sealed, delete, *sealed.hands.listing(), after=1, times=1):
        result = sealed.counterseal("gate", environment=sealed.run(), code=11)
    number = 3 if sealed.kind is ForgeKind.GITLAB else 2  # an own gate audited before
    assert f"entry {number} was read, and is not in the ledger any more" in result.output + result.errors
    assert sealed.hands.draft()
