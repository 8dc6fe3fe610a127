"""Policies that cannot be used, as the maintainer sees them: in `policy check`, and in a gate whose branch has them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.flow import faults, stories, worlds

from counterseal.forges import ForgeKind
from counterseal.identifiers import POLICY_PATH
from counterseal.policy import reader as policies
from counterseal_sandbox.client import SandboxClient
from counterseal_sandbox.demo import world as demo_world
from counterseal_sandbox.demo.site import GitHubSite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.flow.worlds import FlowWorld

GOOD = demo_world.policy_text(GitHubSite(SandboxClient("http://127.0.0.1:1")), 701)

#: name → (the file, what the first line of its error says after its name)
BAD = {
    "empty": ("", r":1:1: the file is empty"),
    "unknown-key": (GOOD.replace("    after: staging", "    aftre: staging"), r":15:5: unknown key 'aftre'"),
    "unknown-rule": ("# ours\n" + GOOD.replace("enough-reviews", "enugh-reviews"), r":14:7: unknown rule"),
    "duplicate-key": (GOOD.replace("    publish: true", "    after: staging"), r":16:5: the key 'after'"),
    "anchor": (GOOD.replace("ledger: {", "ledger: &l {"), r":2:9: anchors"),
    "alias": (GOOD.replace("gate: counterseal", "gate: *l"), r":8:9: anchors"),
    "tag": (GOOD.replace("publish: true", "publish: !!bool true"), r":16:14: tags"),
    "python-tag": (GOOD.replace("gate: counterseal", "gate: !!python/object/apply:os.system [id]"), r":8:9: tags"),
    "merge-key": (GOOD + "  canary:\n    <<: {publish: true}\n", r":22:5: merge keys"),
    "second-document": (GOOD + "---\napiVersion: counterseal/v1\n", r":21:1: a second document"),
    "ten-megabytes": ("# " + "x" * (10 << 20) + "\n" + GOOD, r":1:1: 10486\d\d\d bytes are too many"),
    "deep-flow": ("[" * 100_000, r":1:33: nested too deeply"),
    "a-million-deep": ("{a: " * 1_000_000, r":1:1: 4000000 bytes are too many"),
    "deep-blocks": ("\n".join(" " * n + "a:" for n in range(60)), r":33:33: nested too deeply"),
    "not-yaml": (GOOD + "  - : [\n", r":\d+:\d+: not YAML"),
    "binary": (GOOD + "\x00", r":\d+:\d+: not YAML"),
    "an-integrity-rule": (GOOD.replace("author-did-not-approve", "digest-matches"), r":20:7: .*digest-matches"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_policy_check_names_the_place(shared: FlowWorld, tmp_path: Path, name: str) -> None:
    text, what = BAD[name]
    file = tmp_path / "policy.yml"
    file.write_text(text, encoding="utf-8")
    faults.told(
        shared.cli("policy", "check", str(file)), 2, what, fix=name in {"unknown-key", "unknown-rule", "anchor"}
    )


def test_policy_check_guesses_what_was_meant(shared: FlowWorld, tmp_path: Path) -> None:
    file = tmp_path / "policy.yml"
    for name, meant in (("unknown-key", "after"), ("unknown-rule", "enough-reviews")):
        file.write_text(BAD[name][0], encoding="utf-8")
        error = faults.told(shared.cli("policy", "check", str(file)), 2, r"policy\.yml" + BAD[name][1])
        assert meant in error.partition("fix:")[2]


def test_policy_check_without_a_policy_says_where_it_looked(shared: FlowWorld, tmp_path: Path) -> None:
    error = faults.told(shared.cli("policy", "check", folder=tmp_path), 2, r"no policy \.counterseal/policy\.yml")
    assert "--new-ledger-id" in error


def test_policy_check_of_a_policy_in_another_encoding(shared: FlowWorld, tmp_path: Path) -> None:
    file = tmp_path / "policy.yml"
    file.write_bytes(GOOD.replace("alice", "älice").encode("latin-1"))
    faults.told(shared.cli("policy", "check", str(file)), 2, r"policy\.yml:4:\d+: not UTF-8")


# --- in a gate -------------------------------------------------------------------------------


@pytest.fixture
def policy_of_branch(shared: FlowWorld) -> Iterator[FlowWorld]:
    """The shared world, whose branch gets its policy back afterwards."""
    before = stories.read(shared, POLICY_PATH)
    try:
        yield shared
    finally:
        stories.write(shared, "main", POLICY_PATH, before)


@pytest.mark.parametrize(
    "name", ["unknown-rule", "duplicate-key", "tag", pytest.param("ten-megabytes", marks=pytest.mark.slow), "deep-flow"]
)
def test_a_gate_does_not_judge_by_an_unusable_policy(policy_of_branch: FlowWorld, name: str) -> None:
    text, what = BAD[name]
    stories.write(policy_of_branch, "main", POLICY_PATH, text.encode())
    faults.refused(policy_of_branch, 2, r"policy\.yml" + what)


def test_a_gate_without_a_policy_allows_nothing(policy_of_branch: FlowWorld) -> None:
    stories.write(policy_of_branch, "main", POLICY_PATH, None)
    error = faults.refused(policy_of_branch, 2, r"no policy: \.counterseal/policy\.yml does not exist at [0-9a-f]{12}")
    assert "without a policy nothing is allowed" in error


def test_a_request_without_a_policy_says_so_before_anything_is_opened(policy_of_branch: FlowWorld) -> None:
    stories.write(policy_of_branch, "main", POLICY_PATH, None)
    before = len(list(stories.hosted(policy_of_branch).changes))
    result = policy_of_branch.cli(
        "request", "--stage", "staging", "--reason", "weekly", environment=policy_of_branch.person("bob")
    )
    faults.told(result, 2, r"no \.counterseal/policy\.yml on the default branch")
    assert len(list(stories.hosted(policy_of_branch).changes)) == before


def test_a_gate_works_again_once_the_policy_is_mended(shared: FlowWorld) -> None:
    before = stories.read(shared, POLICY_PATH)
    stories.write(shared, "main", POLICY_PATH, BAD["anchor"][0].encode())
    faults.refused(shared, 2, r"policy\.yml" + BAD["anchor"][1])
    stories.bring_policy(shared, before)
    asked = stories.ask(shared, "staging")
    stories.approve_and_merge(shared, asked, "alice")
    result = shared.gate("--request", asked.path)
    assert [each["outcome"] for each in result["decisions"]] == ["allow"]


def test_a_policy_in_the_workspace_is_not_the_gates(shared: FlowWorld) -> None:
    """Nobody approved; the workspace's policy would allow it, the protected branch's does not."""
    file = shared.checkout / POLICY_PATH
    before = file.read_text(encoding="utf-8")
    asked = stories.ask(shared, "staging")
    stories.merge(shared, asked)
    try:
        file.write_text(
            before.replace("      enough-reviews: {count: 1, from: {maintainers: 1}}\n", ""), encoding="utf-8"
        )
        shared.counterseal("policy", "check")
        result = shared.gate("--request", asked.path, code=10)
    finally:
        file.write_text(before, encoding="utf-8")
    decision = result["decisions"][0]["decision"]
    stories.finding(decision, "enough-reviews", "review-missing")
    assert (
        decision["policy"]["digest"]["sha256"]
        == json.loads(shared.counterseal("policy", "check", "--format", "json").output)["digest"]
    )
    assert decision["policy"]["ref"] == "refs/heads/main"


def of_another(policy: bytes, number: int) -> bytes:
    """Return a policy for the repository whose number has one more digit."""
    return policy.replace(b"/%d/" % number, b"/%d9/" % number).replace(
        b"project: %d" % number, b"project: %d9" % number
    )


@pytest.mark.forges(*ForgeKind)
def test_a_ledger_of_another_repository_is_refused_before_the_first_entry(built: FlowWorld) -> None:
    # R40 | the id of a ledger is (host, number, random): any other would be recorded, and never verified
    policy = stories.read(built, POLICY_PATH)
    number = stories.hosted(built).id
    worlds.sign(built)
    stories.write(built, "main", POLICY_PATH, of_another(policy, number))
    stories.approve_and_merge(built, stories.ask(built, "staging"), "alice")
    says = {
        ForgeKind.GITHUB: f"ledger.id is of repository {number}9 at github.com, and this is {number} at github.com",
        ForgeKind.GITLAB: f"the gate is of project {number}, and {number}9 is accepted",  # the policy names it twice
    }
    stories.refused(built, code=2, says=says[built.kind])
    assert built.ledger_tips() == {}


@pytest.mark.forges(*ForgeKind)
def test_policy_check_compares_the_ledger_with_the_repository(built: FlowWorld) -> None:
    file, number = built.checkout / POLICY_PATH, stories.hosted(built).id
    text = file.read_text()
    said = built.counterseal("policy", "check", environment=built.person("bob")).output
    assert "(of acme/app)" in said
    file.write_bytes(of_another(text.encode(), number))
    error = built.counterseal("policy", "check", environment=built.person("bob"), code=2).errors
    assert f"ledger.id is of repository {number}9 at {built.site.place.host}, and this is {number}" in error
    file.write_text(text.replace("5d1c" * 8, policies.EXAMPLE_RANDOM))
    error = built.counterseal("policy", "check", environment=built.person("bob"), code=2).errors
    assert "is the example of counterseal's pages" in error
    file.write_text(text)
    assert "not compared with a repository" in built.counterseal("policy", "check").output
