"""`status` in a world in memory: what it tells, what it leaves out and says so, and that nobody can hide anything."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from tests import evidence_samples as samples
from tests.evidence_samples import ALICE, BOB, DORA, HEAD, MERGE, TAG, revision
from tests.unit.gate.memory import POLICY, World

from counterseal.commands import status
from counterseal.errors import LedgerError, LimitError, ServiceError, UsageError
from counterseal.gate import deciding, preview
from counterseal.gate import ledger as ledgers
from counterseal.gate.publication import publishing
from counterseal.identifiers import POLICY_PATH
from counterseal.model import PromotionRequest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from counterseal.commands.status import Clone, Status, Way
    from counterseal.model import Release

SECOND, THIRD = revision("2ec0d00"), revision("3bd0000")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def clone(world: World) -> Clone:
    head = ledgers.branch_tip(world.source)
    reader = ledgers.open_reader(world.source, head, samples.TRUST, world.sigstore, home=samples.REPOSITORY)
    return status.read(reader, world.store, samples.NOW)


def now(world: World) -> Status:
    here = clone(world)
    return status.now(here, status.look(world.sources(), world.store, here))


def way(world: World, tag: str = TAG) -> Way:
    here = clone(world)
    return status.way(here, status.look(world.sources(), world.store, here, tag), tag)


def alone(world: World) -> Status:
    return status.now(clone(world), status.nothing(UsageError("no token")))


def has(known: Status) -> dict[str, int | None]:
    """Return the entry that let in what each stage has."""
    return {state.name: state.known.sequence if state.known else None for state in known.stages}


def decide(world: World) -> None:
    assert deciding.run(world.gate()).failed == ()


def flood(world: World, numbers: Sequence[int], *paths: str) -> None:
    """Let somebody open change requests from a fork."""
    for number in numbers:
        world.forge.changes[number] = dataclasses.replace(
            samples.CHANGE, number=number, merged=False, merged_at=None, merge_revision=None
        )
        world.forge.files[number] = paths
        world.forge.outside.add(number)


# --- how things are ----------------------------------------------------------------------------


def test_before_the_first_gate_a_candidate_waits_and_nothing_is_missing(world: World) -> None:
    known = now(world)
    assert has(known) == {"staging": None, "production": None}
    assert known.candidates is not None
    assert [(each.release.tag, each.passed) for each in known.candidates] == [(TAG, ())]
    assert (known.opened, known.merged, known.denied, known.proven.entries) == ((), (), (), None)
    assert known.unseen == ()


def test_a_clone_without_a_ledger_is_said_where_the_forge_may_have_one(world: World) -> None:
    gap, _ = alone(world).unseen
    assert (gap.what, gap.why.endswith("if no gate ran yet, that is right")) == ("no ledger here", True)
    here = clone(world)
    world.ask("staging")
    decide(world)
    gaps = status.now(here, status.look(world.sources(), world.store, here)).unseen
    assert [gap.what for gap in gaps] == ["no ledger here", "this clone is not what the forge has now"]


def test_what_an_open_request_lacks_is_what_the_preview_says(world: World) -> None:
    world.ask("production", ALICE, merge="")
    known = now(world)
    assert known.opened is not None
    (asked,) = known.opened
    assert asked.preview is not None
    assert asked.preview == dataclasses.replace(preview.run(world.sources(), world.store, 18), compared=None)
    assert list(world.work.iterdir()) == []
    assert (world.forge.comments, world.store.lines()) == ({}, [])


def test_a_merged_request_waits_for_a_gate_and_then_does_not(world: World) -> None:
    path = world.ask("staging", ALICE)
    (merged,) = now(world).merged
    assert (merged.path, merged.revision, merged.strays) == (path, MERGE, 0)
    assert isinstance(merged.content, PromotionRequest)
    assert (merged.content.candidate.tag, merged.content.reason) == (TAG, "fixes #16")
    decide(world)
    known = now(world)
    assert (known.merged, has(known)) == ((), {"staging": 1, "production": None})
    assert known.candidates is not None
    assert known.candidates[0].passed == ("staging",)


def test_files_that_are_no_requests_wait_too(world: World) -> None:
    world.source.add(MERGE, **{"promotions/readme.md": b"x", "promotions/staging/b.txt": b"y"})
    (merged,) = now(world).merged
    assert (merged.strays, merged.content) == (2, None)


def test_a_request_that_says_nothing_is_told_by_its_path(world: World) -> None:
    path = f"promotions/staging/{'ab' * 32}.1.json"
    world.source.add(MERGE, **{path: b"{"})
    (merged,) = now(world).merged
    assert (merged.path, merged.content) == (path, None)


def test_a_deny_is_told_until_somebody_asks_again(world: World) -> None:
    world.ask("staging")
    decide(world)
    assert [known.sequence for known in now(world).denied] == [1]
    world.ask("staging", merge="")
    assert now(world).denied == ()
    assert [known.sequence for known in alone(world).denied] == [1], "without a token nobody sees the second request"
    del world.forge.changes[19]
    world.ask("staging", merge=SECOND)
    assert now(world).denied == ()
    decide(world)
    assert [known.sequence for known in now(world).denied] == [2], "only the last one"


def test_a_stage_that_was_entered_later_has_no_denial(world: World) -> None:
    world.ask("staging")
    decide(world)
    world.ask("staging", ALICE, merge=SECOND)
    decide(world)
    known = now(world)
    assert (known.denied, has(known)["staging"]) == ((), 2)


def test_a_release_that_was_withdrawn_is_in_no_stage(world: World) -> None:
    world.ask("staging", ALICE)
    decide(world)
    world.ask("production", ALICE, DORA, merge=SECOND)
    decide(world)
    assert has(now(world)) == {"staging": 1, "production": 2}
    world.forge.readers = {DORA.key}
    publishing.run(world.gate())
    known = now(world)
    assert has(known) == {"staging": 1, "production": None}
    assert [(each.sequence, each.withdrawn) for each in known.denied] == [(2, True)]


def test_a_stage_that_the_policy_dropped_is_told_as_long_as_it_has_something(world: World) -> None:
    world.ask("staging", ALICE)
    decide(world)
    world.source.add(SECOND, **{POLICY_PATH: POLICY.replace(b"staging", b"canary")})
    known = now(world)
    assert [(state.name, state.listed) for state in known.stages] == [
        *(("canary", True), ("production", True), ("staging", False))
    ]


# --- what could not be seen --------------------------------------------------------------------


def test_without_a_token_what_was_decided_is_told(world: World) -> None:
    world.ask("staging", ALICE)
    decide(world)
    known = alone(world)
    assert (has(known)["staging"], known.candidates, known.opened) == (1, None, None)
    assert [gap.what for gap in known.unseen] == ["candidates and open requests: no token"]


def test_a_part_that_the_forge_does_not_give_is_said(world: World) -> None:
    def refuse() -> Sequence[Release]:
        raise ServiceError("no drafts", why="why", fix="fix")

    world.assets.drafts = refuse  # type: ignore[method-assign]
    world.ask("staging", merge="")
    known = now(world)
    assert (known.candidates, len(known.opened or ())) == (None, 1)
    assert "no drafts" in [gap.what for gap in known.unseen]


def test_one_change_that_cannot_be_read_stops_nothing_else(world: World) -> None:
    world.ask("staging", merge="")
    flood(world, [40], "README")
    honest = world.forge.changed_files

    def refuse(number: int) -> Sequence[str]:
        if number == 40:
            raise LimitError("files of #40: 5000")
        return honest(number)

    world.forge.changed_files = refuse  # type: ignore[method-assign]
    known = now(world)
    assert [asked.change.number for asked in known.opened or ()] == [18]
    assert "files of #40: 5000" in [gap.what for gap in known.unseen]


def test_a_change_with_two_requests_is_told_with_what_is_wrong(world: World) -> None:
    world.ask("staging", merge="")
    world.forge.files[18] = ("promotions/a", "promotions/b", "README")
    (asked,) = now(world).opened or ()
    assert (asked.paths, asked.preview) == (("promotions/a", "promotions/b"), None)
    assert asked.problem is not None
    assert asked.problem.what == "#18 adds 2 promotion requests"


def test_the_forge_of_another_repository_is_not_asked(world: World) -> None:
    here = clone(world)
    other = dataclasses.replace(here, policy=dataclasses.replace(here.policy, ledger_id="github.com/778/aa"))
    known = status.now(other, status.look(world.sources(), world.store, other))
    assert (known.candidates, known.opened, world.forge.asked) == (None, None, [])
    assert "ledger.id is of repository 778" in known.unseen[-1].what


def test_a_clone_that_is_behind_is_said(world: World) -> None:
    world.ask("staging", ALICE)
    decide(world)
    here = clone(world)
    behind = "this clone is not what the forge has now"
    assert behind not in [gap.what for gap in status.look(world.sources(), world.store, here).unseen]
    world.ask("production", merge=SECOND)
    decide(world)
    assert behind in [gap.what for gap in status.look(world.sources(), world.store, here).unseen]


def test_a_branch_that_is_ahead_of_the_clone_is_said(world: World) -> None:
    here = clone(world)
    world.source.add(SECOND, README=b"more")
    unseen = status.look(world.sources(), world.store, here).unseen
    assert [gap.what for gap in unseen] == ["this clone is not what the forge has now"]


def test_a_broken_ledger_is_no_gap_but_an_error(world: World) -> None:
    world.ask("staging", ALICE)
    decide(world)
    here = clone(world)
    world.ask("production", merge="")
    newest = world.store.commits(1)[0]
    world.store.made[newest.id] = dataclasses.replace(newest, tree="0" * 40)
    with pytest.raises(LedgerError):
        status.look(world.sources(), world.store, here)
    with pytest.raises(LedgerError):
        clone(world)


# --- many ----------------------------------------------------------------------------------------


def test_requests_of_forks_hide_none_of_the_repository(world: World) -> None:
    world.ask("staging", merge="")
    flood(world, range(100, 500), "promotions/staging/x.json")
    known = now(world)
    assert known.opened is not None
    assert [asked.change.number for asked in known.opened[:2]] == [18, 499]
    assert len(known.opened) == status.MOST


def test_what_is_left_out_is_counted(world: World) -> None:
    flood(world, range(100, 220), "README")
    known = now(world)
    assert known.opened == ()
    assert "20 open change requests were not looked into" in [gap.what for gap in known.unseen]
    flood(world, range(220, 2600), "README")
    assert "1900 or more open change requests were not looked into" in [gap.what for gap in now(world).unseen]


def test_at_most_fifty_of_each_kind_are_told(world: World) -> None:
    for number in range(60):
        world.source.add(revision(f"5{number:02}"), **{f"promotions/staging/{'ab' * 32}.{number}.json": b"{"})
        world.assets.create_draft(f"v2.{number}", "x")
    known = now(world)
    assert (len(known.merged), len(known.candidates or ())) == (50, 50)
    assert known.more == {"candidates": 11, "merged": 10, "denied": 0}


def test_thousands_of_merged_requests_are_counted_and_not_read(world: World) -> None:
    files = {f"promotions/staging/{'ab' * 32}.{number}.json": b"{" for number in range(3000)}
    world.source.add(SECOND, **files)
    known = now(world)
    assert (len(known.merged), known.more["merged"]) == (50, 2950)
    assert [gap.what for gap in way(world).unseen] == ["2800 more merged requests were not read"]


# --- one tag -------------------------------------------------------------------------------------


def test_the_way_of_a_tag_is_in_the_order_of_its_time(world: World) -> None:
    world.ask("staging")
    decide(world)
    world.ask("staging", ALICE, merge=SECOND)
    decide(world)
    world.ask("production", ALICE, DORA, merge=THIRD)
    decide(world)
    publishing.run(world.gate())
    world.ask("production", merge="", author=BOB)
    known = way(world)
    assert [step.entry.link.sequence for step in known.recorded] == [1, 2, 3, 4]
    assert [release.draft for release in known.releases] == [False]
    assert ([asked.change.number for asked in known.opened], known.merged) == ([21], ())


def test_a_deny_whose_candidate_nobody_could_read_is_on_the_way_too(world: World) -> None:
    manifest = next(asset for asset in world.release.assets if asset.name == "manifest.json")
    world.assets.bytes[manifest.id] = b"evil"
    world.ask("staging", ALICE)
    decide(world)
    (step,) = way(world).recorded
    assert step.entry.link.sequence == 1
    with pytest.raises(UsageError):
        way(world, "v9.9.9")


def test_a_tag_that_nothing_names_is_a_mistake_of_the_call(world: World) -> None:
    with pytest.raises(UsageError, match=r"nothing is known about 'v9\.9\.9'") as caught:
        way(world, "v9.9.9")
    assert caught.value.why == "no candidate, request or decision names it"


def test_what_waits_for_a_gate_is_on_the_way(world: World) -> None:
    world.ask("staging", ALICE)
    known = way(world)
    assert ([request.revision for request in known.merged], known.recorded) == ([MERGE], ())


def test_an_open_request_that_cannot_be_judged_is_said(world: World) -> None:
    world.ask("staging", merge="")
    world.source.heads[18] = (HEAD, {next(iter(world.forge.files[18])): b"{"})
    known = way(world)
    assert (known.opened, len(known.releases)) == ((), 1)
    assert known.unseen[-1].what.startswith("change request 18: ")
