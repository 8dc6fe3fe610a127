"""A world that is lent again is the one that was built: no test sees what another one did."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from tests.flow import faults, stories, worlds
from tests.flow.saved import Saved

from counterseal.forges import ForgeKind
from counterseal_sandbox.demo.site import TAG
from counterseal_sandbox.forge.accounts import Role

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flow.pool import Pool
    from tests.flow.worlds import FlowWorld

pytestmark = [pytest.mark.slow, pytest.mark.forges(*ForgeKind)]


def files(world: FlowWorld) -> dict[str, bytes]:
    """Return everything on the disk; a clone's index tells times and places of its files, too."""
    places = (place for place in world.folder.rglob("*") if place.is_file() and place.name != "index")
    return {str(place.relative_to(world.folder)): place.read_bytes() for place in places}


def seen(world: FlowWorld) -> tuple[object, ...]:
    repository = stories.hosted(world)
    changes = [(each.number, each.state, len(each.reviews)) for each in repository.changes]
    return changes, faults.refs(world), dict(repository.roles), world.hands.files(), set(world.people), files(world)


def spoil(world: FlowWorld) -> str:
    """Do what tests do: decide, lose rights, move tags, swap files, stop the clock; return a token from the forge."""
    stories.allow_staging(world)
    stories.newcomer(world, "mallory", 1666)
    stories.hosted(world).roles[world.people["dora"].id] = Role.READ
    stories.move(world, f"refs/tags/{TAG}", None)
    world.hands.upload("app-1.2.0.tar.gz", b"other bytes")
    moment = world.sandbox.forge.now()
    world.sandbox.forge.clock = lambda: moment
    world.sandbox.server.interceptors.append(lambda *_: None)
    (world.checkout / "left-behind").write_text("x")
    return world.people["mallory"].token


def test_nothing_is_left_of_the_test_before(pool: Pool, kind: ForgeKind) -> None:
    with pool.world(kind, worlds.sign) as world:
        before, address, person = seen(world), world.client.url, world.people["bob"]
        token = spoil(world)
        assert seen(world) != before
    with pool.world(kind, worlds.sign) as again:
        assert again.client.url == address, "the same one"
        assert seen(again) == before
        assert again.sandbox.server.interceptors == []
        assert again.sandbox.forge.accounts.principal(token, kind) is None
        assert again.people["bob"] == person
        stories.allow_staging(again)


def test_two_never_have_the_same(pool: Pool, kind: ForgeKind) -> None:
    with pool.world(kind, worlds.sign) as one, pool.world(kind, worlds.sign) as other:
        assert one.client.url != other.client.url
        assert one.folder != other.folder
        stories.hosted(one).roles.clear()
        assert stories.hosted(other).roles


def test_numbers_are_given_out_again(pool: Pool, kind: ForgeKind) -> None:
    with pool.world(kind, worlds.sign) as world:
        first = world.sandbox.forge.new_id()
    with pool.world(kind, worlds.sign) as world:
        assert world.sandbox.forge.new_id() == first


@pytest.mark.forges(ForgeKind.GITHUB)
def test_a_state_that_nobody_can_put_back_is_named(fresh: FlowWorld, tmp_path: Path) -> None:
    for state in (bytearray(b"x"), itertools.chain((1,)), (tmp_path / "file").open("w")):
        fresh.sandbox.forge.unknown_calls.append(state)  # type: ignore[arg-type]  # what must not be there
        with pytest.raises(TypeError, match="nobody knows whether it changes"):
            Saved(fresh.sandbox.forge)
        fresh.sandbox.forge.unknown_calls.clear()
        getattr(state, "close", int)()
