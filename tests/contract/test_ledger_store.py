"""The contract of the port `LedgerStore`: its one adapter, on a bare repository and over the git of each forge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest
from tests.contract.world import refused
from tests.unit import git_remotes as remotes
from tests.unit.git_ledgers import next_commit, plain_commit
from tests.unit.ledger_lines import Book, book, identifier

from counterseal.adapters.git.ledger import GitLedgerStore
from counterseal.errors import LedgerError, ServiceError
from counterseal.forges import forge_host
from counterseal.identifiers import LEDGER_BRANCH, LEDGER_REF, NOTES_REF, page
from counterseal.ledger import keys
from counterseal.wiring.ports import Wiring
from counterseal_sandbox.forge.accounts import Role
from counterseal_sandbox.forge.jobs import JobOrder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.world import GitLabWorld, World

    from counterseal.ports import LedgerSource, LedgerStore
    from counterseal_sandbox.http import Request


class Place(Protocol):
    """Where a ledger lies, as plain git sees it."""

    def git(self, *arguments: str) -> str:
        """Return what a git command prints there."""


class Folder:
    """A bare repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def git(self, *arguments: str) -> str:
        return remotes.git(self.folder, *arguments)


class Hosted:
    """A repository of the sandbox's forge."""

    def __init__(self, world: World) -> None:
        self.world = world

    def git(self, *arguments: str) -> str:
        return self.world.repository.git.text(*arguments).strip()


def ledger(world: World, folder: Path, token: str, **more: Any) -> GitLedgerStore:
    site = world.api.partition("/api")[0]
    return GitLedgerStore(f"{site}/git/{world.name}.git", folder, token=token, **more)


def refs(place: Place) -> dict[str, str]:
    lines = place.git("for-each-ref", "--format=%(refname) %(objectname)").split("\n")
    return dict(line.split(" ") for line in lines if line)


class LedgerStoreContract:
    """A subclass has the fixtures `place`, `store` (with a gate's token) and `other` (the same, another copy)."""

    def test_a_ledger_that_nobody_began_is_empty(self, store: LedgerStore) -> None:
        assert (store.tip(), store.commits(7), store.commits(None)) == (None, [], [])
        assert Book(store).tip().size == 0

    def test_an_append_moves_branch_and_notes_to_one_commit(self, place: Place, store: LedgerStore) -> None:
        pushed = store.push(plain_commit(b"a line\n", "0 genesis"))
        assert (pushed.taken, pushed.warning) == (True, "")
        found = refs(place)
        assert found[LEDGER_REF] == found[NOTES_REF] == pushed.commit == store.tip()
        assert place.git("notes", f"--ref={NOTES_REF}", "show", keys.key("entry", "one")) == "a line"
        assert place.git("log", "-1", "--format=%s", LEDGER_REF) == "0 genesis"

    def test_commits_are_given_newest_first_as_they_were_pushed(self, place: Place, store: LedgerStore) -> None:
        book(store, 3)
        listed = place.git("rev-list", LEDGER_REF).split()
        for source in (store, store):
            for most in (1, 3, None):
                found = source.commits(most)
                assert [commit.id for commit in found] == listed[:most]
        assert [commit.parents for commit in store.commits(None)] == [*((name,) for name in listed[1:]), ()]
        assert [commit.since_audit for commit in store.commits(None)] == [3, 2, 1, 0]

    def test_objects_are_given_by_id_or_not_at_all(self, store: LedgerStore, other: LedgerStore) -> None:
        commit = plain_commit(b"\0\xc3 line")
        assert store.push(commit).taken
        for source in (store, other):
            for name, (_, content) in commit.objects.items():
                assert source.objects([name]) == {name: content}
            assert source.objects(commit.objects).keys() == commit.objects.keys()
            assert source.objects([]) == {}
            with pytest.raises(ServiceError):
                source.objects([commit.line, "5" * 40])

    def test_what_one_writes_another_reads(self, place: Place, store: LedgerStore, other: LedgerStore) -> None:
        written = book(store, 2)
        read = Book(other)
        read.entries = list(written.entries)
        assert read.tip().find(identifier("1")) == written.entries[-1]
        read.publish("0")
        read.audit()
        read.decide("2")
        source: LedgerSource = store
        whole = written.reader.read_whole(source)
        assert [entry.line for entry in whole.entries] == [entry.line for entry in read.entries]
        assert written.tip().find(identifier("2")) == read.entries[-1]
        assert place.git("fsck", "--full", "--strict", "--no-dangling") == ""

    def test_the_slower_of_two_is_told_to_read_again(
        self, place: Place, store: LedgerStore, other: LedgerStore
    ) -> None:
        written, slow = book(store, 1), Book(other)
        late = next_commit(slow, "late")
        written.decide("first")
        before = refs(place)
        assert not other.push(late).taken
        assert refs(place) == before
        with pytest.raises(LedgerError, match="recorded already"):
            next_commit(slow, "first")
        assert other.push(next_commit(slow, "late")).taken
        assert [entry.link.entry_id for entry in written.reader.read_whole(store).entries][1:] == [
            identifier(name) for name in ("0", "first", "late")
        ]

    def test_the_first_of_two_begins_a_ledger(self, store: LedgerStore, other: LedgerStore) -> None:
        assert store.push(plain_commit(b"one")).taken
        assert not other.push(plain_commit(b"other")).taken
        (found,) = other.commits(None)
        assert other.objects([str(found.line)]) == {found.line: b"one"}

    def test_a_branch_that_was_deleted_is_not_made_again(self, place: Place, store: LedgerStore) -> None:
        late = next_commit(book(store, 1), "late")
        place.git("update-ref", "-d", LEDGER_REF)
        assert not store.push(late).taken
        assert LEDGER_REF not in refs(place)

    def test_garbage_in_the_notes_is_overwritten(self, place: Place, store: LedgerStore) -> None:
        written = book(store, 1)
        place.git("update-ref", NOTES_REF, place.git("rev-parse", "refs/heads/main"))
        pushed = store.push(next_commit(written, "later"))
        assert (pushed.taken, pushed.warning, refs(place)[NOTES_REF]) == (True, "", pushed.commit)

    def test_asking_whether_a_push_is_taken_pushes_nothing(self, place: Place, store: LedgerStore) -> None:
        before = refs(place)
        store.check_push()
        assert refs(place) == before


class TestBareLedger(LedgerStoreContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Folder:
        return Folder(remotes.bare(tmp_path / "remote.git"))

    @pytest.fixture
    def store(self, place: Folder, tmp_path: Path) -> GitLedgerStore:
        return GitLedgerStore(str(place.folder), tmp_path / "one.git", token=None)

    @pytest.fixture
    def other(self, place: Folder, tmp_path: Path) -> GitLedgerStore:
        return GitLedgerStore(f"file://{place.folder}", tmp_path / "other.git", token=None)


class HostedLedgerContract(LedgerStoreContract):
    """The same at a forge; a subclass has the fixture `world`, too."""

    @pytest.fixture
    def place(self, world: World) -> Hosted:
        return Hosted(world)

    def test_a_push_books_who_made_it_as_pushing_the_branch(self, world: World, store: LedgerStore) -> None:
        store.push(plain_commit(b"x"))
        assert [each.ref for each in world.repository.activity if each.ref == LEDGER_REF] == [LEDGER_REF]

    def test_only_the_service_of_pushes_is_asked(self, world: World, store: LedgerStore) -> None:
        book(store, 0)
        before = world.repository.git.refs()
        seen: list[Request] = []
        world.sandbox.server.interceptors.append(lambda _, request: seen.append(request))
        store.check_push()
        services = {(each.method, each.query.get("service")) for each in seen}
        assert services == {("GET", "git-receive-pack")}
        assert world.repository.git.refs() == before

    def test_a_short_trouble_passes_when_asking(self, world: World, store: LedgerStore) -> None:
        from counterseal_sandbox.http import Response

        asked = world.answer("/info/refs", Response(502), times=1)
        store.check_push()
        assert len(asked) == 1

    def check_refused(self, world: World, store: LedgerStore, token: str, *texts: str) -> None:
        """Check that both the question and the push are refused with these texts, and nothing has moved."""
        before = world.repository.git.refs()
        for call in (store.check_push, lambda: store.push(plain_commit(b"x"))):
            error = refused(call, token)
            for text in texts:
                assert text in error.fix
        assert world.repository.git.refs() == before


class TestGitHubLedger(HostedLedgerContract):
    @pytest.fixture
    def store(self, world: World, tmp_path: Path) -> GitLedgerStore:
        return ledger(world, tmp_path / "one.git", world.token())

    @pytest.fixture
    def other(self, world: World, tmp_path: Path) -> GitLedgerStore:
        return ledger(world, tmp_path / "other.git", world.token())

    def test_a_token_that_may_only_read(self, world: World, tmp_path: Path) -> None:
        token = world.token(contents="read")
        self.check_refused(world, ledger(world, tmp_path / "one.git", token), token, "contents: write")


class TestGitLabLedger(HostedLedgerContract):
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
        book(store, 1)
        assert world.repository.git.push_options() == ["ci.skip"] * 2

    def test_a_job_of_gitlab_is_wired_so(self, world: GitLabWorld, tmp_path: Path) -> None:
        order = {"project": world.name, "ref": "refs/heads/main", "source": "push", "actor": "alice"}
        environ = world.sandbox._jobs.start(JobOrder.from_json(order))
        wiring = Wiring(environ)
        place = forge_host(wiring.environment().run().issuer)
        assert wiring._ledger_store(place, world.name, tmp_path).push(plain_commit(b"x")).taken
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
    def test_a_branch_that_is_shut_names_the_branch_and_its_setting(
        self, world: GitLabWorld, tmp_path: Path, least: Role | None
    ) -> None:
        """Only a push shows it: the question is about the token, and sends no ref."""
        store, token = self.by_job(world, tmp_path / "one.git", "bob")
        for began in (False, True):
            if began:
                world.repository.let_push(LEDGER_REF, Role.WRITE)
                book(store, 0)
            commit = next_commit(Book(store), "later") if began else plain_commit(b"x")
            world.repository.let_push(LEDGER_REF, least)
            store.check_push()
            before = world.repository.git.refs()
            error = refused(lambda: store.push(commit), token)  # noqa: B023 - called at once
            assert f"Protected branches → {LEDGER_BRANCH} → Allowed to push and merge" in error.fix
            assert page("how-to-gitlab.md#3-settings") in error.fix
            assert ("push code to" if began else "create") in error.why
            assert world.repository.git.refs() == before, "the notes did not move without the branch"

    def test_a_maintainers_pipeline_may_push_where_a_developers_may_not(
        self, world: GitLabWorld, tmp_path: Path
    ) -> None:
        world.repository.let_push(LEDGER_REF, Role.MAINTAIN)
        assert self.by_job(world, tmp_path / "one.git", "alice")[0].push(plain_commit(b"x")).taken
