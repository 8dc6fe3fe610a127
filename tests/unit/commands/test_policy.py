"""What `policy check` sees beside the grammar of a policy: its people, its files, and what the forge says of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.unit.gate.memory import POLICY, Forge

from counterseal import policy as policies
from counterseal.adapters.git.clone import GitClone
from counterseal.commands import policy, policy_people
from counterseal.errors import PolicyError, ServiceError, UsageError
from counterseal.evaluation.rules import RULES as RULES_TABLE
from counterseal.identifiers import POLICY_PATH
from counterseal.model import Actor, Permission
from counterseal.policy.reader import EXAMPLE_RANDOM

BOTH = b"{id: 1001, login: alice}, {id: 1002, login: bob}, {id: 1003, login: carol}"
#: How long a hold lasts, where nobody could end one.
LASTS = b"emergency: {hold: 5h}\n"
RULES = b"enough-reviews: {count: 1, from: {maintainers: 1}}"


class Members(Forge):
    """A forge where these logins are these numbers."""

    def __init__(self, **accounts: int) -> None:
        super().__init__()
        self.accounts = accounts

    def actor(self, login: str) -> Actor:
        if login not in self.accounts:
            raise ServiceError(f"account {login}: GitHub refused")
        return Actor("github.com", self.accounts[login], login)


EVERYBODY = {"alice": 1001, "bob": 1002, "carol": 1003, "dora": 1010}


def check(folder: Path, content: bytes = POLICY, forge: Forge | None = None) -> policy.PolicyCheck:
    path = folder / POLICY_PATH
    path.parent.mkdir(parents=True)
    path.write_bytes(content)

    def here() -> tuple[str, str]:
        if forge is None:
            raise UsageError("which repository?")
        return "github.com", "acme/app"

    return policy.check(path, here=here, forge=lambda: forge or Forge(), clone=GitClone)


def test_a_number_under_two_logins_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"account 1001 is alice in maintainers and dora in security") as caught:
        check(tmp_path, POLICY.replace(b"1010", b"1001"))
    assert "gh api users/dora --jq .id" in caught.value.fix


def test_a_login_under_two_numbers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="alice is account 1001 in maintainers and 1010 in security"):
        check(tmp_path, POLICY.replace(b"login: dora", b"login: alice"))


def test_a_login_that_has_another_number_at_the_forge_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="alice's account is 50001, and the policy lists 1001") as caught:
        check(tmp_path, forge=Members(**EVERYBODY | {"alice": 50001}))
    assert caught.value.fix == "if that is the same person: {id: 50001, login: alice}"


def test_who_could_not_be_compared_is_said(tmp_path: Path) -> None:
    accounts = {login: number for login, number in EVERYBODY.items() if login != "dora"}
    assert any("dora was not compared" in warning for warning in check(tmp_path, forge=Members(**accounts)).warnings)


def test_a_file_that_is_not_in_the_checkout_is_warned_of(tmp_path: Path) -> None:
    (warning,) = (word for word in check(tmp_path).warnings if "checkout" in word)
    assert ".github/workflows/release.yml" in warning
    file = tmp_path / "again" / ".github" / "workflows" / "release.yml"
    file.parent.mkdir(parents=True)
    file.touch()
    assert not any("checkout" in word for word in check(tmp_path / "again").warnings)


@pytest.mark.parametrize(
    ("people", "said"),
    [
        (b"{id: 1001, login: alice}", "alice cannot ask for staging"),
        (BOTH, ""),
    ],
)
def test_a_stage_that_one_of_the_people_cannot_ask_for_is_warned_of(tmp_path: Path, people: bytes, said: str) -> None:
    warnings = check(tmp_path, POLICY.replace(BOTH, people) + LASTS).warnings
    told = [warning for warning in warnings if "staging" in warning]
    assert told == [] if not said else said in told[0]


def test_a_policy_of_one_person_lets_nobody_ask(tmp_path: Path) -> None:
    alone = b"""\
apiVersion: counterseal/v1
ledger: {id: github.com/777/0123456789abcdef0123456789abcdef}
people:
  maintainers: [{id: 1001, login: alice}]
identities:
  builder: {github: {workflow: .github/workflows/release.yml, refs: [refs/tags/v*]}}
  gate: counterseal
stages:
  staging: {rules: {enough-reviews: {count: 1}}}
"""
    warnings = check(tmp_path, alone + LASTS).warnings
    assert "nobody whom the policy names can ask for staging" in warnings[0]
    assert warnings[1] == (
        "one person is listed, and it takes 2 beside whoever holds to end a hold before its time; so a hold ends by "
        "time alone, after at most 5 hours, as the policy says"
    )


def test_a_ledger_id_says_where_the_number_is() -> None:
    with pytest.raises(UsageError) as caught:
        policy.new_ledger_id("github.com/acme/app", bytes)
    assert "gh api repos/acme/app --jq .id" in caught.value.fix


def test_the_policy_of_the_page_is_usable_once_it_has_an_id_of_its_own(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to-github.md").read_text(encoding="utf-8")
    block = page.partition("## 4. The policy")[2].partition("```yaml\n")[2].partition("```")[0]
    with pytest.raises(PolicyError, match="is the example of counterseal's pages"):
        check(tmp_path / "as-it-stands", block.encode())
    own = block.replace(EXAMPLE_RANDOM, "0123456789abcdef0123456789abcdef")
    checked = check(tmp_path / "own", own.encode())
    assert [word for word in checked.warnings if "checkout" not in word] == []


# --- tags ------------------------------------------------------------------------------------


def warned(folder: Path, workflow: str, *tags: str) -> list[str]:
    """Return what is said of tags and triggers in a clone with a release workflow."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / ".github" / "workflows" / "release.yml"
    file.parent.mkdir(parents=True)
    file.write_text(workflow, encoding="utf-8")
    me = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    for call in (("init", "-q"), (*me, "commit", "-q", "--allow-empty", "-m", "x"), *(("tag", tag) for tag in tags)):
        subprocess.run(("git", "-C", str(folder), *call), check=True)
    return [word for word in check(folder).warnings if "tag" in word or "started" in word or "starts" in word]


@pytest.mark.parametrize(
    "on",
    [
        "on: push",
        "on: [push, workflow_dispatch]",
        "on:\n  push:",
        'on:\n  push:\n    tags: ["v*"]',
        'on:\n  push:\n    tags: ["v[0-9]+.[0-9]+.[0-9]+"]',
        "on:\n  push:\n    tags: ['**']",
        "on:\n  push:\n    branches: [main]\n    tags: [v1.*, '!v1.0']",
        "on:\n  push:\n    tags-ignore: [nightly]",
        "on: workflow_call",
    ],
)
def test_a_workflow_that_tags_start_is_fine(tmp_path: Path, on: str) -> None:
    assert warned(tmp_path, f"{on}\njobs: {{}}\n", "v1.0.0") == []


@pytest.mark.parametrize(
    ("on", "said"),
    [
        ("on: pull_request", "no push of a tag starts .github/workflows/release.yml"),
        ("on:\n  push:\n    branches: [main]", "no push of a tag starts .github/workflows/release.yml"),
        ("on:\n  workflow_dispatch:", "no push of a tag starts .github/workflows/release.yml"),
        ("on:\n  push:\n    tags: [release-*]", "release.yml is started by the tags release-*, and the policy accepts"),
        ("on: {", ".github/workflows/release.yml cannot be read ("),
    ],
)
def test_a_workflow_that_no_accepted_tag_starts_is_warned_of(tmp_path: Path, on: str, said: str) -> None:
    (warning,) = warned(tmp_path, f"{on}\njobs: {{}}\n", "v1.0.0")
    assert said in warning


def test_tags_of_another_form_than_the_policy_s_are_warned_of(tmp_path: Path) -> None:
    (warning,) = warned(tmp_path, "on: push\n", "1.9.0", "1.10.0")
    assert warning == ("none of the 2 tags of this clone fits v*, which builds are accepted of (newest: 1.10.0)")
    assert warned(tmp_path / "new", "on: push\n") == [], "a clone without tags has nothing to compare"


# --- holds -----------------------------------------------------------------------------------


class Roles(Members):
    """A forge where people may do this, and the gate takes at least that to start."""

    def __init__(self, least: Permission = Permission.WRITE, **roles: Permission | None) -> None:
        super().__init__(**EVERYBODY)
        self.least, self.roles = least, roles

    def least_to_start(self) -> Permission:
        return self.least

    def permission(self, actor: Actor) -> Permission:
        may = self.roles.get(actor.login, Permission.WRITE)
        if may is None:
            raise ServiceError(f"permission of {actor.login}: GitHub refused")
        return may


def of_holds(found: policy.PolicyCheck) -> list[str]:
    return [word for word in found.warnings if "hold" in word]


def test_who_could_not_start_a_hold_is_named(tmp_path: Path) -> None:
    forge = Roles(alice=Permission.TRIAGE, bob=Permission.ADMIN, dora=None)
    assert of_holds(check(tmp_path, forge=forge)) == [
        "alice could not hold or revoke anything: that takes write access, and theirs is triage",
        "whether dora could hold a stage was not seen: permission of dora: GitHub refused",
    ]


def test_who_may_not_merge_at_gitlab_could_not_either() -> None:
    own = POLICY.replace(b"github.com/777", b"gitlab.com/777").replace(
        b"github: {workflow: .github/workflows/release.yml", b"gitlab: {file: .gitlab-ci.yml"
    )
    own = own.replace(
        b"gate: counterseal", b"gate: {gitlab: {file: .gitlab-ci.yml, ref: refs/heads/main, project: 777}}"
    )
    loaded = policies.load(own, rules=RULES_TABLE)
    forge = Roles(Permission.MAINTAIN, alice=Permission.MAINTAIN)
    told = list(policy_people.check_starters(loaded, "gitlab.com", forge))
    assert [word.split()[0] for word in told] == ["bob", "carol", "dora"]
    assert all("which maintainers have" in word and "Protected branches" in word for word in told)


TWO = POLICY.replace(BOTH, b"{id: 1001, login: alice}")  # and dora


def test_a_policy_that_leaves_nobody_to_end_a_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="nobody could end a hold before its time") as caught:
        check(tmp_path, TWO)
    assert caught.value.why == "2 people are listed, and it takes 2 beside whoever holds to end a hold before its time"
    assert "emergency: {hold: 24h}" in caught.value.fix
    assert caught.value.exit_code == 2
    with pytest.raises(PolicyError, match="nobody could end a hold"):
        check(tmp_path / "empty", TWO + b"emergency: {}\n")


def test_unless_it_says_how_long_one_lasts(tmp_path: Path) -> None:
    (told,) = of_holds(check(tmp_path, TWO + LASTS))
    assert "after at most 5 hours, as the policy says" in told


def test_the_same_person_in_two_groups_is_one(tmp_path: Path) -> None:
    twice = POLICY.replace(BOTH, b"{id: 1001, login: alice}, {id: 1010, login: dora}")
    with pytest.raises(PolicyError, match="nobody could end a hold"):
        check(tmp_path, twice)
    three = POLICY.replace(BOTH, b"{id: 1001, login: alice}, {id: 1002, login: bob}")
    assert of_holds(check(tmp_path / "three", three)) == []


def test_who_may_not_write_ends_no_hold(tmp_path: Path) -> None:
    few = Roles(alice=Permission.READ, bob=Permission.TRIAGE)
    with pytest.raises(PolicyError, match="nobody could end a hold") as caught:
        check(tmp_path, forge=few)
    assert "2 people are listed who may write" in caught.value.why
    told = of_holds(check(tmp_path / "said", POLICY + LASTS, forge=few))
    assert "2 people are listed who may write" in told[-1]
    unknown = Roles(alice=Permission.READ, bob=Permission.TRIAGE, carol=None)
    assert all("who may write" not in word for word in of_holds(check(tmp_path / "unknown", forge=unknown)))
