"""The source repository, read by the real git from a real bare remote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.git_remotes import bare, commit, git

from counterseal.adapters.git import repository
from counterseal.adapters.git.process import Git
from counterseal.adapters.git.repository import GitRepository
from counterseal.errors import CountersealError, FormatError, ServiceError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

MAIN = "refs/heads/main"
UNKNOWN = "5" * 40


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return bare(tmp_path / "remote.git")


@pytest.fixture
def source(tmp_path: Path, remote: Path) -> GitRepository:
    return GitRepository(str(remote), tmp_path / "copy.git", token=None)


def head(source: GitRepository) -> str:
    found = source.resolve(source.default_ref())
    assert found is not None
    return found


def test_the_default_branch_is_the_remotes(remote: Path, source: GitRepository, tmp_path: Path) -> None:
    git(remote, "symbolic-ref", "HEAD", "refs/heads/trunk")
    commit(remote, "refs/heads/trunk", {"a": "1"})
    assert source.default_ref() == "refs/heads/trunk"
    named = GitRepository(str(remote), tmp_path / "other.git", token=None, default_branch="main")
    assert named.default_ref() == MAIN


def test_a_remote_without_branches_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty.git").mkdir()
    git(tmp_path / "empty.git", "init", "--quiet", "--bare")
    with pytest.raises(ServiceError, match="names no default branch"):
        GitRepository(str(tmp_path / "empty.git"), tmp_path / "copy.git", token=None).default_ref()


def test_a_ref_is_what_the_remote_has_now(remote: Path, source: GitRepository) -> None:
    first = head(source)
    second = commit(remote, MAIN, {"a": "1"})
    assert head(source) == second != first
    assert source.resolve("refs/heads/absent") is None
    assert source.resolve("refs/heads/ain") is None  # git's patterns match the ends of refs


def test_tags_are_peeled_and_may_move(remote: Path, source: GitRepository) -> None:
    first = git(remote, "rev-parse", "main")
    git(remote, "tag", "-a", "-m", "one", "v1", first)
    git(remote, "tag", "light", first)
    assert source.resolve("refs/tags/v1") == source.resolve("refs/tags/light") == first
    second = commit(remote, MAIN, {"a": "1"})
    git(remote, "tag", "-f", "v1", second)
    assert source.resolve("refs/tags/v1") == second


def test_a_tag_of_a_file_is_no_commit(remote: Path, source: GitRepository) -> None:
    git(remote, "tag", "readme", "main:README.md")
    with pytest.raises(ServiceError, match="not a commit"):
        source.resolve("refs/tags/readme")


def test_files_are_read_at_a_revision(remote: Path, source: GitRepository) -> None:
    first = head(source)
    git(remote, "update-ref", "refs/heads/side", first)
    files: dict[str, str | None] = {"README.md": "new", "bin/run": "#!", "link": "README.md", "sub": UNKNOWN}
    commit(remote, MAIN, files, modes={"bin/run": "100755", "link": "120000", "sub": "160000"})
    second = head(source)
    assert source.read_file(first, "README.md") == b"app\n"
    assert source.read_file(second, "README.md") == b"new"
    assert source.read_file(second, "bin/run") == b"#!"
    modes = {path: source.file_mode(second, path) for path in ("README.md", "bin/run", "bin", "link", "sub", "absent")}
    assert modes == {
        "README.md": "100644",
        "bin/run": "100755",
        "bin": "040000",
        "link": "120000",
        "sub": "160000",
        "absent": None,
    }
    for path in ("bin", "link", "sub", "absent", "README.md/a", "*", ":(top)README.md"):
        assert source.read_file(second, path) is None


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", "a\0b"])
def test_paths_stay_within_the_repository(source: GitRepository, path: str) -> None:
    with pytest.raises(FormatError, match="not a path in a repository"):
        source.read_file(head(source), path)


@pytest.mark.parametrize("revision", ["main", "HEAD", "", "--all", "5" * 39, "5" * 40 + "\n", "A" * 40])
def test_a_revision_is_a_full_id(source: GitRepository, revision: str) -> None:
    with pytest.raises(FormatError, match="not a full git revision"):
        source.read_file(revision, "README.md")


def test_an_unknown_revision_is_an_error_and_nobodys_ancestor(source: GitRepository) -> None:
    for call in (
        lambda: source.read_file(UNKNOWN, "README.md"),
        lambda: source.parent(UNKNOWN),
        lambda: source.added_files(UNKNOWN, "promotions"),
        lambda: source.changed_paths(UNKNOWN, head(source)),
        lambda: source.is_ancestor(head(source), UNKNOWN),
    ):
        with pytest.raises(ServiceError, match=r"555555555555 is not in the copy"):
            call()
    assert not source.is_ancestor(UNKNOWN, head(source))


def test_ancestry_and_parents(remote: Path, source: GitRepository) -> None:
    first = head(source)
    side = commit(remote, "refs/heads/side", {"b": "1"}, parents=(first,))
    second = commit(remote, MAIN, {"a": "1"})
    merge = commit(remote, MAIN, {"b": "1"}, parents=(second, side))
    assert head(source) == merge
    assert all(source.is_ancestor(each, merge) for each in (first, second, side, merge))
    assert not source.is_ancestor(merge, second)
    assert not source.is_ancestor(side, second)
    assert (source.parent(merge), source.parent(merge, 2), source.parent(merge, 3)) == (second, first, None)


def test_added_files_are_found_in_first_parent_order(remote: Path, source: GitRepository) -> None:
    first = git(remote, "rev-parse", "main")
    side = commit(remote, "refs/heads/side", {"promotions/production/two.json": "2"}, parents=(first,))
    one = commit(remote, MAIN, {"promotions/staging/one.json": "1", "elsewhere": "1"})
    merge = commit(remote, MAIN, {"promotions/production/two.json": "2"}, parents=(one, side))
    commit(remote, MAIN, {"promotions/staging/one.json": "changed"})
    commit(remote, MAIN, {"promotions/staging/one.json": None})
    odd = f"promotions/production/x\x01{'a' * 40}\n:100644.json"
    again = commit(remote, MAIN, {"promotions/staging/one.json": "1", odd: "3"})
    assert source.added_files(head(source), "promotions") == [
        (one, "promotions/staging/one.json"),
        (merge, "promotions/production/two.json"),
        (again, odd),
        (again, "promotions/staging/one.json"),
    ]
    assert source.added_files(first, "promotions") == []


def test_what_was_ever_touched_of_many_paths(
    remote: Path, source: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = git(remote, "rev-parse", "main")
    side = commit(remote, "refs/heads/side", {"promotions/merged.json": "1"}, parents=(first,))
    added = commit(remote, MAIN, {"promotions/gone.json": "1", "promotions/was-a-folder.json/x": "1"})
    gone = commit(remote, MAIN, {"promotions/gone.json": None, "promotions/was-a-folder.json/x": None})
    merge = commit(remote, MAIN, {"promotions/merged.json": "1"}, parents=(gone, side))
    commit(remote, MAIN, {"promotions/later.json": "1"})
    assert head(source)
    names = ("gone", "was-a-folder", "merged", "later", "never", "was", "*")
    paths = [f"promotions/{name}.json" for name in names]
    ever = {f"promotions/{name}.json" for name in ("gone", "was-a-folder", "merged")}
    for at_once in (256, 2):
        monkeypatch.setattr(repository, "_PATHS", at_once)
        assert source.touched(merge, paths) == ever
    assert source.touched(added, paths) == ever - {"promotions/merged.json"}
    assert source.touched(first, paths) == source.touched(merge, []) == frozenset()
    for path in paths:
        assert bool(source.commits_touching(merge, path)) is (path in ever)
    with pytest.raises(FormatError):
        source.touched(merge, ["../secret"])


def test_versions_of_a_file_are_read_in_one_go(
    remote: Path, source: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[str | None] = ["one", "two", None, "one", "three"]
    changed = [commit(remote, MAIN, {"a/policy.yml": text, "other": str(place)}) for place, text in enumerate(texts)]
    link = commit(remote, MAIN, {"a/policy.yml": None, "a/policy.yml/x": "a folder by now"})
    side = commit(remote, "refs/heads/side", {"a/policy.yml": "merged"}, parents=(changed[-1],))
    merge = commit(remote, MAIN, {"a/policy.yml/x": None, "a/policy.yml": "merged"}, parents=(link, side))
    assert head(source)
    alone = GitRepository(str(remote), tmp_path / "alone.git", token=None)
    assert head(alone)
    listed = source.commits_touching(merge, "a/policy.yml")
    assert listed == [merge, link, *changed[::-1]]
    ran: list[str] = []
    run = source._git.run

    def counted(*words: str, **more: Any) -> Any:
        ran.append(words[0])
        return run(*words, **more)

    monkeypatch.setattr(source._git, "run", counted)
    told = {revision: source.read_file(revision, "a/policy.yml") for revision in listed}
    assert ran == ["cat-file"], "all of them come at once"
    assert told == {revision: alone.read_file(revision, "a/policy.yml") for revision in listed}
    assert told[changed[2]] is told[link] is None
    monkeypatch.setattr(repository, "MAX_FILE", 6)
    again = GitRepository(str(remote), tmp_path / "again.git", token=None)
    assert head(again)
    again.commits_touching(merge, "a/policy.yml")
    assert again.read_file(changed[1], "a/policy.yml") == b"two", "together they are too large"


def test_a_renamed_file_is_added_under_its_new_name(remote: Path, source: GitRepository) -> None:
    commit(remote, MAIN, {"promotions/staging/one.json": "1"})
    moved = commit(remote, MAIN, {"promotions/staging/one.json": None, "promotions/production/one.json": "1"})
    assert source.added_files(head(source), "promotions")[-1] == (moved, "promotions/production/one.json")
    parent = source.parent(moved)
    assert parent is not None
    assert source.changed_paths(parent, moved) == ["promotions/production/one.json", "promotions/staging/one.json"]


def test_heads_of_change_requests_are_fetched(remote: Path, source: GitRepository, tmp_path: Path) -> None:
    change = commit(remote, "refs/pull/17/head", {"a": "1"})
    assert source.fetch_head(17) == change
    assert source.read_file(change, "a") == b"1"
    assert source.fetch_head(18) is None
    merge_request = commit(remote, "refs/merge-requests/3/head", {"a": "2"})
    ref = "refs/merge-requests/{number}/head"
    assert GitRepository(str(remote), tmp_path / "gl.git", token=None, head_ref=ref).fetch_head(3) == merge_request


def test_a_shallow_remote_is_refused(remote: Path, tmp_path: Path) -> None:
    commit(remote, MAIN, {"a": "1"})
    git(tmp_path, "clone", "--quiet", "--bare", "--depth=1", f"file://{remote}", "shallow.git")
    source = GitRepository(str(tmp_path / "shallow.git"), tmp_path / "copy.git", token=None)
    for _ in range(2):  # what the first try left behind is not taken for a good copy
        with pytest.raises(ServiceError, match="shallow"):
            source.resolve(MAIN)


def test_replace_refs_change_nothing(remote: Path, source: GitRepository, tmp_path: Path) -> None:
    true = head(source)
    false = commit(remote, "refs/heads/evil", {"README.md": "evil"}, parents=())
    git(remote, "update-ref", f"refs/replace/{true}", false)
    source.resolve("refs/heads/evil")
    git(tmp_path / "copy.git", "update-ref", f"refs/replace/{true}", false)
    assert git(tmp_path / "copy.git", "cat-file", "blob", f"{true}:README.md") == "evil"  # plain git believes it
    assert source.read_file(true, "README.md") == b"app\n"
    assert source.changed_paths(true, false) == ["README.md"]


def test_attributes_of_the_tree_change_nothing(remote: Path, source: GitRepository) -> None:
    attributes = "* text eol=crlf ident merge=union -diff\n"
    revision = commit(remote, MAIN, {".gitattributes": attributes, "a": "$Id$\n", "promotions/p/a.json": "1"})
    assert head(source) == revision
    assert source.read_file(revision, "a") == b"$Id$\n"
    assert source.added_files(revision, "promotions") == [(revision, "promotions/p/a.json")]


@pytest.mark.parametrize(
    "ref", ["main", "HEAD", "refs/heads/a b", "refs/heads/-x/../y", "refs/heads/*", "refs/heads/a.lock", "refs/heads/"]
)
def test_only_full_refs_are_asked_for(source: GitRepository, ref: str) -> None:
    with pytest.raises(UsageError, match="not a full git ref"):
        source.resolve(ref)


@pytest.mark.parametrize(
    "url",
    [
        "http://forge.example/app.git",
        "ssh://git@forge.example/app.git",
        "git@forge.example:app.git",
        "ext::sh -c id",
        "--upload-pack=id",
        "relative/path",
        "file://forge.example/app",
    ],
)
def test_other_addresses_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError, match="not an address of a git remote"):
        GitRepository(url, tmp_path / "copy.git", token=None)


def test_an_address_has_no_password_in_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name or password") as caught:
        GitRepository("https://alice:secret-token@forge.example/app.git", tmp_path / "copy.git", token=None)
    assert "secret-token" not in str(caught.value)


def test_a_remote_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="git ls-remote failed at"):
        GitRepository(str(tmp_path / "absent.git"), tmp_path / "copy.git", token=None).default_ref()


def test_the_environment_and_the_users_configuration_do_not_steer_git(
    remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f'[url "{tmp_path}/absent"]\n\tinsteadOf = {remote}\n')
    for name, value in {
        "HOME": str(home),
        "GIT_DIR": str(tmp_path / "nowhere"),
        "GIT_OBJECT_DIRECTORY": str(tmp_path / "nowhere"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{tmp_path}/absent.insteadOf",
        "GIT_CONFIG_VALUE_0": str(remote),
        "GIT_EXEC_PATH": str(tmp_path),
        "GIT_TRACE": str(tmp_path / "trace"),
        "HTTPS_PROXY": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    source = GitRepository(str(remote), tmp_path / "copy.git", token=None)
    assert source.read_file(head(source), "README.md") == b"app\n"
    assert not (tmp_path / "trace").exists()


def test_git_is_stopped_when_it_prints_too_much_or_takes_too_long(remote: Path) -> None:
    here = Git(remote)
    with pytest.raises(ServiceError, match="printed more than 10 bytes"):
        here.run("cat-file", "-p", "main", limit=10)
    waiting = here.run("-c", "alias.wait=!sleep 60", "wait", seconds=0.2)
    assert waiting.timed_out
    assert waiting.code < 0


def test_objects_are_read_within_a_bound(remote: Path) -> None:
    here = Git(remote)
    blob = git(remote, "rev-parse", "main:README.md")
    assert here.contents([blob, blob], limit=4) == {blob: b"app\n"}
    assert here.contents([], limit=4) == {}
    with pytest.raises(ServiceError, match="git cat-file printed more than"):
        here.contents([git(remote, "hash-object", "-w", "--stdin", data="x" * 200)], limit=3)
    with pytest.raises(ServiceError, match="missing"):
        here.contents([UNKNOWN], limit=3)


def test_without_git_the_message_says_so(remote: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CountersealError, match="git is not installed"):
        Git(remote).run("version")


def test_several_refs_are_as_they_are_at_one_moment(remote: Path, source: GitRepository) -> None:
    first = head(source)
    git(remote, "update-ref", "refs/tags/v1", first)
    second = commit(remote, MAIN, {"a": "1"})
    assert source.resolve_all(MAIN, "refs/heads/absent", "refs/tags/v1") == (second, None, first)
    assert source.is_ancestor(first, second)


def test_the_default_branch_and_its_tip_are_as_the_remote_has_them_now(remote: Path, source: GitRepository) -> None:
    first = source.default_tip()
    assert first == git(remote, "rev-parse", MAIN)
    second = commit(remote, MAIN, {"a": "1"})
    assert source.default_tip() == second != first
    git(remote, "update-ref", "-d", MAIN)
    assert source.default_tip() is None
