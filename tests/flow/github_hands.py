"""Hands at GitHub."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.flow.hands import Call, File

from counterseal_sandbox.demo.site import MAIN, NAME, TAG
from counterseal_sandbox.demo.world import World
from counterseal_sandbox.forge.github import face as github
from counterseal_sandbox.service import DEFAULT_GATE_REVISION, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from counterseal_sandbox.forge.repository import HostedRepository

GATE_PERMISSIONS = {"contents": "write", "pull-requests": "write", "actions": "read", "id-token": "write"}


@dataclass(frozen=True, slots=True)
class GitHubHands:
    """Implements `Hands`."""

    world: World
    sandbox: Sandbox
    api = github.API
    git = github.GIT

    @property
    def _hosted(self) -> HostedRepository:
        return self.sandbox.forge.repository(NAME)

    def run(self, **changes: Any) -> dict[str, str]:
        return self._start(".github/workflows/promote.yml", MAIN, GATE_PERMISSIONS, DEFAULT_GATE_REVISION, changes)

    def build(self, **changes: Any) -> dict[str, str]:
        permissions = {"contents": "write", "id-token": "write"}
        return self._start(".github/workflows/release.yml", f"refs/tags/{TAG}", permissions, None, changes)

    def _start(
        self, workflow: str, ref: str, permissions: Mapping[str, str], gate: str | None, changes: Mapping[str, Any]
    ) -> dict[str, str]:
        order: dict[str, Any] = {
            "repository": NAME,
            "workflow": workflow,
            "ref": ref,
            "event": "push",
            "actor": "bob",
            "gateRevision": gate,
            "permissions": permissions,
            **changes,
        }
        return dict(self.world.client.run(**{key: value for key, value in order.items() if value is not None}))

    def _call(self, login: str, method: str, path: str, body: Any = None) -> Any:
        return self.world.client.as_person(self.world.people[login], method, f"/repos/{NAME}{path}", body)

    def objects(self, login: str, number: int) -> None:
        self._call(login, "POST", f"/pulls/{number}/reviews", {"event": "REQUEST_CHANGES", "body": "not yet"})

    def takes_back(self, login: str, number: int) -> None:
        account = self.world.people[login].id
        review = [review for review in self._hosted.changes.get(number).reviews if review.account == account][-1]
        self._call("alice", "PUT", f"/pulls/{number}/reviews/{review.id}/dismissals", {"message": "outdated"})

    def merges(self, login: str, number: int, method: str) -> None:
        self._call(login, "PUT", f"/pulls/{number}/merge", {"merge_method": method})

    def retargets(self, login: str, number: int, branch: str) -> None:
        self._call(login, "PATCH", f"/pulls/{number}", {"base": branch})

    def closes(self, login: str, number: int) -> None:
        self._call(login, "PATCH", f"/pulls/{number}", {"state": "closed"})

    def comments(self, number: int) -> list[str]:
        return [comment["body"] for comment in self._call("bob", "GET", f"/issues/{number}/comments")]

    # --- the candidate -----------------------------------------------------------------------

    def release(self) -> Any:
        """Return the release of the tag, a draft too, as a maintainer sees it."""
        return next(release for release in self._call("bob", "GET", "/releases") if release["tag_name"] == TAG)

    def draft(self) -> bool:
        return bool(self.release()["draft"])

    def candidate(self) -> int:
        return int(self.release()["id"])

    def files(self) -> dict[str, File]:
        assets = self.release()["assets"]
        assert {asset["state"] for asset in assets} <= {"uploaded"}
        return {asset["name"]: File(asset["id"], asset["digest"].removeprefix("sha256:")) for asset in assets}

    def read(self, name: str) -> bytes:
        url = f"{self.world.client.api}/repos/{NAME}/releases/assets/{self.files()[name].id}"
        data: bytes = self.world.client.call("GET", url, token=self.world.people["bob"].token, raw=True)
        return data

    def stored(self, name: str) -> Path:
        release = self._hosted.releases.get(self.candidate())
        return next(asset.path for asset in release.assets if asset.name == name)

    def upload(self, name: str, data: bytes) -> None:
        if name in self.files():
            self.remove(name)
        forge, releases = self.sandbox.forge, self._hosted.releases
        number = self.candidate()
        with forge.lock:
            releases.upload(releases.get(number), forge.account("bob"), name, data)

    def remove(self, name: str) -> None:
        self._call("bob", "DELETE", f"/releases/assets/{self.files()[name].id}")

    def delete_candidate(self) -> None:
        self._call("bob", "DELETE", f"/releases/{self.candidate()}")

    @contextlib.contextmanager
    def other_release(self, tag: str, name: str, data: bytes) -> Iterator[None]:
        forge, repository = self.sandbox.forge, self._hosted
        with forge.lock:
            release = repository.releases.create(forge.account("bob"), tag, target="main")
            repository.releases.upload(release, forge.account("bob"), name, data)
        try:
            yield
        finally:
            with forge.lock:
                repository.releases.delete(release)
                repository.move_ref(f"refs/tags/{tag}", None, repository.owner)

    # --- where it is done --------------------------------------------------------------------

    def upload_of(self, name: str) -> Call:
        return github.UPLOADS, f"name={name}", "POST"

    def publishing(self) -> Call:
        return github.API, r"/releases/\d+", "PATCH"

    def listing(self) -> Call:
        return github.API, r"/releases\?", "GET"

    def reading(self) -> Call:
        return github.API, r"/pulls/\d+/reviews", "GET"
