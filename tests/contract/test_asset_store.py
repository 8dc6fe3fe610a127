"""The contract of the port `AssetStore`: what every adapter of it has to do, run against each of them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from counterseal.errors import ServiceError
from counterseal.identifiers import PROOF_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.world import World

    from counterseal.model import Release
    from counterseal.ports import AssetStore


def file(folder: Path, name: str = "app-1.0.0.tar.gz", content: bytes = b"bytes of the artifact") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def candidate(store: AssetStore, tag: str) -> Release:
    """Return the only release of a tag."""
    (found,) = store.releases(tag)
    return found


def filled(store: AssetStore, tag: str, folder: Path) -> Release:
    """Return a new candidate with one file."""
    store.upload(store.create_draft(tag, "app"), "app.bin", file(folder))
    return candidate(store, tag)


class AssetStoreContract:
    """A subclass has the fixtures `world` and `store`; `store` speaks with a gate's token."""

    def test_there_is_no_draft_without_its_tag(self, store: AssetStore) -> None:
        with pytest.raises(ServiceError, match=r"no tag v1\.0\.0") as caught:
            store.create_draft("v1.0.0", "app")
        assert "git push origin refs/tags/v1.0.0" in caught.value.fix

    def test_a_published_release_gets_no_draft_beside_it(self, world: World, store: AssetStore, tmp_path: Path) -> None:
        tag = world.tag()
        store.publish(filled(store, tag, tmp_path))
        with pytest.raises(ServiceError, match="published already"):
            store.create_draft(tag, "app")

    def test_bytes_go_up_and_come_down(self, world: World, store: AssetStore, tmp_path: Path) -> None:
        content = bytes(range(256)) * 4000
        draft = store.create_draft(world.tag(), "app")
        number = store.upload(draft, "app.bin", file(tmp_path, content=content))
        (asset,) = store.releases(draft.tag)[0].assets
        digest = hashlib.sha256(content).hexdigest()
        assert (asset.id, asset.name, asset.size, asset.digest, asset.complete) == (
            number,
            "app.bin",
            len(content),
            digest,
            True,
        )
        assert store.release(candidate(store, draft.tag).id) == candidate(store, draft.tag)
        store.download(candidate(store, draft.tag), number, tmp_path / "down", max_bytes=len(content))
        assert (tmp_path / "down").read_bytes() == content
        assert not (tmp_path / "down.part").exists()

    def test_an_upload_is_done_once(self, world: World, store: AssetStore, tmp_path: Path) -> None:
        draft, path = store.create_draft(world.tag(), "app"), file(tmp_path)
        assert store.upload(draft, path.name, path) == store.upload(draft, path.name, path)
        assert [each.name for each in candidate(store, draft.tag).assets] == [path.name]

    def test_other_bytes_are_not_overwritten(self, world: World, store: AssetStore, tmp_path: Path) -> None:
        draft = store.create_draft(world.tag(), "app")
        store.upload(draft, "app.bin", file(tmp_path, content=b"one"))
        with pytest.raises(ServiceError, match="other bytes are there"):
            store.upload(draft, "app.bin", file(tmp_path, content=b"two"))

    def test_an_empty_file_is_refused(self, world: World, store: AssetStore, tmp_path: Path) -> None:
        draft = store.create_draft(world.tag(), "app")
        with pytest.raises(ServiceError, match="empty"):
            store.upload(draft, "app.bin", file(tmp_path, content=b""))

    def test_too_many_bytes_are_not_fetched(self, world: World, store: AssetStore, tmp_path: Path) -> None:
        draft, path = store.create_draft(world.tag(), "app"), file(tmp_path)
        number = store.upload(draft, path.name, path)
        with pytest.raises(ServiceError, match="too many"):
            store.download(candidate(store, draft.tag), number, tmp_path / "down", max_bytes=3)
        assert not (tmp_path / "down").exists()

    def test_an_asset_of_another_release_is_not_this_ones(
        self, world: World, store: AssetStore, tmp_path: Path
    ) -> None:
        one, other = (filled(store, world.tag(tag), tmp_path) for tag in ("v1", "v2"))
        number = one.assets[0].id
        with pytest.raises(ServiceError, match=f"no asset {number}"):
            store.download(other, number, tmp_path / "down", max_bytes=1000)
        store.delete(other, number)
        assert len(store.releases("v1")[0].assets) == 1

    def test_deleting_twice_is_no_error(self, world: World, store: AssetStore, tmp_path: Path) -> None:
        draft = filled(store, world.tag(), tmp_path)
        number = store.upload(draft, "more.bin", file(tmp_path))
        store.delete(draft, number)
        store.delete(draft, number)
        assert candidate(store, draft.tag).assets == draft.assets

    def test_publishing_twice_is_publishing_once(self, world: World, store: AssetStore, tmp_path: Path) -> None:
        draft = filled(store, world.tag(), tmp_path)
        assert [(each.id, each.tag) for each in store.drafts()] == [(draft.id, draft.tag)]
        first = store.publish(draft)
        assert (first.id, first.draft, first.immutable) == (draft.id, False, False)
        assert store.publish(draft) == first
        assert store.drafts() == ()

    def test_published_releases_with_a_proof(self, world: World, store: AssetStore, tmp_path: Path) -> None:
        assert list(store.proven()) == []
        proof = file(tmp_path, PROOF_FILE, b"{}")
        for tag in ("v1", "v2"):
            store.upload(store.create_draft(world.tag(tag), tag), PROOF_FILE, proof)
            store.publish(candidate(store, tag))
        store.publish(filled(store, world.tag("v3"), tmp_path))
        store.upload(store.create_draft(world.tag("v4"), "a draft"), PROOF_FILE, proof)
        assert [each.tag for each in store.proven()] == ["v2", "v1"]
        assert list(store.proven()) == [candidate(store, "v2"), candidate(store, "v1")]


class TestGitHubReleases(AssetStoreContract):
    @pytest.fixture
    def store(self, world: World) -> AssetStore:
        return world.store()

    def test_a_draft_is_made_once(self, world: World, store: AssetStore) -> None:
        tag = world.tag()
        draft = store.create_draft(tag, "app 1.0.0")
        assert (draft.tag, draft.draft, draft.assets) == (tag, True, ())
        assert store.create_draft(tag, "app 1.0.0").id == draft.id
        assert [each.id for each in store.releases(tag)] == [draft.id]
        assert store.releases("v9") == ()

    def test_two_drafts_of_a_tag_are_an_error(self, world: World, store: AssetStore) -> None:
        tag = world.tag()
        for _ in range(2):
            world.repository.releases.create(world.who("alice"), tag, draft=True)
        assert len(store.releases(tag)) == 2
        with pytest.raises(ServiceError, match=r"2 draft releases of v1\.0\.0"):
            store.create_draft(tag, "app")

    def test_a_leftover_of_an_upload_is_replaced(self, world: World, store: AssetStore, tmp_path: Path) -> None:
        draft, path = store.create_draft(world.tag(), "app"), file(tmp_path)
        held = world.repository.releases.get(draft.id)
        left = world.repository.releases.leave_starter(held, world.who("alice"), path.name)
        (asset,) = store.releases(draft.tag)[0].assets
        assert (asset.id, asset.complete) == (left.id, False)
        number = store.upload(draft, path.name, path)
        assert number != left.id
        assert [each.id for each in held.assets] == [number]

    @pytest.mark.parametrize("name", ["app (1).tar.gz", "app~1.tar.gz", "app 1.0.tar.gz", ".app"])
    def test_a_name_that_the_forge_rewrites_is_an_error(
        self, world: World, store: AssetStore, tmp_path: Path, name: str
    ) -> None:
        draft = store.create_draft(world.tag(), "app")
        with pytest.raises(ServiceError, match="stored it as"):
            store.upload(draft, name, file(tmp_path))
        assert world.repository.releases.get(draft.id).assets == []

    def test_an_immutable_release_says_so_and_stays(self, world: World, store: AssetStore, tmp_path: Path) -> None:
        world.repository.immutable_releases = True
        draft = store.create_draft(world.tag(), "app")
        number = store.upload(draft, "app.bin", file(tmp_path))
        public = store.publish(draft)
        assert public.immutable
        with pytest.raises(ServiceError, match="immutable"):
            store.delete(public, number)

    def test_a_moved_release_is_not_published(self, world: World, store: AssetStore) -> None:
        draft = store.create_draft(world.tag("v1"), "app")
        world.repository.releases.get(draft.id).tag = world.tag("v2")
        with pytest.raises(ServiceError, match="tag was changed to v2"):
            store.publish(draft)
        assert world.repository.releases.get(draft.id).draft

    def test_a_release_that_is_gone(self, world: World, store: AssetStore) -> None:
        draft = store.create_draft(world.tag(), "app")
        world.repository.releases.delete(world.repository.releases.get(draft.id))
        assert store.release(draft.id) is None
        with pytest.raises(ServiceError, match="gone"):
            store.publish(draft)

    def test_without_the_right_to_write_no_draft_is_seen(self, world: World, store: AssetStore) -> None:
        draft = store.create_draft(world.tag(), "app")
        reader = world.store(world.token(contents="read"))
        assert reader.releases(draft.tag) == ()
        assert reader.release(draft.id) is None
        with pytest.raises(ServiceError, match="refused") as caught:
            reader.create_draft(draft.tag, "app")
        assert "contents: write" in caught.value.fix
