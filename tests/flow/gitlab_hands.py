"""Hands at GitLab."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from tests.flow.hands import Call, File

from counterseal_sandbox.demo.site import MAIN, NAME, TAG
from counterseal_sandbox.demo.world import World
from counterseal_sandbox.forge.gitlab import face as gitlab
from counterseal_sandbox.service import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from counterseal_sandbox.forge.packages import Package
    from counterseal_sandbox.forge.repository import HostedRepository

PACKAGE: Final = "counterseal"
#: GitLab's words for what runs of both forges have.
JOB_WORDS: Final = {"repository": "project", "event": "source", "workflow": "configFile"}
JOB_ORDER: Final = {
    "project", "ref", "source", "actor", "configFile", "environment", "runnerEnvironment", "idToken", "apiToken",
    "jobId", "pipelineId", "name", "manual",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class GitLabHands:
    """Implements `Hands`."""

    world: World
    sandbox: Sandbox
    api = gitlab.API
    git = gitlab.GIT

    @property
    def _hosted(self) -> HostedRepository:
        return self.sandbox.forge.repository(NAME)

    def run(self, **changes: Any) -> dict[str, str]:
        return self._start({"ref": MAIN, "apiToken": True}, changes)

    def build(self, **changes: Any) -> dict[str, str]:
        return self._start({"ref": f"refs/tags/{TAG}"}, changes)

    def _start(self, start: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, str]:
        named = {JOB_WORDS.get(name, name): value for name, value in changes.items()}
        assert named.keys() <= JOB_ORDER, f"no job of GitLab has {sorted(named.keys() - JOB_ORDER)}"
        order: dict[str, Any] = {"project": NAME, "source": "push", "actor": "bob", **start, **named}
        return dict(self.world.client.job(**order))

    def call(self, login: str, method: str, path: str, body: Any = None, *, raw: bool = False) -> Any:
        """Return GitLab's answer to a person about the project."""
        url = f"{self.world.site.place.api}/projects/{quote(NAME, safe='')}{path}"
        return self.world.client.call(method, url, token=self.world.people[login].token, body=body, raw=raw)

    def _of(self, login: str, method: str, number: int, path: str = "", body: Any = None) -> None:
        self.call(login, method, f"/merge_requests/{number}{path}", body)

    def objects(self, login: str, number: int) -> None:
        self._of(login, "POST", number, "/notes", {"body": "/submit_review requested_changes"})

    def takes_back(self, login: str, number: int) -> None:
        self._of(login, "POST", number, "/unapprove")

    def merges(self, login: str, number: int, method: str) -> None:
        project = self._hosted
        project.merge_method = "ff" if method == "rebase" else "merge"
        try:
            self._of(login, "PUT", number, "/merge", {"squash": method == "squash"})
        finally:
            project.merge_method = "merge"

    def retargets(self, login: str, number: int, branch: str) -> None:
        self._of(login, "PUT", number, body={"target_branch": branch})

    def closes(self, login: str, number: int) -> None:
        self._of(login, "PUT", number, body={"state_event": "close"})

    def comments(self, number: int) -> list[str]:
        notes = self.call("bob", "GET", f"/merge_requests/{number}/notes?per_page=100")
        return [note["body"] for note in notes if not note["system"]]

    # --- the candidate -----------------------------------------------------------------------

    def _package(self) -> Package:
        package = self._hosted.packages.find(PACKAGE, TAG)
        assert package is not None, "there is no candidate"
        return package

    def draft(self) -> bool:
        return TAG not in {release["tag_name"] for release in self.call("bob", "GET", "/releases")}

    def candidate(self) -> int:
        return self._package().id

    def files(self) -> dict[str, File]:
        listed = self.call("bob", "GET", f"/packages/{self.candidate()}/package_files?per_page=100")
        files = {file["file_name"]: File(file["id"], file["file_sha256"]) for file in listed}
        assert len(files) == len(listed), "a name is there twice"
        return files

    def read(self, name: str) -> bytes:
        path = f"/packages/generic/{PACKAGE}/{TAG}/{quote(name)}"
        data: bytes = self.call("bob", "GET", path, raw=True)
        return data

    def stored(self, name: str) -> Path:
        return next(file.path for file in self._package().files if file.name == name)

    def upload(self, name: str, data: bytes) -> None:
        if any(file.name == name for file in self._package().files):
            self.remove(name)
        self.upload_beside(name, data)

    def upload_beside(self, name: str, data: bytes) -> None:
        """Let bob upload a file, beside one of the same name."""
        forge = self.sandbox.forge
        with forge.lock:
            self._hosted.packages.upload(forge.account("bob"), PACKAGE, TAG, name, data)

    def remove(self, name: str) -> None:
        """Let bob delete the newest file of a name."""
        number = [file.id for file in self._package().files if file.name == name][-1]
        self.call("bob", "DELETE", f"/packages/{self.candidate()}/package_files/{number}")

    def delete_candidate(self) -> None:
        self.call("bob", "DELETE", f"/packages/{self.candidate()}")

    @contextlib.contextmanager
    def other_release(self, tag: str, name: str, data: bytes) -> Iterator[None]:
        forge, project = self.sandbox.forge, self._hosted
        url = f"{self.world.site.place.api}/projects/{project.id}/packages/generic/{PACKAGE}/{tag}/{name}"
        with forge.lock:
            project.packages.upload(forge.account("bob"), PACKAGE, tag, name, data)
            release = project.project_releases.create(forge.account("bob"), tag, ref="main")
            project.project_releases.add_link(release, name=name, url=url, filepath=f"/{name}", link_type="package")
        try:
            yield
        finally:
            with forge.lock:
                project.project_releases.discard(release)
                package = project.packages.find(PACKAGE, tag)
                assert package is not None
                project.packages.delete(package)
                project.move_ref(f"refs/tags/{tag}", None, project.owner)

    # --- where it is done --------------------------------------------------------------------

    def upload_of(self, name: str) -> Call:
        return gitlab.API, f"/packages/generic/{PACKAGE}/{TAG}/{name}", "PUT"

    def publishing(self) -> Call:
        return gitlab.API, r"/releases\?$", "POST"

    def listing(self) -> Call:
        return gitlab.API, r"/releases\?.", "GET"

    def reading(self) -> Call:
        return gitlab.API, r"/merge_requests/\d+/approvals", "GET"
