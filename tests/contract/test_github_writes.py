"""Answers to writes get lost, bytes are not what they should be: nothing is done twice, nothing half."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.contract.faults import lose_answers
from tests.contract.world import refused

from counterseal.errors import CountersealError, ServiceError
from counterseal_sandbox.http import Response

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.world import World

    from counterseal_sandbox.http import Request

# --- writes of which nobody knows ------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), [("POST", "/git/refs"), ("PUT", "/contents/"), ("POST", "/pulls")])
def test_a_lost_answer_while_a_request_is_opened(world: World, method: str, path: str) -> None:
    lost = lose_answers(world, method, path)
    number, _ = world.forge(world.token("bob")).open_request(
        branch="counterseal-request/1", path="promotions/staging/a.json", content=b"{}\n", title="t", body="b"
    )
    assert len(lost) == 1
    assert [each.number for each in world.changes] == [number]
    assert len(world.forge().change_request(number).commits) == 1


def test_a_lost_answer_while_a_release_is_made(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"bytes")
    store, releases = world.store(), world.repository.releases
    lose_answers(world, "POST", "/releases")
    draft = store.create_draft(world.tag(), "app")
    lose_answers(world, "POST", "/assets")
    store.upload(draft, "file", tmp_path / "file")
    lose_answers(world, "PATCH", "/releases/")
    assert not store.publish(draft).draft
    (held,) = releases.list(drafts=True)
    assert [each.name for each in held.assets] == ["file"]


def test_a_write_that_never_succeeds_ends(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"bytes")
    store = world.store()
    draft = store.create_draft(world.tag(), "app")
    asked = world.answer("/assets", Response(503, b"{}"), method="POST")
    assert "503" in refused(lambda: store.upload(draft, "file", tmp_path / "file")).what
    assert len(asked) == 3
    assert world.repository.releases.get(draft.id).assets == []


# --- bytes ------------------------------------------------------------


@pytest.fixture
def stored(world: World, tmp_path: Path) -> Callable[[], None]:
    (tmp_path / "file").write_bytes(b"the bytes")
    store = world.store()
    draft = store.create_draft(world.tag(), "app")
    number = store.upload(draft, "file", tmp_path / "file")
    shown = store.release(draft.id)
    assert shown is not None
    return lambda: store.download(shown, number, tmp_path / "down", max_bytes=100)


@pytest.mark.parametrize(
    "location", ["http://evil.example/x", "ftp://127.0.0.1/x", "file:///etc/passwd", "//evil.example"]
)
def test_a_download_follows_no_unprotected_redirect(
    world: World, stored: Callable[[], None], tmp_path: Path, location: str
) -> None:
    asset = world.repository.releases.list(drafts=True)[0].assets[0]
    world.answer(f"/releases/assets/{asset.id}", Response(302, b"", {"Location": location}))
    with pytest.raises(CountersealError, match="not https"):
        stored()
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_redirect_in_circles_ends(world: World, stored: Callable[[], None]) -> None:
    asset = world.repository.releases.list(drafts=True)[0].assets[0]
    path = f"/releases/assets/{asset.id}"
    world.answer(path, Response(302, b"", {"Location": f"{world.api}/repos/{world.name}{path}"}))
    with pytest.raises(ServiceError, match="redirects"):
        stored()


@pytest.mark.parametrize("content", [b"", b"the byte", b"the bytes and more"])
def test_too_few_or_too_many_bytes(world: World, stored: Callable[[], None], tmp_path: Path, content: bytes) -> None:
    asset = world.repository.releases.list(drafts=True)[0].assets[0]
    asset.path.write_bytes(content)
    refused(stored)
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_no_token_travels_along_a_redirect(world: World, stored: Callable[[], None], tmp_path: Path) -> None:
    seen: list[dict[str, str]] = []

    def watch(prefix: str, request: Request) -> None:
        if prefix.endswith("/objects"):
            seen.append(dict(request.headers))

    world.sandbox.server.interceptors.append(watch)
    stored()
    assert (tmp_path / "down").read_bytes() == b"the bytes"
    assert len(seen) == 1
    assert "authorization" not in seen[0]


def test_an_upload_goes_to_the_forge_only(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    store = world.store()
    draft = store.create_draft(world.tag(), "app")
    elsewhere = "https://uploads.evil.example/repos/x/y/releases/1/assets{?name,label}"
    world.alter(f"/releases/{draft.id}", lambda answer: {**answer, "upload_url": elsewhere})
    error = refused(lambda: store.upload(draft, "file", tmp_path / "file"))
    assert "evil.example" in error.what
