"""GitLab as an `AssetStore`: the contract of the port, and what only GitLab has: packages that wait, links to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from tests.contract.faults import lose_answers, replaced
from tests.contract.test_asset_store import AssetStoreContract, candidate, file, filled
from tests.contract.world import refused

from counterseal.adapters.gitlab.access import GitLabTokens
from counterseal.errors import ServiceError
from counterseal.identifiers import PROOF_FILE
from counterseal.model import Release
from counterseal_sandbox.http import Response

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.world import GitLabWorld

    from counterseal.adapters.gitlab.releases import GitLabReleases
    from counterseal_sandbox.forge.packages import Package
    from counterseal_sandbox.http import Request


def package(world: GitLabWorld, tag: str = "v1.0.0") -> Package:
    """Return the package of a tag as the forge has it."""
    found = world.repository.packages.find("counterseal", tag)
    assert found is not None
    return found


def put(world: GitLabWorld, name: str, version: str, file_name: str, content: bytes = b"x") -> None:
    """Upload a file as somebody who does not use counterseal."""
    world.repository.packages.upload(world.who("bob"), name, version, file_name, content)


def links(world: GitLabWorld, tag: str = "v1.0.0") -> list[str]:
    """Return the names of a release's links in the order in which they were made."""
    return [each.name for each in world.repository.project_releases.get(tag).links]


def release_of(world: GitLabWorld, tag: str, *names: str, elsewhere: str = "") -> None:
    """Make the release of a tag with links to some files, as an interrupted run (or somebody else) would."""
    made = world.repository.project_releases.create(world.who("alice"), tag)
    for name in names:
        place = f"{world.api}/projects/{world.repository.id}/packages/generic/counterseal/{tag}/{name}"
        world.repository.project_releases.add_link(
            made, name=name, url=elsewhere or place, filepath=f"/{name}", link_type="package"
        )


class TestGitLabReleases(AssetStoreContract):
    @pytest.fixture
    def world(self, gitlab_world: GitLabWorld) -> GitLabWorld:
        return gitlab_world

    @pytest.fixture
    def store(self, world: GitLabWorld) -> GitLabReleases:
        return world.store(GitLabTokens(job=world.job(), api=world.reading()))

    # --- candidates --------------------------------------------------------------------------

    def test_a_draft_has_no_id_before_its_first_file(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path
    ) -> None:
        draft = store.create_draft(world.tag(), "app")
        assert (draft.id, draft.tag, draft.draft, draft.assets, draft.url) == (0, "v1.0.0", True, (), "")
        assert store.releases("v1.0.0") == ()
        assert store.release(draft.id) is None
        store.upload(draft, "app.bin", file(tmp_path))
        made = store.create_draft("v1.0.0", "app")
        assert (made.id, made.url) == (
            package(world).id,
            f"https://gitlab.com/{world.name}/-/packages/{package(world).id}",
        )
        assert store.create_draft("v1.0.0", "app") == made

    def test_a_package_of_another_name_or_kind_or_tag_is_no_candidate(
        self, world: GitLabWorld, store: GitLabReleases
    ) -> None:
        world.tag()
        put(world, "counterseal-extra", "v1.0.0", "app.bin")  # GitLab's filter finds parts of names
        put(world, "counterseal", "v1.0.0-rc1", "app.bin")
        assert store.releases("v1.0.0") == ()
        assert [each.tag for each in store.drafts()] == ["v1.0.0-rc1"]
        (other,) = (each for each in world.repository.packages.list() if each.name == "counterseal-extra")
        assert store.release(other.id) is None
        world.alter("/packages", lambda shown: [{**each, "package_type": "npm"} for each in shown])
        assert store.drafts() == ()

    def test_an_answer_about_another_version_is_no_candidate(self, world: GitLabWorld, store: GitLabReleases) -> None:
        put(world, "counterseal", world.tag("v1"), "app.bin")
        world.alter("/packages", lambda shown: [{**each, "version": "v2"} for each in shown])
        assert store.releases("v1") == ()

    def test_a_package_that_is_being_deleted_is_no_candidate(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path
    ) -> None:
        number = filled(store, world.tag(), tmp_path).id
        world.alter("/packages", lambda shown: [{**each, "status": "pending_destruction"} for each in shown])
        world.alter(f"/packages/{number}", lambda shown: {**shown, "status": "pending_destruction"})
        assert (store.releases("v1.0.0"), store.drafts(), store.release(number)) == ((), (), None)
        assert store.create_draft("v1.0.0", "app").id == 0

    def test_two_packages_of_a_tag_are_an_error_that_names_both(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path
    ) -> None:
        number = filled(store, world.tag(), tmp_path).id
        other = world.repository.packages._new(world.who("bob"), "counterseal", "v1.0.0").id
        error = refused(lambda: store.create_draft("v1.0.0", "app"))
        assert f"2 packages of v1.0.0: {number}, {other}" in error.what

    @pytest.mark.parametrize("tag", ["release/v1", "v1..2", "v1 2", "v1@2", "ü1", "v1~2", "v" * 256])
    def test_a_tag_that_cannot_be_a_version_is_refused_before_anything_is_asked(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path, tag: str
    ) -> None:
        asked = world.answer("", Response(500))
        draft = Release(0, tag, draft=True, assets=(), url="")
        for call in (lambda: store.create_draft(tag, "app"), lambda: store.upload(draft, "app.bin", file(tmp_path))):
            error = refused(call)
            assert "cannot be a candidate on GitLab" in error.what
            assert "tag like v1.2.0" in error.fix
        assert asked == []

    def test_a_tag_is_asked_for_by_its_whole_name(self, world: GitLabWorld, store: GitLabReleases) -> None:
        world.tag("V1")  # GitLab's search does not tell them apart
        world.tag("v1.0.0-rc1")
        assert "has no tag v1" in refused(lambda: store.create_draft("v1", "app")).what

    def test_a_release_without_its_package_is_published_already(
        self, world: GitLabWorld, store: GitLabReleases
    ) -> None:
        release_of(world, world.tag())
        with pytest.raises(ServiceError, match="published already"):
            store.create_draft("v1.0.0", "app")

    # --- files -------------------------------------------------------------------------------

    def test_two_files_of_a_name_are_an_error_that_names_both(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path
    ) -> None:
        draft = filled(store, world.tag(), tmp_path)
        put(world, "counterseal", "v1.0.0", "app.bin", b"other bytes, which GitLab would serve")
        one, other = (each.id for each in package(world).files)
        for call in (
            lambda: store.releases("v1.0.0"),
            lambda: store.release(draft.id),
            lambda: store.upload(draft, "more.bin", file(tmp_path)),
            lambda: store.publish(draft),
        ):
            error = refused(call)
            assert f"app.bin is there more than once (files {one}, {other})" in error.what
            assert "delete" in error.fix

    @pytest.mark.parametrize("name", ["app 1.bin", "app(1).bin", "a/b", "a..b", "ä.bin", ""])
    def test_a_name_that_gitlab_does_not_take_is_refused_before_it_is_sent(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path, name: str
    ) -> None:
        draft = store.create_draft(world.tag(), "app")
        assert "no file of this name" in refused(lambda: store.upload(draft, name, file(tmp_path))).what
        assert world.repository.packages.list() == []

    @pytest.mark.parametrize("change", [{"file_name": "app-1.bin"}, {"size": 3}])
    def test_what_gitlab_stored_otherwise_is_an_error(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path, change: dict[str, Any]
    ) -> None:
        draft = store.create_draft(world.tag(), "app")
        world.alter("/counterseal/v1.0.0/app.bin", lambda shown: {**shown, **change})
        assert "GitLab stored" in refused(lambda: store.upload(draft, "app.bin", file(tmp_path))).what

    def test_a_digest_that_gitlab_does_not_tell_is_that_of_its_bytes(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path
    ) -> None:
        draft = filled(store, world.tag(), tmp_path)
        world.alter("/package_files", lambda shown: [{**each, "file_sha256": None} for each in shown])
        assert [each.digest for each in candidate(store, "v1.0.0").assets] == [None]
        path = tmp_path / "app-1.0.0.tar.gz"
        assert store.upload(draft, "app.bin", path) == draft.assets[0].id
        package(world).files[0].path.write_bytes(b"BYTES of the artifact")
        assert "other bytes are there" in refused(lambda: store.upload(draft, "app.bin", path)).what

    @pytest.mark.parametrize("digest", ["abc", "A" * 64, "sha256:" + "a" * 57])
    def test_what_is_no_digest_is_an_error(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path, digest: str
    ) -> None:
        filled(store, world.tag(), tmp_path)
        world.alter("/package_files", replaced(digest, 0, "file_sha256"))
        assert "not a sha256" in refused(lambda: store.releases("v1.0.0")).why

    def test_no_token_travels_along_a_redirect(self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path) -> None:
        """gitlab.com sends downloads on to where its packages lie."""
        draft = filled(store, world.tag(), tmp_path)
        seen: list[dict[str, str]] = []

        def elsewhere(prefix: str, request: Request) -> Response | None:
            if request.path == "/objects/1":
                seen.append(dict(request.headers))
                return Response(200, b"bytes of the artifact")
            if request.path.endswith("/v1.0.0/app.bin"):
                assert request.headers["private-token"]
                return Response(302, b"", {"Location": f"{world.sandbox.url}/gitlab/api/v4/objects/1"})
            return None

        world.sandbox.server.interceptors.append(elsewhere)
        store.download(draft, draft.assets[0].id, tmp_path / "down", max_bytes=100)
        assert (tmp_path / "down").read_bytes() == b"bytes of the artifact"
        assert [{"private-token", "job-token", "authorization"} & set(each) for each in seen] == [set()]

    @pytest.mark.parametrize("location", ["http://evil.example/x", "file:///etc/passwd", "//evil.example"])
    def test_a_download_follows_no_unprotected_redirect(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path, location: str
    ) -> None:
        draft = filled(store, world.tag(), tmp_path)
        world.answer("/v1.0.0/app.bin", Response(302, b"", {"Location": location}))
        error = refused(lambda: store.download(draft, draft.assets[0].id, tmp_path / "down", max_bytes=100))
        assert "not https" in error.what
        assert [each.name for each in tmp_path.iterdir()] == ["app-1.0.0.tar.gz"]

    @pytest.mark.parametrize("content", [b"", b"bytes", b"bytes of the artifact and more"])
    def test_too_few_or_too_many_bytes(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path, content: bytes
    ) -> None:
        draft = filled(store, world.tag(), tmp_path)
        package(world).files[0].path.write_bytes(content)
        refused(lambda: store.download(draft, draft.assets[0].id, tmp_path / "down", max_bytes=100))
        assert [each.name for each in tmp_path.iterdir()] == ["app-1.0.0.tar.gz"]

    def test_a_download_that_is_refused_says_which_token_may(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path
    ) -> None:
        draft = filled(store, world.tag(), tmp_path)
        world.answer("/v1.0.0/app.bin", Response(403, b'{"message": "403 Forbidden"}'))
        error = refused(lambda: store.download(draft, draft.assets[0].id, tmp_path / "down", max_bytes=100))
        assert "COUNTERSEAL_GITLAB_TOKEN" in error.what
        assert "scope read_api" in error.fix

    # --- releases ----------------------------------------------------------------------------

    def test_links_stand_in_the_order_of_the_files_and_lead_to_the_bytes(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path
    ) -> None:
        draft = store.create_draft(world.tag(), "app")
        names = ["app.tar.gz", "app.tar.gz.sigstore.json", "manifest.json", "SHA256SUMS", PROOF_FILE]
        for name in names:
            store.upload(draft, name, file(tmp_path, name, name.encode()))
        public = store.publish(candidate(store, "v1.0.0"))
        assert public.url == f"https://gitlab.com/{world.name}/-/releases/v1.0.0"
        assert links(world) == names
        for name in names:
            link = world.repository.project_releases.get("v1.0.0").link_at(f"/{name}")
            assert link is not None
            assert (link.name, link.link_type) == (name, "package")
            assert f"/projects/{world.repository.id}/" in link.url, "it stays good when the project is renamed"
            page = f"{world.sandbox.url}/gitlab/git/{world.name}/-/releases/v1.0.0/downloads/{name}"
            assert requests.get(page, timeout=10).content == name.encode()

    def test_a_release_with_some_of_its_links_gets_the_rest(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path
    ) -> None:
        draft = filled(store, world.tag(), tmp_path)
        for name in ("two.bin", "three.bin"):
            store.upload(draft, name, file(tmp_path, name))
        release_of(world, "v1.0.0", "two.bin")
        shown = candidate(store, "v1.0.0")
        assert not shown.draft
        assert store.publish(shown) == shown
        assert links(world) == ["two.bin", "app.bin", "three.bin"]

    @pytest.mark.parametrize(("method", "path"), [("POST", "/releases"), ("POST", "/assets/links")])
    def test_a_lost_answer_while_a_release_is_made(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path, method: str, path: str
    ) -> None:
        draft = filled(store, world.tag(), tmp_path)
        store.upload(draft, "two.bin", file(tmp_path))
        if path != "/releases":
            release_of(world, "v1.0.0", "app.bin")
        lost = lose_answers(world, method, path)
        assert not store.publish(candidate(store, "v1.0.0")).draft
        assert len(lost) == 1
        assert links(world) == ["app.bin", "two.bin"]

    def test_a_lost_answer_to_an_upload(self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path) -> None:
        lost = lose_answers(world, "PUT", "/packages/generic/")
        filled(store, world.tag(), tmp_path)
        assert (len(lost), len(package(world).files)) == (1, 1)

    def test_a_lost_answer_to_a_deletion(self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path) -> None:
        draft = filled(store, world.tag(), tmp_path)
        lost = lose_answers(world, "DELETE", "/package_files/")
        store.delete(draft, draft.assets[0].id)
        assert (len(lost), package(world).files) == (1, [])
        draft = filled(store, world.tag("v2"), tmp_path)
        world.answer(f"/{draft.assets[0].id}", Response(503), method="DELETE")
        assert "503" in refused(lambda: store.delete(draft, draft.assets[0].id)).what

    def test_a_file_that_somebody_deletes_at_the_same_time_is_gone(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path
    ) -> None:
        draft = filled(store, world.tag(), tmp_path)
        gone = Response(404, b'{"message": "404 Not found"}')
        world.answer(f"/{draft.assets[0].id}", gone, method="DELETE")
        store.delete(draft, draft.assets[0].id)

    def test_a_write_that_never_succeeds_ends(self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path) -> None:
        draft = filled(store, world.tag(), tmp_path)
        asked = world.answer("/releases", Response(503, b"{}"), method="POST")
        assert "503" in refused(lambda: store.publish(draft)).what
        assert len(asked) == 3

    @pytest.mark.parametrize("where", ["another name", "another place", "another permanent address"])
    def test_a_foreign_link_is_an_error(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path, where: str
    ) -> None:
        draft = filled(store, world.tag(), tmp_path)
        if where == "another name":
            release_of(world, "v1.0.0", "app.bin")
            made = world.repository.project_releases.get("v1.0.0")
            add = world.repository.project_releases.add_link
            add(made, name="extra.bin", url="https://evil.example/extra.bin", filepath="/extra.bin")
        elif where == "another place":
            release_of(world, "v1.0.0", "app.bin", elsewhere="https://evil.example/app.bin")
        else:
            release_of(world, "v1.0.0", "app.bin")
            told = "https://gitlab.com/acme/app/-/releases/v1.0.0/downloads/other.bin"
            world.alter("/releases/v1.0.0", replaced(told, "assets", "links", 0, "direct_asset_url"))
        error = refused(lambda: store.publish(draft))
        assert "counterseal did not make it" in error.why
        assert "delete the link" in error.fix

    @pytest.mark.parametrize("project", ["https://evil.example/api/v4/projects/1", "{api}/projects/999"])
    def test_a_release_whose_links_lead_to_another_project_s_files_publishes_nothing(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path, project: str
    ) -> None:
        draft = filled(store, world.tag(), tmp_path)
        place = f"{project.format(api=world.api)}/packages/generic/counterseal/v1.0.0/app.bin"
        release_of(world, "v1.0.0", "app.bin", elsewhere=place)
        assert [each.id for each in store.drafts()] == [draft.id]

    def test_a_candidate_that_is_gone_or_anothers_is_not_published(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path
    ) -> None:
        one, other = (filled(store, world.tag(tag), tmp_path) for tag in ("v1", "v2"))
        moved = replace(one, id=other.id)
        assert "is that of v2" in refused(lambda: store.publish(moved)).what
        assert "there is no package 999" in refused(lambda: store.publish(replace(one, id=999))).why
        assert world.repository.project_releases.list() == []

    def test_the_newest_release_is_that_which_was_made_last(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path
    ) -> None:
        """`released_at` is whatever the one who made the release likes."""
        proof = file(tmp_path, PROOF_FILE, b"{}")
        for tag in ("v1", "v2"):
            store.upload(store.create_draft(world.tag(tag), tag), PROOF_FILE, proof)
            store.publish(candidate(store, tag))
        late = (datetime.now(UTC) + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        world.alter("/releases", lambda shown: [{**each, "released_at": late} for each in shown[::-1]])
        newest = next(store.proven())
        assert newest.tag == "v2"

    def test_a_proof_that_no_link_leads_to_is_not_published(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path
    ) -> None:
        draft = filled(store, world.tag(), tmp_path)
        store.upload(draft, PROOF_FILE, file(tmp_path, PROOF_FILE))
        release_of(world, "v1.0.0", "app.bin")
        assert list(store.proven()) == []
        store.publish(draft)
        assert list(store.proven()) == [candidate(store, "v1.0.0")]

    def test_a_proof_that_only_a_link_has_is_none(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path
    ) -> None:
        store.publish(filled(store, world.tag("v1"), tmp_path))
        world.repository.project_releases.add_link(
            world.repository.project_releases.get("v1"), name=PROOF_FILE, url="https://evil.example/proof"
        )
        release_of(world, world.tag("v2"), PROOF_FILE)
        assert list(store.proven()) == []

    def test_an_answer_about_another_release_is_an_error(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path
    ) -> None:
        draft = filled(store, world.tag(), tmp_path)
        store.publish(draft)
        world.alter("/releases/v1.0.0", replaced("v2", "tag_name"))
        assert "'v2'" in refused(lambda: store.release(draft.id)).why
        world.sandbox.server.interceptors.clear()
        world.alter(f"/packages/{draft.id}", replaced(draft.id + 1, "id"))
        assert str(draft.id + 1) in refused(lambda: store.release(draft.id)).why

    # --- who may -----------------------------------------------------------------------------

    def test_a_developers_job_uploads_and_publishes_and_deletes_nothing(
        self, world: GitLabWorld, tmp_path: Path
    ) -> None:
        store = world.store(GitLabTokens(job=world.job("bob"), api=world.reading()))
        draft = filled(store, world.tag(), tmp_path)
        error = refused(lambda: store.delete(draft, draft.assets[0].id))
        store.delete(draft, 999)  # it is gone already, which takes no right
        assert "403" in error.why
        assert "Maintainer to delete files" in error.fix
        assert not store.publish(draft).draft

    def test_a_reporters_job_uploads_nothing_and_is_told_the_role(self, world: GitLabWorld, tmp_path: Path) -> None:
        world.repository.roles[1002] = type(world.repository.roles[1002]).TRIAGE
        store = world.store(GitLabTokens(job=world.job("bob"), api=world.reading()))
        draft = store.create_draft(world.tag(), "app")
        error = refused(lambda: store.upload(draft, "app.bin", file(tmp_path)))
        assert "role Developer" in error.fix
        assert "Package registry" in error.fix

    def test_a_release_that_gitlab_does_not_let_make_names_the_settings(
        self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path
    ) -> None:
        draft = filled(store, world.tag(), tmp_path)
        world.answer("/releases", Response(403, b'{"message": "403 Forbidden"}'), method="POST")
        error = refused(lambda: store.publish(draft))
        assert "Settings → Repository → Protected tags" in error.fix

    def test_a_job_alone_does_all_that_a_candidate_needs(self, world: GitLabWorld, tmp_path: Path) -> None:
        """The job that uploads a candidate has no other token."""
        store = world.store(GitLabTokens(job=world.job()))
        draft = filled(store, world.tag(), tmp_path)
        store.download(draft, draft.assets[0].id, tmp_path / "down", max_bytes=100)
        assert [each.id for each in store.drafts()] == [draft.id]

    def test_the_token_that_reads_approvals_writes_nothing(self, world: GitLabWorld, tmp_path: Path) -> None:
        store = world.store(GitLabTokens(api=world.reading()))
        draft = store.create_draft(world.tag(), "app")
        error = refused(lambda: store.upload(draft, "app.bin", file(tmp_path)))
        assert "CI_JOB_TOKEN or GITLAB_TOKEN" in error.why

    def test_nobody_sees_a_private_projects_candidates(self, world: GitLabWorld, tmp_path: Path) -> None:
        filled(world.store(), world.tag(), tmp_path)
        world.repository.private = True
        store = world.store(world.token("mallory"))
        for call in (store.drafts, lambda: store.releases("v1.0.0"), lambda: store.create_draft("v1.0.0", "app")):
            assert "404" in refused(call).why

    def test_a_moved_project_is_not_followed(self, world: GitLabWorld, store: GitLabReleases, tmp_path: Path) -> None:
        """GitLab redirects calls about a project's old path; another project may have it by now."""
        draft = filled(store, world.tag(), tmp_path)
        elsewhere = {"Location": f"{world.api}/projects/{world.repository.id}"}
        asked = world.answer(f"/projects/{world.name}", Response(301, b'{"message": "moved"}', elsewhere))
        error = refused(lambda: store.publish(draft))
        assert "use its current path" in error.fix
        assert len(asked) == 1
