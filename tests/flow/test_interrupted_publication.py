"""Uploads and publications that end in the middle. The next run finishes them: each file, each entry once."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from tests.flow import faults, recorded, stories
from tests.flow.gitlab_hands import GitLabHands
from tests.flow.interruptions import PATIENCE, POINTS, decided, ended, held, process
from tests.flow.worlds import SUBJECTS

from counterseal.forges import DIALECTS, ForgeKind
from counterseal_sandbox.demo.site import TAG
from counterseal_sandbox.demo.world import EPOCH
from counterseal_sandbox.http import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.flow.hands import Call
    from tests.flow.worlds import FlowWorld

pytestmark = [pytest.mark.slow(seconds=4), pytest.mark.forges(*ForgeKind)]

#: Where a gate can be held while it publishes, in the order of docs/formats.md, and how many such calls come before.
PUBLICATION: dict[str, tuple[Callable[[FlowWorld], Call], int]] = {
    "after-the-push": (lambda world: world.hands.listing(), 1),
    "last-upload": (lambda world: world.hands.upload_of("SHA256SUMS"), 0),
    "sealing": (POINTS["push"], 1),
    "proof": (lambda world: world.hands.upload_of("ledger-proof.json"), 0),
    "publish": (lambda world: world.hands.publishing(), 0),
}


@pytest.mark.parametrize("point", PUBLICATION)
def test_a_gate_killed_while_it_publishes(awaited: FlowWorld, tmp_path: Path, point: str) -> None:
    path = stories.newest(awaited).path
    call, after = PUBLICATION[point]
    audits = int(point == "sealing" and awaited.kind is ForgeKind.GITLAB)  # before the allow, with a push of its own
    with held(awaited, call(awaited), after=after + audits) as hold:
        with process(awaited, "gate", environment=awaited.run()) as started:
            assert hold.reached.wait(PATIENCE)
            started.kill()
            started.wait(PATIENCE)
        hold.answer = lambda _: Response(503, b"gone\n")
    assert awaited.hands.draft()
    assert (path, "allow") in decided(awaited, tmp_path / "before")
    result = awaited.gate()
    assert [each["tag"] for each in result["published"]] == [TAG]
    assert_released(awaited)
    assert decided(awaited, tmp_path / "after").count((path, "allow")) == 1
    assert recorded.events(awaited) == ["genesis", "publication"]
    assert awaited.gate()["published"] == []


def test_an_approver_may_start_the_run_that_publishes(awaited: FlowWorld) -> None:
    """Whoever starts the run that decides is no approver of it; what is decided stays so, whoever takes it up."""
    call, after = PUBLICATION["last-upload"]
    with faults.fault(awaited, faults.status(403, "no"), *call(awaited), after=after):
        assert [each["outcome"] for each in awaited.gate(code=1)["decisions"]] == ["allow"]
    assert awaited.hands.draft()
    result = awaited.gate(event=DIALECTS[awaited.kind].by_hand, actor="alice")
    assert [each["tag"] for each in result["published"]] == [TAG]
    assert_released(awaited)


def assert_released(world: FlowWorld) -> None:
    """Check that the release is public and whole, each file once, as SHA256SUMS in it says."""
    assert not world.hands.draft()
    digests = {name: file.digest for name, file in world.hands.files().items()}
    sums = world.hands.read("SHA256SUMS").decode().splitlines()
    listed = {name: digest for digest, _, name in (line.partition("  ") for line in sums)}
    assert set(digests) - set(listed) == {"SHA256SUMS", "ledger-proof.json"}
    assert {name: digests[name] for name in listed} == listed
    wanted = {"manifest.json", "sbom.cdx.json", "counterseal.intoto.jsonl", "build.intoto.jsonl", "evidence.json"}
    assert wanted < set(listed)
    assert set(world.site.downloads()) == set(digests), "everybody can download exactly these"


@pytest.mark.forges(ForgeKind.GITLAB)
def test_a_release_that_somebody_finished_by_hand_is_not_taken_for_ours(awaited: FlowWorld) -> None:
    """Everything is sealed, GitLab fails, and bob makes a release of the tag himself, with a link of his own."""
    with faults.impatient(5.0), faults.fault(awaited, faults.down(), *awaited.hands.publishing()):
        faults.told(awaited.cli("gate", environment=awaited.run()), 1, "release v1.2.0")
    link = {"name": "app.whl", "url": "https://evil.example/app.whl"}
    mine = {"tag_name": TAG, "name": "mine", "assets": {"links": [link]}}
    GitLabHands(awaited, awaited.sandbox).call("bob", "POST", "/releases", mine)
    for _ in range(2):
        error = faults.told(awaited.cli("gate", environment=awaited.run()), 1, "its link 'app.whl' leads to")
        assert "https://evil.example/app.whl" in error
    stories.hosted(awaited).project_releases.get(TAG).links.clear()
    assert [each["tag"] for each in awaited.gate()["published"]] == [TAG]
    assert_released(awaited)
    assert recorded.events(awaited) == ["genesis", "publication"]
    assert awaited.gate()["published"] == []


@pytest.mark.forges(ForgeKind.GITLAB)
def test_a_lost_answer_to_the_release_is_no_failure(awaited: FlowWorld) -> None:

    def lose(request: Request) -> Response:
        awaited.sandbox.server._handlers[awaited.hands.api](request)
        return Response(502, b"bad gateway\n")

    with faults.impatient(5.0), faults.fault(awaited, lose, *awaited.hands.publishing(), times=1):
        assert [each["tag"] for each in awaited.gate()["published"]] == [TAG]
    assert_released(awaited)


@pytest.mark.forges(ForgeKind.GITHUB)
def test_an_upload_of_the_publication_that_stays_a_starter(awaited: FlowWorld) -> None:
    repository, account = stories.hosted(awaited), awaited.sandbox.forge.account("bob")

    def break_off(_: Request) -> Response:
        with awaited.sandbox.forge.lock:
            release = repository.releases.get(release_id)
            if all(each.name != "counterseal.intoto.jsonl" for each in release.assets):
                repository.releases.leave_starter(release, account, "counterseal.intoto.jsonl")
        return Response(502, b"upload broken off\n")

    release_id = awaited.release()["id"]
    with faults.impatient(5.0), faults.fault(awaited, break_off, faults.UPLOADS, r"name=counterseal\.intoto"):
        faults.told(awaited.cli("gate", environment=awaited.run()), 1, r"counterseal\.intoto\.jsonl of v1\.2\.0")
    assert awaited.gate()["published"][0]["tag"] == TAG
    assert_released(awaited)


@pytest.mark.forges(ForgeKind.GITHUB)
def test_a_signal_while_a_gate_publishes(awaited: FlowWorld) -> None:
    point = awaited.hands.upload_of("SHA256SUMS")
    with held(awaited, point) as hold, process(awaited, "gate", environment=awaited.run()) as started:
        assert hold.reached.wait(PATIENCE)
        started.send_signal(signal.SIGINT)
        hold.go.set()
        code, text = ended(started)
    assert code == 130, text
    assert awaited.hands.draft()
    assert awaited.gate()["published"][0]["tag"] == TAG
    assert_released(awaited)


def test_a_candidate_is_resumed_after_a_broken_upload(built: FlowWorld) -> None:
    environment = {**built.build_run(), "SOURCE_DATE_EPOCH": EPOCH}
    for verb in ("sbom", "sign"):
        built.counterseal(verb, *SUBJECTS, environment=environment)
    with held(built, built.hands.upload_of(""), after=2) as hold:
        with process(built, "candidate", *SUBJECTS, environment=environment) as started:
            assert hold.reached.wait(PATIENCE)
            started.kill()
            started.wait(PATIENCE)
        hold.answer = lambda _: Response(503, b"gone\n")
    before = {name: file.id for name, file in built.hands.files().items()}
    assert len(before) == 2
    if built.kind is ForgeKind.GITHUB:
        release = stories.hosted(built).releases.get(built.hands.candidate())
        stories.hosted(built).releases.leave_starter(release, built.sandbox.forge.account("bob"), "manifest.json")
    built.counterseal("candidate", *SUBJECTS, environment=environment)
    after = {name: file.id for name, file in built.hands.files().items()}
    assert before.items() <= after.items()
    made = {each.name for each in (built.checkout / "counterseal-out").iterdir()}
    assert set(after) == made | {name.rpartition("/")[2] for name in SUBJECTS}
    stories.allow_staging(built)
