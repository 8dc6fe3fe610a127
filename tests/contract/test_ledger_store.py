"""The contract of the port `LedgerStore`: the one adapter of it, over the git of each forge, with a gate's token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.world import refused

from counterseal.adapters.git.ledger import GitLedgerStore
from counterseal.forges import forge_host
from counterseal.identifiers import MIRROR_BRANCH, MIRROR_REF, NOTES_REF, page
from counterseal.wiring.ports import Wiring
from counterseal_sandbox.forge.accounts import Role
from counterseal_sandbox.forge.jobs import JobOrder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.world import GitLabWorld, World

    from counterseal.model import StoredLedger
    from counterseal.ports import LedgerStore
    from counterseal_sandbox.http import Request

NOTE = "0123456789abcdef" * 2 + "01234567"
LINE = b'{"a": "line", "with": "\xc3\xa4"}'


def ledger(world: World, folder: Path, token: str, **more: Any) -> GitLedgerStore:
    site = world.api.partition("/api")[0]
    return GitLedgerStore(f"{site}/git/{world.name}.git", folder, token=token, **more)


def append(store: LedgerStore, line: bytes = LINE, note: str = NOTE) -> StoredLedger:
    base = store.fetch()
    assert store.push(base, note, line, "0 genesis")
    return store.fetch()


def refs(world: World) -> tuple[str | None, str | None]:
    found = world.repository.git.refs()
    return found.get(NOTES_REF), found.get(MIRROR_REF)


class LedgerStoreContract:
    """A subclass has the fixtures `world`, `store` (with a gate's token) and `other` (the same, another copy)."""

    def test_a_ledger_that_nobody_began_is_empty(self, store: LedgerStore) -> None:
        assert store.tips() == (None, None)
        stored = store.fetch()
        assert (stored.notes, stored.mirror, tuple(stored.lines)) == (None, None, ())

    def test_an_append_moves_both_refs_to_one_commit(self, world: World, store: LedgerStore) -> None:
        stored = append(store)
        assert [(each.note, each.line) for each in stored.lines] == [(NOTE, LINE)]
        assert (stored.notes, stored.mirror) == refs(world) == store.tips()
        assert stored.notes == stored.mirror
        assert world.repository.git.text("notes", f"--ref={NOTES_REF}", "list").split()[1] == NOTE

    def test_an_append_has_the_one_before_as_its_only_parent(self, world: World, store: LedgerStore) -> None:
        first = append(store)
        second = append(store, b"{}")
        assert second.notes is not None
        assert world.repository.git.commit(second.notes).parents == (first.notes,)
        assert [each.line for each in second.lines] == [LINE, b"{}"]

    def test_the_slower_of_two_is_told_to_look_again(self, store: LedgerStore, other: LedgerStore) -> None:
        base = other.fetch()
        before = append(store)
        assert other.push(base, NOTE, b'{"b": 1}', "late") is False
        assert other.fetch() == before
        assert other.push(other.fetch(), NOTE, b'{"b": 1}', "again")
        assert [each.line for each in store.fetch().lines] == [LINE, b'{"b": 1}']

    def test_a_push_books_who_made_it_as_pushing_the_mirror(self, world: World, store: LedgerStore) -> None:
        append(store)
        assert [each.ref for each in world.repository.activity if each.ref == MIRROR_REF] == [MIRROR_REF]

    def test_asking_whether_a_push_is_taken_pushes_nothing(self, world: World, store: LedgerStore) -> None:
        stored, before = append(store), world.repository.git.refs()
        seen: list[Request] = []
        world.sandbox.server.interceptors.append(lambda _, request: seen.append(request))
        store.check_push()
        services = {(each.method, each.query.get("service")) for each in seen}
        assert services == {("GET", "git-receive-pack")}
        assert world.repository.git.refs() == before
        assert store.fetch() == stored

    def test_a_short_trouble_passes_when_asking(self, world: World, store: LedgerStore) -> None:
        from counterseal_sandbox.http import Response

        asked = world.answer("/info/refs", Response(502), times=1)
        store.check_push()
        assert len(asked) == 1

    def check_refused(self, world: World, store: LedgerStore, token: str, *texts: str) -> None:
        """Check that both the question and the push are refused with these texts, and nothing has moved."""
        base, before = store.fetch(), world.repository.git.refs()
        for call in (store.check_push, lambda: store.push(base, NOTE, LINE, "0 genesis")):
            error = refused(call, token)
            for text in texts:
                assert text in error.fix
        assert world.repository.git.refs() == before


class TestGitHubLedger(LedgerStoreContract):
    @pytest.fixture
    def store(self, world: World, tmp_path: Path) -> GitLedgerStore:
        return ledger(world, tmp_path / "one.git", world.token())

    @pytest.fixture
    def other(self, world: World, tmp_path: Path) -> GitLedgerStore:
        return ledger(world, tmp_path / "other.git", world.token())

    def test_a_token_that_may_only_read(self, world: World, tmp_path: Path) -> None:
        token = world.token(contents="read")
        self.check_refused(world, ledger(world, tmp_path / "one.git", token), token, "contents: write")


class TestGitLabLedger(LedgerStoreContract):
    @pytest.fixture
    def world(self, gitlab_world: GitLabWorld) -> GitLabWorld:
        gitlab_world.repository.job_token_may_push = True
        return gitlab_world

    def by_job(self, world: GitLabWorld, folder: Path, login: str = "alice") -> tuple[GitLedgerStore, str]:
        """Return a store with the token of a job of a pipeline that somebody started, as `Wiring` makes it."""
        token = world.job(login)
        return ledger(world, folder, token, user="gitlab-ci-token", push_options=("ci.skip",)), token

    @pytest.fixture
    def store(self, world: GitLabWorld, tmp_path: Path) -> GitLedgerStore:
        return self.by_job(world, tmp_path / "one.git")[0]

    @pytest.fixture
    def other(self, world: GitLabWorld, tmp_path: Path) -> GitLedgerStore:
        return self.by_job(world, tmp_path / "other.git", "bob")[0]

    def test_each_push_asks_for_no_pipeline_and_a_question_asks_for_nothing(
        self, world: GitLabWorld, store: GitLedgerStore
    ) -> None:
        store.check_push()
        assert world.repository.git.push_options() == []
        append(store)
        assert world.repository.git.push_options() == ["ci.skip"]
        append(store, b"{}")
        assert world.repository.git.push_options() == ["ci.skip"] * 2

    def test_a_job_of_gitlab_is_wired_so(self, world: GitLabWorld, tmp_path: Path) -> None:
        order = {"project": world.name, "ref": "refs/heads/main", "source": "push", "actor": "alice"}
        environ = world.sandbox._jobs.start(JobOrder.from_json(order))
        wiring = Wiring(environ)
        place = forge_host(wiring.environment().run().issuer)
        append(wiring._ledger_store(place, world.name, tmp_path))
        assert world.repository.git.push_options() == ["ci.skip"]
        assert world.repository.activity[-1].account == 1001

    # --- what is refused ------------------------------------------------------------

    def test_a_project_that_lets_no_job_push(self, world: GitLabWorld, tmp_path: Path) -> None:
        world.repository.job_token_may_push = False
        setting = 'Settings → CI/CD → Job token permissions → "Allow Git push requests to the repository"'
        self.check_refused(
            world, *self.by_job(world, tmp_path / "one.git"), setting, page("how-to-gitlab.md#3-settings")
        )

    def test_who_started_the_pipeline_may_not_push_at_all(self, world: GitLabWorld, tmp_path: Path) -> None:
        world.repository.roles[1002] = Role.TRIAGE
        self.check_refused(world, *self.by_job(world, tmp_path / "one.git", "bob"), "role Developer")

    def test_a_job_of_another_project_may_not_push_here(self, world: GitLabWorld, tmp_path: Path) -> None:
        other = type(world)(world.sandbox)
        token = other.job()
        store = ledger(world, tmp_path / "one.git", token, user="gitlab-ci-token")
        self.check_refused(world, store, token)

    def test_a_jobs_token_goes_with_its_name(self, world: GitLabWorld, tmp_path: Path) -> None:
        token = world.job()
        store = ledger(world, tmp_path / "one.git", token)
        assert "give the job's token the right" in refused(store.check_push, token).fix

    @pytest.mark.parametrize("least", [Role.MAINTAIN, None])
    def test_a_mirror_that_is_shut_names_the_branch_and_its_setting(
        self, world: GitLabWorld, tmp_path: Path, least: Role | None
    ) -> None:
        """Only a push shows it: the question is about the token, and sends no ref."""
        store, token = self.by_job(world, tmp_path / "one.git", "bob")
        for began in (False, True):
            if began:
                world.repository.let_push(MIRROR_REF, Role.WRITE)
                append(store)
            world.repository.let_push(MIRROR_REF, least)
            store.check_push()
            base, before = store.fetch(), world.repository.git.refs()
            error = refused(lambda: store.push(base, NOTE, b"{}", "later"), token)  # noqa: B023 - called at once
            assert f"Protected branches → {MIRROR_BRANCH} → Allowed to push and merge" in error.fix
            assert page("how-to-gitlab.md#3-settings") in error.fix
            assert ("push code to" if began else "create") in error.why
            assert world.repository.git.refs() == before, "the notes did not move without the mirror"

    def test_a_maintainers_pipeline_may_push_where_a_developers_may_not(
        self, world: GitLabWorld, tmp_path: Path
    ) -> None:
        world.repository.let_push(MIRROR_REF, Role.MAINTAIN)
        append(self.by_job(world, tmp_path / "one.git", "alice")[0])
