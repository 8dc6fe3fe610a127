"""Uploads and publications that end in the middle. The next run finishes them: each file, each entry once."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from tests.flow import faults, recorded, stories
from tests.flow.gitlab_hands import GitLabHands
from tests.flow.interruptions import PATIENCE, POINTS, decided, ended, held, merged, process
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

pytestmark = [pytest.mark.slow, pytest.mark.forges(*ForgeKind)]

#: Where a gate can be held while it publishes, in the order of docs/formats.md, and how many such calls come before.
PUBLICATION: dict[str, tuple[Callable[[FlowWorld], Call], int]] = {
    "after-the-push": (lambda world: world.hands.listing(), 1),
    "last-upload": (lambda world: world.hands.upload_of("SHA256SUMS"), 0),
    "sealing": (POINTS["push"], 1),
    "proof": (lambda world: world.hands.upload_of("ledger-proof.json"), 0),
    "publish": (lambda world: world.hands.publishing(), 0),
}


@pytest.mark.parametrize("point", PUBLICATION)
def test_a_gate_killed_while_it_publishes(fresh: FlowWorld, tmp_path: Path, point: str) -> None:
    stories.allow_staging(fresh)
    path = merged(fresh, "production")
    call, after = PUBLICATION[point]
    audits = int(point == "sealing" and fresh.kind is ForgeKind.GITLAB)  # before the allow, with a push of its own
    with held(fresh, call(fresh), after=after + audits) as hold:
        with process(fresh, "gate", environment=fresh.run()) as started:
            assert hold.reached.wait(PATIENCE)
            started.kill()
            started.wait(PATIENCE)
        hold.answer = lambda _: Response(503, b"gone\n")
    assert fresh.hands.draft()
    assert (path, "allow") in decided(fresh, tmp_path / "before")
    result = fresh.gate()
    assert [each["tag"] for each in result["published"]] == [TAG]
    assert_released(fresh)
    assert decided(fresh, tmp_path / "after").count((path, "allow")) == 1
    assert recorded.events(fresh) == ["genesis", "publication"]
    assert fresh.gate()["published"] == []


def test_an_approver_may_start_the_run_that_publishes(fresh: FlowWorld) -> None:
    """Whoever starts the run that decides is no approver of it; what is decided stays so, whoever takes it up."""
    stories.allow_staging(fresh)
    merged(fresh, "production")
    call, after = PUBLICATION["last-upload"]
    with faults.fault(fresh, faults.status(403, "no"), *call(fresh), after=after):
        assert [each["outcome"] for each in fresh.gate(code=1)["decisions"]] == ["allow"]
    assert fresh.hands.draft()
    result = fresh.gate(event=DIALECTS[fresh.kind].by_hand, actor="alice")
    assert [each["tag"] for each in result["published"]] == [TAG]
    assert_released(fresh)


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
def test_a_release_that_somebody_finished_by_hand_is_not_taken_for_ours(fresh: FlowWorld) -> None:
    """Everything is sealed, GitLab fails, and bob makes a release of the tag himself, with a link of his own."""
    stories.allow_staging(fresh)
    merged(fresh, "production")
    with faults.impatient(5.0), faults.fault(fresh, faults.down(), *fresh.hands.publishing()):
        faults.told(fresh.cli("gate", environment=fresh.run()), 1, "release v1.2.0")
    link = {"name": "app.whl", "url": "https://evil.example/app.whl"}
    mine = {"tag_name": TAG, "name": "mine", "assets": {"links": [link]}}
    GitLabHands(fresh, fresh.sandbox).call("bob", "POST", "/releases", mine)
    for _ in range(2):
        error = faults.told(fresh.cli("gate", environment=fresh.run()), 1, "its link 'app.whl' leads to")
        assert "https://evil.example/app.whl" in error
    stories.hosted(fresh).project_releases.get(TAG).links.clear()
    assert [each["tag"] for each in fresh.gate()["published"]] == [TAG]
    assert_released(fresh)
    assert recorded.events(fresh) == ["genesis", "publication"]
    assert fresh.gate()["published"] == []


@pytest.mark.forges(ForgeKind.GITLAB)
def test_a_lost_answer_to_the_release_is_no_failure(fresh: FlowWorld) -> None:
    stories.allow_staging(fresh)
    merged(fresh, "production")

    def lose(request: Request) -> Response:
        fresh.sandbox.server._handlers[fresh.hands.api](request)
        return Response(502, b"bad gateway\n")

    with faults.impatient(5.0), faults.fault(fresh, lose, *fresh.hands.publishing(), times=1):
        assert [each["tag"] for each in fresh.gate()["published"]] == [TAG]
    assert_released(fresh)


@pytest.mark.forges(ForgeKind.GITHUB)
def test_an_upload_of_the_publication_that_stays_a_starter(fresh: FlowWorld) -> None:
    stories.allow_staging(fresh)
    merged(fresh, "production")
    repository, account = stories.hosted(fresh), fresh.sandbox.forge.account("bob")

    def break_off(_: Request) -> Response:
        with fresh.sandbox.forge.lock:
            release = repository.releases.get(fresh_id)
            if all(each.name != "counterseal.intoto.jsonl" for each in release.assets):
                repository.releases.leave_starter(release, account, "counterseal.intoto.jsonl")
        return Response(502, b"upload broken off\n")

    fresh_id = fresh.release()["id"]
    with faults.impatient(5.0), faults.fault(fresh, break_off, faults.UPLOADS, r"name=counterseal\.intoto"):
        faults.told(fresh.cli("gate", environment=fresh.run()), 1, r"counterseal\.intoto\.jsonl of v1\.2\.0")
    assert fresh.gate()["published"][0]["tag"] == TAG
    assert_released(fresh)


@pytest.mark.forges(ForgeKind.GITHUB)
def test_a_signal_while_a_gate_publishes(fresh: FlowWorld) -> None:
    stories.allow_staging(fresh)
    merged(fresh, "production")
    point = fresh.hands.upload_of("SHA256SUMS")
    with held(fresh, point) as hold, process(fresh, "gate", environment=fresh.run()) as started:
        assert hold.reached.wait(PATIENCE)
        started.send_signal(signal.SIGINT)
        hold.go.set()
        code, text = ended(started)
    assert code == 130, text
    assert fresh.hands.draft()
    assert fresh.gate()["published"][0]["tag"] == TAG
    assert_released(fresh)


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
