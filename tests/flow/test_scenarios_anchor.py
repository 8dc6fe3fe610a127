"""Scenarios about released proofs: no file that somebody lays beside a release stops the gates of the others (R54)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.flow import recorded, stories, worlds
from tests.flow.gitlab_hands import GitLabHands

from counterseal.forges import ForgeKind
from counterseal.identifiers import POLICY_PATH
from counterseal.ledger.entry import MAX_PROOF

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.flow.pool import Pool
    from tests.flow.worlds import FlowWorld

pytestmark = [pytest.mark.slow, pytest.mark.forges(*ForgeKind)]

PROOF = "ledger-proof.json"


@pytest.fixture(scope="module")
def world(pool: Pool, kind: ForgeKind) -> Iterator[FlowWorld]:
    """A world with a release."""
    with pool.world(kind, worlds.sign, stories.allow_staging, stories.await_production) as found:
        assert found.gate()["published"]
        yield found


def warned(world: FlowWorld) -> str:
    """Return what a gate without anything to do warns of."""
    return world.counterseal("gate", "--stage", "canary", environment=world.run()).errors


def test_a_proof_that_is_too_large(world: FlowWorld) -> None:
    with stories.later(world), world.hands.other_release("v9.9.9", PROOF, b" " * (MAX_PROOF + 1)):
        assert f"{PROOF} of v9.9.9 proves nothing and was passed over" in warned(world)


def test_a_proof_signed_where_the_branch_had_no_usable_policy(world: FlowWorld) -> None:
    # any workflow with a token can sign something at such a commit: a builder at a tag there, to begin with
    policy = stories.read(world, POLICY_PATH)
    stories.write(world, "main", POLICY_PATH, b"apiVersion: counterseal/v0\n")
    signer = stories.signer(world, world.run())
    stories.write(world, "main", POLICY_PATH, policy)
    forged = json.loads(world.hands.read(PROOF))
    forged["publication"]["line"] = signer.sign_statement(json.dumps(recorded.statements(world)[-1]).encode()).decode()
    with stories.later(world), world.hands.other_release("v9.9.9", PROOF, json.dumps(forged).encode()):
        assert f"{PROOF} of v9.9.9 proves nothing and was passed over" in warned(world)


@pytest.mark.forges(ForgeKind.GITLAB)
def test_a_second_file_of_the_proof_s_name(world: FlowWorld) -> None:
    # whoever may upload to the registry may add a file to a package that is released already
    hands = GitLabHands(world, world.sandbox)
    hands.upload_beside(PROOF, b"{}")
    try:
        assert f"{PROOF} of v1.2.0 proves nothing and was passed over" in warned(world)
    finally:
        hands.remove(PROOF)
