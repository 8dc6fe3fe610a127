"""The model of a forge: real merges, GitHub's rules about reviews, accounts that go away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from counterseal_sandbox.forge.model import Forge
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.forge.releases import stored_name

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal_sandbox.forge.accounts import Account
    from counterseal_sandbox.forge.change import Change
    from counterseal_sandbox.forge.repository import HostedRepository


@pytest.fixture
def repository(tmp_path: Path) -> HostedRepository:
    forge = Forge(tmp_path / "state")
    for login in ("alice", "bob"):
        forge.create_account(login)
    made = forge.create_repository("alice/app", collaborators={"bob": "write"})
    made.write_file("main", "shared", b"1\n", forge.account("alice"))
    return made


def forge_of(repository: HostedRepository) -> Forge:
    assert isinstance(repository.forge, Forge)
    return repository.forge


def who(repository: HostedRepository, login: str) -> Account:
    return forge_of(repository).account(login)


def opened(repository: HostedRepository, *files: str) -> Change:
    repository.move_branch("work", str(repository.branch("main")), who(repository, "bob"))
    for name in files or ("work",):
        repository.write_file("work", name, b"2\n", who(repository, "bob"))
    return repository.changes.open(who(repository, "bob"), "work", "main", title="Work", body="why")


def test_logins_and_numbers_are_as_forges_have_them(repository: HostedRepository) -> None:
    forge = forge_of(repository)
    for login in ("octo_acme", "j.doe-2", "_x", "renovate[bot]"):
        assert forge.create_account(login).login == login
    for login in ("../x", ".x", "a b", "a/b", "", "x[bot]y"):
        with pytest.raises(Refused, match="cannot be a login"):
            forge.create_account(login)
    assert forge.create_repository("alice/other", number=99).id == 99
    assert forge.create_repository("alice/next").id == repository.id + 1


def test_a_merge_commit_has_both_parents_and_the_mergers_name(repository: HostedRepository) -> None:
    change, before = opened(repository), repository.branch("main")
    commit = repository.git.commit(repository.changes.merge(change, who(repository, "alice"), "merge"))
    assert commit.parents == (before, change.head)
    assert commit.author.email == who(repository, "alice").noreply
    assert (commit.committer.name, commit.committer.email) == ("GitHub", "noreply@github.com")
    assert commit.message == "Merge pull request #1 from alice/work\n\nWork"
    assert repository.activity[-1].kind == "pr_merge"


def test_a_squash_is_one_commit_of_the_author(repository: HostedRepository) -> None:
    change, before = opened(repository, "one", "two"), repository.branch("main")
    commit = repository.git.commit(repository.changes.merge(change, who(repository, "alice"), "squash"))
    assert commit.parents == (before,)
    assert commit.author.email == who(repository, "bob").noreply
    assert commit.message == "Work (#1)"
    assert commit.tree == repository.git.commit(change.head).tree
    assert change.introduced == (commit.sha,)


def test_a_rebase_makes_new_commits_with_the_old_authors(repository: HostedRepository) -> None:
    change = opened(repository, "one", "two", "three")
    originals = repository.changes.commits(change)
    base = repository.write_file("main", "aside", b"x", who(repository, "alice"))
    repository.changes.merge(change, who(repository, "alice"), "rebase")
    made = [repository.git.commit(each) for each in change.introduced]
    assert [each.parents[0] for each in made] == [base, made[0].sha, made[1].sha]
    for new, old in zip(made, map(repository.git.commit, originals), strict=True):
        assert (new.author, new.message) == (old.author, old.message)
        assert new.committer.name == "alice"
    assert {each.path for each in repository.git.changes(base, made[-1].sha)} == {"one", "two", "three"}


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_conflict_is_not_merged(repository: HostedRepository, method: str) -> None:
    change = opened(repository, "shared")
    tip = repository.write_file("main", "shared", b"3\n", who(repository, "alice"))
    with pytest.raises(Refused, match="conflict"):
        repository.changes.merge(change, who(repository, "alice"), method)
    assert (repository.branch("main"), change.state) == (tip, "open")


def test_a_head_that_moved_is_not_merged(repository: HostedRepository) -> None:
    change = opened(repository)
    with pytest.raises(Refused, match="Head branch was modified"):
        repository.changes.merge(change, who(repository, "alice"), sha="f" * 40)
    repository.changes.merge(change, who(repository, "alice"), sha=change.head)
    with pytest.raises(Refused, match="not mergeable"):
        repository.changes.merge(change, who(repository, "alice"))


def test_nobody_approves_their_own_change(repository: HostedRepository) -> None:
    change = opened(repository)
    for event in ("APPROVE", "REQUEST_CHANGES"):
        with pytest.raises(Refused, match="your own pull request"):
            repository.changes.review(change, who(repository, "bob"), event, body="x")
    repository.changes.review(change, who(repository, "bob"), "COMMENT", body="x")


def test_runs_open_and_approve_only_where_the_setting_lets_them(repository: HostedRepository) -> None:
    change, bot = opened(repository), forge_of(repository).accounts.actions_bot
    with pytest.raises(Refused, match="not permitted"):
        repository.changes.review(change, bot, "APPROVE")
    repository.write_file("other", "x", b"x", bot)
    with pytest.raises(Refused, match="not permitted"):
        repository.changes.open(bot, "other", "main", title="t")
    repository.actions_may_approve = True
    repository.changes.review(change, bot, "APPROVE")


def test_a_push_leaves_reviews_as_they_were(repository: HostedRepository) -> None:
    change = opened(repository)
    review = repository.changes.review(change, who(repository, "alice"), "APPROVE")
    old = change.head
    repository.write_file("work", "more", b"x", who(repository, "bob"))
    assert (review.state, review.commit) == ("APPROVED", old)
    assert change.head != old


def test_only_an_opinion_can_be_dismissed(repository: HostedRepository) -> None:
    change = opened(repository)
    comment = repository.changes.review(change, who(repository, "alice"), "COMMENT", body="x")
    with pytest.raises(Refused, match="Can not dismiss a commented"):
        repository.changes.dismiss(change, comment.id, who(repository, "bob"))


def test_one_open_change_a_branch_and_something_to_merge(repository: HostedRepository) -> None:
    opened(repository)
    with pytest.raises(Refused, match="already exists"):
        repository.changes.open(who(repository, "bob"), "work", "main", title="again")
    repository.move_branch("empty", str(repository.branch("main")), who(repository, "bob"))
    with pytest.raises(Refused, match="No commits between"):
        repository.changes.open(who(repository, "bob"), "empty", "main", title="nothing")
    with pytest.raises(Refused, match="invalid head"):
        repository.changes.open(who(repository, "bob"), "none", "main", title="nothing")


def test_numbers_are_never_used_again(repository: HostedRepository) -> None:
    forge = forge_of(repository)
    first = forge.create_account("carol")
    token = forge.token("carol")
    forge.accounts.delete(first)
    second = forge.create_account("carol")
    assert second.id != first.id
    assert forge.accounts.principal(token) is None
    assert forge.accounts.by_email(first.noreply) is None


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("app-1.0.0-py3-none-any.whl", "app-1.0.0-py3-none-any.whl"),
        ("app (1).tar.gz", "app.1.tar.gz"),
        ("app~rc1.deb", "app.rc1.deb"),
        ("a b:c.txt", "a.b.c.txt"),
        (".hidden.", "hidden"),
        ("1.0+cpu_x.whl", "1.0+cpu_x.whl"),
        ("ä", "default"),
    ],
)
def test_names_of_assets_are_rewritten(name: str, stored: str) -> None:
    assert stored_name(name) == stored


def test_publishing_a_draft_makes_its_tag_if_there_is_none(repository: HostedRepository) -> None:
    releases, alice = repository.releases, who(repository, "alice")
    draft = releases.create(alice, "v1", draft=True)
    assert repository.git.resolve("refs/tags/v1") is None
    releases.update(draft, alice, {"draft": False})
    assert repository.git.resolve("refs/tags/v1") == repository.branch("main")
    second = releases.create(alice, "v1", draft=True)
    with pytest.raises(Refused, match="already_exists"):
        releases.update(second, alice, {"draft": False})


def test_what_leads_to_what_is_asked_again_while_one_of_them_is_not_there(repository: HostedRepository) -> None:
    git, alice = repository.git, who(repository, "alice")
    before = str(repository.branch("main"))
    tree = git.text("rev-parse", f"{before}^{{tree}}")
    stamp = git.commit(before).author
    absent = "0123" * 10
    assert not git.is_ancestor(before, absent)
    after = git.commit_tree(tree, [before], "next", author=stamp, committer=stamp)
    assert git.is_ancestor(before, after)
    assert not git.is_ancestor(after, before)
    repository.move_branch("main", after, alice)
    assert git.refs()["refs/heads/main"] == git.resolve("refs/heads/main") == after


def test_packed_refs_are_read_too(repository: HostedRepository) -> None:
    git = repository.git
    git.run("tag", "-a", "-m", "one", "v1", "main", GIT_COMMITTER_NAME="a", GIT_COMMITTER_EMAIL="a@b.example")
    loose = git.refs()
    git.run("pack-refs", "--all")
    assert git.refs() == loose
    assert set(loose) == {"refs/heads/main", "refs/tags/v1"}
    assert git.kind_of(loose["refs/tags/v1"]) == "tag"
    assert git.resolve("refs/tags/v1") == repository.branch("main") == loose["refs/heads/main"]
