"""Scenarios about bytes: candidate, provenance, tag, and what is swapped before, during and after the decision."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import stories, worlds
from tests.flow.stories import ask

from counterseal.forges import ForgeKind
from counterseal.formats.wire import canonical
from counterseal.identifiers import BUILD_BUNDLES_FILE, PROVENANCE
from counterseal_sandbox.demo.site import TAG
from counterseal_sandbox.forge.accounts import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.flow.pool import Pool
    from tests.flow.stories import Asked
    from tests.flow.worlds import FlowWorld

pytestmark = [pytest.mark.slow(seconds=3), pytest.mark.forges(*ForgeKind)]

GITHUB, GITLAB = ForgeKind

DIGEST, BUILT = "digest-matches", "provenance-verified"
WHEEL = "app-1.2.0-py3-none-any.whl"
TAG_REF = f"refs/tags/{TAG}"
#: The file that the policy names as the builder, and another.
FILES = {
    GITHUB: (".github/workflows/release.yml", ".github/workflows/evil.yml"),
    GITLAB: (".gitlab-ci.yml", "evil.yml"),
}


@pytest.fixture
def asked(shared: FlowWorld) -> Asked:
    """A request for staging, approved and merged; what happens to the candidate afterwards is up to the test."""
    return staged(shared)


def staged(world: FlowWorld) -> Asked:
    made = ask(world, "staging")
    stories.approve_and_merge(world, made, "alice")
    return made


def deny(world: FlowWorld, asked: Asked, rule: str, code: str, *others: str) -> str:
    """Return what the finding says, after checking that this rule (and these others) denied, on the record."""
    result = world.gate("--request", asked.path, code=10)
    assert result["published"] == []
    assert result["decisions"][0]["fresh"]
    decision = result["decisions"][0]["decision"]
    assert stories.violated(decision) == {rule, *others}
    return stories.finding(decision, rule, code)


@pytest.fixture
def restored(shared: FlowWorld) -> Iterator[None]:
    """Give the candidate its own files back afterwards, and the tag its place."""
    tag, own = stories.hosted(shared).git.resolve(TAG_REF), shared.hands.files()
    before = {name: shared.hands.read(name) for name in own}
    yield
    stories.move(shared, TAG_REF, tag)
    after = shared.hands.files()
    for name in after.keys() - own.keys():
        shared.hands.remove(name)
    for name, file in own.items():
        if name not in after or after[name].digest != file.digest:
            shared.hands.upload(name, before[name])


# --- bytes ---------------------------------------------------------------------------------------


def test_s26_an_asset_replaced_under_its_name(shared: FlowWorld, asked: Asked, restored: None) -> None:
    # 26 | asset replaced after signing (same name) | B | deny | R05
    shared.hands.upload(WHEEL, b"evil")
    says = deny(shared, asked, DIGEST, "asset-missing")
    assert f"{WHEEL} (asset" in says


def test_s26_bytes_replaced_where_the_forge_keeps_them(shared: FlowWorld, asked: Asked) -> None:
    # 26 | asset replaced after signing (same name) | B | deny | R05 (by whoever has the forge's storage)
    stored = shared.hands.stored(WHEEL)
    good = stored.read_bytes()
    stored.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    try:
        assert f"{WHEEL} has sha256:" in deny(shared, asked, DIGEST, "asset-differs")
    finally:
        stored.write_bytes(good)


def test_an_extra_file_in_the_draft_is_not_published_with_the_rest(
    shared: FlowWorld, asked: Asked, restored: None
) -> None:
    shared.hands.upload("evil.whl", b"evil")
    assert "'evil.whl'" in deny(shared, asked, DIGEST, "asset-not-pinned")


def test_an_extra_file_that_was_even_asked_for(shared: FlowWorld, restored: None) -> None:
    shared.hands.upload("evil.whl", b"evil")
    said = stories.content(shared, "staging", requestId="with-evil")
    found = shared.hands.files()["evil.whl"]
    pin = {"id": found.id, "name": "evil.whl", "digest": found.digest}
    said["candidate"]["assets"].append(pin)
    number = stories.propose(shared, "with-evil", {stories.path_of(said): canonical(said)})
    asked = stories.Asked(number, stories.path_of(said), "with-evil")
    stories.approve_and_merge(shared, asked, "alice")
    assert "'evil.whl'" in deny(shared, asked, DIGEST, "asset-not-in-manifest")


@pytest.mark.forges(GITHUB)
def test_two_drafts_of_one_tag_are_an_error_for_whoever_asks(shared: FlowWorld) -> None:
    forge, repository = shared.sandbox.forge, stories.hosted(shared)
    second = repository.releases.create(forge.account("bob"), TAG, draft=True)
    result = shared.counterseal(
        "request", "--stage", "staging", "--tag", TAG, "--again", environment=shared.person("bob"), code=1
    )
    repository.releases.delete(second)
    assert f"{TAG} has 2 releases" in result.errors


def test_a_deleted_candidate_is_an_error_and_not_recorded(fresh: FlowWorld) -> None:
    asked = staged(fresh)
    number = fresh.hands.candidate()
    fresh.hands.delete_candidate()
    result = fresh.gate(code=1)
    assert f"the candidate ({TAG}, number {number} at the forge) cannot be read" in result["failed"][0]["error"]
    assert result["failed"][0]["request"] == asked.path
    assert result["decisions"] == []


# --- where it was built --------------------------------------------------------------------------


def test_s25_the_tag_was_moved_after_the_approval(shared: FlowWorld, asked: Asked, restored: None) -> None:
    # 25 | tag moved after approval to another commit | B | deny | R06/R24
    elsewhere = stories.write(shared, "elsewhere", "evil.txt", b"evil\n")
    stories.move(shared, TAG_REF, elsewhere)
    says = deny(shared, asked, BUILT, "tag-moved")
    assert f"the tag {TAG} points to {elsewhere[:7]}" in says


def test_the_tag_was_deleted_after_the_approval(shared: FlowWorld, asked: Asked, restored: None) -> None:
    stories.move(shared, TAG_REF, None)
    assert "points to nothing" in deny(shared, asked, BUILT, "tag-moved")


def payloads(world: FlowWorld) -> list[bytes]:
    """Return what the builder's statements say."""
    lines = world.hands.read(BUILD_BUNDLES_FILE).splitlines()
    return [base64.b64decode(json.loads(line)["dsseEnvelope"]["payload"]) for line in lines]


def sign_again(world: FlowWorld, run: Mapping[str, str]) -> Asked:
    """Let a run with another identity sign the builder's words, have them reviewed, and return the merged request."""
    signer = stories.signer(world, run)
    lines = [signer.sign_statement(each) for each in payloads(world)]
    world.hands.upload(BUILD_BUNDLES_FILE, b"\n".join(lines) + b"\n")
    return staged(world)


def test_s57_the_certificate_names_another_commit(shared: FlowWorld, restored: None) -> None:
    # 57 | provenance names reviewed C, the certificate's .13 is X | B | deny | R30
    reviewed = stories.hosted(shared).git.resolve(TAG_REF)
    evil = stories.write(shared, "unreviewed", "evil.txt", b"evil\n")
    stories.move(shared, TAG_REF, evil)
    run = shared.hands.build()
    stories.move(shared, TAG_REF, reviewed)
    asked = sign_again(shared, run)
    says = deny(shared, asked, BUILT, "revision-differs")
    assert f"built from {evil[:7]}, and the manifest names {reviewed[:7] if reviewed else ''}" in says


def test_the_run_was_for_another_tag(shared: FlowWorld, restored: None) -> None:
    stories.move(shared, "refs/tags/v0.0.1-evil", stories.hosted(shared).git.resolve(TAG_REF))
    asked = sign_again(shared, shared.hands.build(ref="refs/tags/v0.0.1-evil"))
    assert "built from refs/tags/v0.0.1-evil" in deny(shared, asked, BUILT, "ref-differs")


def test_another_workflow_of_the_repository(shared: FlowWorld, restored: None) -> None:
    own, evil = FILES[shared.kind]
    asked = sign_again(shared, shared.hands.build(workflow=evil))
    says = deny(shared, asked, BUILT, "builder-not-accepted")
    assert f"{evil}@{TAG_REF}" in says or f"{evil}, not by {own}" in says


def test_the_builder_s_workflow_on_a_branch(shared: FlowWorld, restored: None) -> None:
    stories.write(shared, "feature", "evil.txt", b"evil\n")
    asked = sign_again(shared, shared.hands.build(ref="refs/heads/feature"))
    says = deny(shared, asked, BUILT, "builder-not-accepted")
    assert "built from refs/heads/feature, and the policy names refs/tags/v*" in says


def test_the_builder_s_workflow_started_by_what_others_can_start(shared: FlowWorld, restored: None) -> None:
    event = {GITHUB: "pull_request_target", GITLAB: "trigger"}[shared.kind]
    asked = sign_again(shared, shared.hands.build(event=event))
    assert f"not by {event}" in deny(shared, asked, BUILT, "builder-not-accepted")


def test_the_gate_s_identity_is_no_builder(shared: FlowWorld, restored: None) -> None:
    # R34 | builder and gate identities are disjoint: at GitLab by their refs, since one file has both
    asked = sign_again(shared, shared.run())
    says = deny(shared, asked, BUILT, "builder-not-accepted")
    why = {
        GITHUB: "builder and gate have to be two",
        GITLAB: "built from refs/heads/main, and the policy names refs/tags/v*",
    }
    assert why[shared.kind] in says


def test_another_repository_s_run_of_the_same_name_and_tag(shared: FlowWorld, restored: None) -> None:
    other = stories.other_project(shared)
    shared.git("push", "-q", f"{shared.site.place.git}/evil/app.git", "main", TAG)
    asked = sign_again(shared, shared.hands.build(repository="evil/app"))
    says = deny(shared, asked, BUILT, "builder-not-accepted")
    assert f"it is for repository {other} (https://{shared.site.place.host}/evil/app), not for " in says


def test_a_second_statement_of_the_same_type(shared: FlowWorld, restored: None) -> None:
    run, lines = shared.hands.build(), shared.hands.read(BUILD_BUNDLES_FILE)
    provenance = next(each for each in payloads(shared) if PROVENANCE.encode() in each)
    shared.hands.upload(BUILD_BUNDLES_FILE, lines + stories.signer(shared, run).sign_statement(provenance) + b"\n")
    says = deny(shared, staged(shared), BUILT, "provenance-ambiguous", "sbom-present")
    assert "2 provenance statements, and one was expected" in says


def test_provenance_that_was_changed_after_signing(shared: FlowWorld, restored: None) -> None:
    lines = [json.loads(line) for line in shared.hands.read(BUILD_BUNDLES_FILE).splitlines()]
    for each in lines:
        data = base64.b64decode(each["dsseEnvelope"]["payload"]).replace(b"-hosted", b"-hostile")
        each["dsseEnvelope"]["payload"] = base64.b64encode(data).decode()
    shared.hands.upload(BUILD_BUNDLES_FILE, "\n".join(json.dumps(each) for each in lines).encode() + b"\n")
    result = shared.gate("--request", staged(shared).path, code=10)
    says = stories.finding(result["decisions"][0]["decision"], BUILT, "provenance-unverified")
    assert re.search(rf"{BUILD_BUNDLES_FILE} line \d", says)


# --- between decision and publication --------------------------------------------------------------


@pytest.fixture(scope="module")
def passed(pool: Pool, kind: ForgeKind) -> Iterator[FlowWorld]:
    """A world whose candidate has passed staging; whatever is allowed into production there is withdrawn again."""
    with pool.world(kind, worlds.sign, stories.allow_staging) as found:
        yield found


def withdrawn(world: FlowWorld, attack: Callable[[Asked], object], undo: Callable[[], object] = int) -> dict[str, Any]:
    """Return the decision that was allowed and taken back, because of what happened just after it was recorded."""
    asked = ask(world, "production")
    stories.approve_and_merge(world, asked, "alice", "dora")
    stories.after_push(world, lambda: attack(asked))
    result = world.counterseal("gate", "--request", asked.path, environment=world.run(), code=10)
    undo()
    assert f"withdrawn: {TAG} (production)" in result.output
    assert world.hands.draft()
    again: Any = world.gate("--request", asked.path, code=10)
    assert again["published"] == [], "what was withdrawn is not published by the next run, even if all is as it was"
    assert world.hands.draft()
    decision: dict[str, Any] = again["decisions"][0]["decision"]
    return decision


def test_s46_changes_are_requested_between_decision_and_publication(passed: FlowWorld, tmp_path: Path) -> None:
    # 46 | CHANGES_REQUESTED arrives between decision and publish | B | deny | R24
    decision = withdrawn(passed, lambda asked: passed.review("alice", asked.number, "REQUEST_CHANGES"))
    row = next(each for each in stories.log(passed, tmp_path).values() if each["decision"] == decision)
    assert (decision["outcome"], row["withdrawn"], row["published"]) == ("allow", True, False)


def test_s46_the_tag_is_moved_between_decision_and_publication(passed: FlowWorld) -> None:
    # 46 | (relative) tag moved between decision and publication
    good = stories.hosted(passed).git.resolve(TAG_REF)
    evil = stories.write(passed, "elsewhere", "evil.txt", b"evil\n")
    withdrawn(passed, lambda _: stories.move(passed, TAG_REF, evil), undo=lambda: stories.move(passed, TAG_REF, good))


def test_s46_an_asset_is_swapped_between_decision_and_publication(passed: FlowWorld) -> None:
    # 46 | (relative) asset swapped between decision and publication
    good = passed.hands.read(WHEEL)
    withdrawn(
        passed,
        lambda _: passed.hands.upload(WHEEL, b"evil"),
        undo=lambda: passed.hands.upload(WHEEL, good),
    )


def test_s46_an_approver_is_removed_between_decision_and_publication(passed: FlowWorld) -> None:
    # 46 | (relative) an approver loses the right to approve
    roles = stories.hosted(passed).roles
    withdrawn(passed, lambda _: roles.update({1010: Role.READ}), undo=lambda: roles.update({1010: Role.MAINTAIN}))


def test_s46_an_extra_file_arrives_between_decision_and_publication(passed: FlowWorld) -> None:
    # 46 | (relative) evil.whl laid beside the decided files: nothing is published until somebody has looked
    asked = ask(passed, "production")
    stories.approve_and_merge(passed, asked, "alice", "dora")
    stories.after_push(passed, lambda: passed.hands.upload("evil.whl", b"evil"))
    result = passed.counterseal("gate", "--request", asked.path, environment=passed.run(), code=1)
    passed.hands.remove("evil.whl")
    assert "asset evil.whl that nobody asked for" in result.output
    assert passed.hands.draft()
    passed.review("dora", asked.number, "REQUEST_CHANGES")
    assert "withdrawn" in passed.counterseal("publish", environment=passed.run(), code=10).output
