"""`status` at both forges: one story from the candidate to its publication, told at each point on the way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import faults

from counterseal.forges import ForgeKind
from counterseal.identifiers import LEDGER_BRANCH, LEDGER_REF
from counterseal_sandbox.demo.site import TAG

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.flow.worlds import FlowWorld

BEHIND = "this clone is not what the forge has now"

pytestmark = [pytest.mark.slow(seconds=4), pytest.mark.forges(*ForgeKind)]


class Asker:
    """Somebody who asks for the status in a clone of their own, which they keep up to date."""

    def __init__(self, world: FlowWorld, folder: Path) -> None:
        self.world, self.clone, self.trust = world, folder / "clone", folder / "trust.json"
        world.git("clone", "-q", world.clone_url, str(self.clone), folder=world.folder)
        self.trust.write_text(json.dumps(world.client.trust()), encoding="utf-8")

    def fetch(self) -> None:
        self.world.git("pull", "-q", folder=self.clone)
        if LEDGER_REF in self.world.ledger_tips():
            self.world.git("fetch", "-q", "origin", LEDGER_BRANCH, folder=self.clone)

    def says(self, *arguments: str, form: str = "text", environment: Mapping[str, str] | None = None) -> str:
        options = ("--folder", str(self.clone), "--trust", str(self.trust), "--sandbox", "--format", form)
        given = self.world.person("carol") if environment is None else environment
        return self.world.counterseal("status", *arguments, *options, environment=given).output

    def knows(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Any:
        return json.loads(self.says(*arguments, form="json", environment=environment))


def has(known: Any) -> dict[str, str | None]:
    """Return the tag that each stage has."""
    return {stage["name"]: stage["has"] and stage["has"]["decision"]["source"]["tag"] for stage in known["stages"]}


def codes(asked: Any) -> list[str]:
    """Return what an open request lacks, by code."""
    return [lack["finding"]["code"] for lack in asked["lacks"]]


def waits(known: Any) -> tuple[int, int, int, int]:
    """Return how many candidates, open requests, merged ones and denials there are."""
    return (len(known["candidates"]), len(known["requests"]), len(known["merged"]), len(known["denied"]))


def test_a_story_is_told_at_each_point(fresh: FlowWorld, tmp_path: Path) -> None:
    asker = Asker(fresh, tmp_path)
    check_candidate(asker)
    check_denied(asker)
    check_asked_again(asker)
    check_published(asker)
    check_way(asker)
    check_without_a_token(asker)


def check_candidate(asker: Asker) -> None:
    """A candidate waits, and no gate ran yet."""
    known = asker.knows()
    assert (has(known), waits(known)) == ({"staging": None, "production": None}, (1, 0, 0, 0))
    assert (known["entries"], known["candidates"][0]["tag"], known["candidates"][0]["passed"]) == (None, TAG, [])
    assert known["unseen"] == []


def check_denied(asker: Asker) -> None:
    """A request waits for approvals, then, merged without one, for a gate; then it is denied."""
    world = asker.world
    number = world.request("staging", "the first")
    known, before = asker.knows(), faults.refs(world)
    assert waits(known) == (1, 1, 0, 0)
    (asked,) = known["requests"]
    assert (asked["number"], asked["tag"], asked["stage"], asked["inside"]) == (number, TAG, "staging", True)
    assert codes(asked) == ["review-missing"]
    assert asked["lacks"][0]["fix"] == "have one of maintainers (alice, carol) approve it before the merge"
    assert asked["lacks"][0]["fix"] in asker.says()
    assert (faults.refs(world), world.hands.comments(number)) == (before, []), "it only reads"
    world.merge("bob", number)
    assert BEHIND in asker.says(), "the clone does not have the merge"
    asker.fetch()
    known = asker.knows()
    assert (waits(known), known["unseen"]) == ((1, 0, 1, 0), [])
    assert (known["merged"][0]["tag"], known["merged"][0]["reason"]) == (TAG, "the first")
    world.gate(code=10)
    assert BEHIND in asker.says()
    asker.fetch()
    known = asker.knows()
    assert (waits(known), known["unseen"]) == ((1, 0, 0, 1), [])
    assert known["denied"][0]["decision"]["outcome"] == "deny"
    assert "enough-reviews: 0 of 1 required approvals" in asker.says()


def check_asked_again(asker: Asker) -> None:
    """A second request takes the place of the denial; approved, it lacks nothing, and is allowed."""
    world = asker.world
    number = world.request("staging", "the second", "--again")
    assert waits(asker.knows()) == (1, 1, 0, 0)
    world.review("alice", number)
    assert codes(asker.knows()["requests"][0]) == []
    assert "lacks nothing that shows before the merge" in asker.says()
    world.merge("bob", number)
    world.gate()
    asker.fetch()
    known = asker.knows()
    assert (has(known), waits(known)) == ({"staging": TAG, "production": None}, (1, 0, 0, 0))
    assert known["candidates"][0]["passed"] == ["staging"]


def check_published(asker: Asker) -> None:
    """The last stage publishes; then nothing waits any more."""
    world = asker.world
    number = world.request("production", "the third")
    (asked,) = asker.knows()["requests"]
    assert codes(asked) == ["review-missing", "nobody-else"]
    for login in ("alice", "dora"):
        world.review(login, number)
    world.merge("bob", number)
    world.gate()
    asker.fetch()
    known = asker.knows()
    assert (has(known), waits(known)) == ({"staging": TAG, "production": TAG}, (0, 0, 0, 0))
    assert (known["stages"][1]["has"]["published"], known["unseen"]) == (True, [])
    assert BEHIND not in asker.says()


def check_way(asker: Asker) -> None:
    """Check what is told of the tag in the end."""
    whole = asker.knows(TAG)
    steps = [step.get("decision", {}).get("outcome", step["kind"]) for step in whole["steps"]]
    assert steps == ["deny", "allow", "allow", "publication"]
    assert [release["draft"] for release in whole["releases"]] == [False]
    # GitLab's gate is the project's own, and audits at 3, before the allow that publishes
    numbers = [1, 2, 4, 5] if asker.world.kind is ForgeKind.GITLAB else [1, 2, 3, 4]
    assert [step["sequence"] for step in whole["steps"]] == numbers
    text = asker.says(f"refs/tags/{TAG}")
    places = [text.index(each) for each in ("the first", "the second", "the third", "published · ")]
    assert places == sorted(places)
    for form in ("text", "markdown"):
        assert "SANDBOX" in asker.says(TAG, form=form)


def check_without_a_token(asker: Asker) -> None:
    """The ledger is told as before, and what is missing is said."""
    nobody = {name: value for name, value in asker.world.person("carol").items() if not name.endswith("_TOKEN")}
    alone = asker.knows(TAG, environment=nobody)
    assert (len(alone["steps"]), alone["releases"]) == (4, [])
    assert [gap["what"] for gap in alone["unseen"]] == ["candidates and open requests: no token for the forge"]
    overview = asker.knows(environment=nobody)
    assert has(overview) == {"staging": TAG, "production": TAG}
    assert (overview["candidates"], overview["requests"]) == (None, None)


def test_a_tag_that_nothing_names(shared: FlowWorld, tmp_path: Path) -> None:
    asker = Asker(shared, tmp_path)
    options = ("--folder", str(asker.clone), "--trust", str(asker.trust), "--sandbox")
    result = shared.cli("status", "v9.9.9", *options, environment=shared.person("carol"))
    faults.told(result, 2, "nothing is known about 'v9.9.9'")


def test_another_repository_is_not_taken_for_the_clones(shared: FlowWorld, tmp_path: Path) -> None:
    asker, role = Asker(shared, tmp_path), "developer" if shared.kind is ForgeKind.GITLAB else "write"
    other = shared.sandbox.forge.create_repository("acme/other", kind=shared.kind, collaborators={"carol": role})
    other.write_file("main", "README.md", b"x", shared.sandbox.forge.account("carol"))
    named = {key: value.replace("acme/app", "acme/other") for key, value in shared.person("carol").items()}
    known = asker.knows(environment=named)
    assert (known["candidates"], known["requests"]) == (None, None)
    assert "ledger.id is of repository" in known["unseen"][-1]["what"]
