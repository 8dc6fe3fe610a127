"""The sandbox: two forges with their CI, and the keyless services, in one process on loopback; no part of the trust.

Control calls (JSON and sent as such, no token: whoever reaches loopback owns this world), all answers JSON; a member
that a call does not know is refused, as is a `ref` that is none:

    GET  /trust                                    the trust document: root, issuers, released gates
    POST /users         {login, kind?, id?}        → {id, login, token}; kind User, Bot or Organization
    POST /tokens        {login}                    → {token}
    POST /repositories  {owner, name, private?, collaborators?: {login: role}, protected?: [pattern],
                         actionsMayApprove?, immutableReleases?}   → {id, name, cloneUrl}
                        with forge: "gitlab" a project, whose `name` may have subgroups before it:
                        {…, jobTokenMayPush?, authorMayApprove?, resetApprovalsOnPush?, mergeMethod?: merge|ff,
                         schedule?: cron, a pipeline schedule on the default branch}
    POST /settings      {repository, archived?, bypassers?: [GitHub's actor type, :number], forced?: [pattern],
                         staleApprovals?, lastPushApproved?, forkApproval?, workflows?: {file: state},
                         immutableReleases?, actionsMayApprove?, jobTokenMayPush?, pipelineVariables?: role,
                         forkPipelinesRunHere?, variables?: [{key, group?, protected?, masked?}]}   → {repository}
    POST /refs          {repository, ref, revision?, actor?}   an administrator's hand: moves or deletes
                         any ref, protected or not → {ref, revision}
    POST /runs          {repository, workflow, ref, event, actor, triggeringActor?, attempt?, runId?,
                         gateRevision?, permissions?: {name: read|write}, runnerEnvironment?, environment?}
                         → {environment: {NAME: value}}, the variables of that CI run
    POST /jobs          {project, ref, source, actor, configFile?, environment?, runnerEnvironment?,
                         idToken?: bool (true) or {variable: audience}, apiToken?: bool (false), jobId?, pipelineId?}
                         → {environment: {NAME: value}}, the variables of that job of GitLab CI; `source` is GitLab's
                         pipeline source; with merge_request_event the ref is the source branch, or
                         refs/merge-requests/N/head
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from counterseal.forges import ForgeKind
from counterseal.formats import digests
from counterseal_sandbox.forge.git.objects import GitError
from counterseal_sandbox.forge.github.face import API, GIT, GitHubFace
from counterseal_sandbox.forge.github.git import GitHttp
from counterseal_sandbox.forge.gitlab import face as gitlab
from counterseal_sandbox.forge.gitlab.git import GitLabHttp
from counterseal_sandbox.forge.jobs import JobOrder, Jobs
from counterseal_sandbox.forge.model import Forge
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.forge.runs import RunOrder, Runs
from counterseal_sandbox.forge.settings import SETTINGS, VariableRecord
from counterseal_sandbox.http import LoopbackServer, json_response
from counterseal_sandbox.keyless import Keyless

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Self

    from counterseal_sandbox.forge.repository import HostedRepository
    from counterseal_sandbox.http import Request, Response
    from counterseal_sandbox.keys import Keys

#: The revision of counterseal's gate workflow that the sandbox counts as released unless told otherwise.
DEFAULT_GATE_REVISION: Final = "5ea1" * 10


_KNOWN: Final[dict[str, frozenset[str]]] = {
    path: frozenset(members.split())
    for path, members in {
        "/users": "login kind id",
        "/tokens": "login",
        "/repositories": "forge owner name private collaborators protected actionsMayApprove immutableReleases "
        "jobTokenMayPush authorMayApprove resetApprovalsOnPush mergeMethod schedule",
        "/refs": "repository ref revision actor",
        "/runs": "repository workflow ref event actor triggeringActor attempt runId gateRevision permissions "
        "runnerEnvironment environment",
        "/jobs": "project ref source actor configFile environment runnerEnvironment idToken apiToken jobId pipelineId "
        "name manual",
        "/protection": "repository",
        "/settings": f"repository forced variables {' '.join(SETTINGS)}",
    }.items()
}
#: A full ref as git allows it (git-check-ref-format).
_NO_REF: Final = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|//|@\{|(^|/)\.|\.lock(/|$)|[./]$")


class Sandbox:
    """The whole sandbox on one loopback server.

    Args:
        state: A folder for git objects and assets; need not exist.
        port: Port on 127.0.0.1; 0 takes a free one.
        released: Revisions of the gate workflow that count as released in this world.
        keys: Of the keyless services; fresh ones if None, which take a tenth of a second to make.

    Attributes:
        server: The HTTP server; its `interceptors` make services slow, broken or dishonest.
        forge: The model of the forge, for tests and drills.
        face: GitHub's REST face of it.
        gitlab: GitLab's REST face of it.
        keyless: The keyless services.
    """

    def __init__(
        self,
        state: Path,
        *,
        port: int = 0,
        released: Sequence[str] = (DEFAULT_GATE_REVISION,),
        keys: Keys | None = None,
    ) -> None:
        state.mkdir(parents=True, exist_ok=True)
        self.server = LoopbackServer(port)
        self.forge = Forge(state)
        self.face = GitHubFace(self.forge, self.server)
        self.gitlab = gitlab.GitLabFace(self.forge, self.server)
        GitHttp(self.forge, self.server)
        GitLabHttp(self.forge, self.server)
        self.keyless = Keyless(self.server, keys)
        self._released = tuple(released)
        self._runs = Runs(self.forge, self.keyless.issuer.start_run, api=self.url + API, site=self.url + GIT)
        self._jobs = Jobs(
            self.forge,
            self.keyless.gitlab.job_token,
            server=self.keyless.gitlab.url,
            api=self.url + gitlab.API,
            site=self.url + gitlab.GIT,
        )
        calls: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "/users": self._create_user,
            "/tokens": self._create_token,
            "/repositories": self._create_repository,
            "/refs": self._move_ref,
            "/runs": self._start_run,
            "/jobs": self._start_job,
            "/protection": self._protect,
            "/settings": self._set,
        }
        for path, call in calls.items():
            self.server.mount(path, partial(self._control, call, _KNOWN[path]))
        self.server.mount("/trust", lambda _: json_response(self.keyless.trust_document(self._released)))

    @property
    def url(self) -> str:
        """Return the URL of everything, without a slash at the end."""
        return self.server.url

    def start(self) -> None:
        """Begin to answer."""
        self.server.start()

    def stop(self) -> None:
        """Stop answering."""
        self.server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- control calls -----------------------------------------------------------------------

    def _control(
        self, call: Callable[[dict[str, Any]], dict[str, Any]], known: frozenset[str], request: Request
    ) -> Response:
        if request.method != "POST":
            return json_response({"message": "control calls are POST"}, 405)
        try:
            body = _body(request, known)
            with self.forge.lock:
                return json_response(call(body), 201)
        except KeyError as error:
            return json_response({"message": f"missing: {error.args[0]}"}, 422)
        except (TypeError, ValueError, AttributeError) as error:
            return json_response({"message": f"not a usable call: {error}"}, 422)
        except (Refused, GitError) as refused:
            return json_response({"message": str(refused)}, getattr(refused, "status", 422))

    def _create_user(self, body: dict[str, Any]) -> dict[str, Any]:
        account = self.forge.create_account(body["login"], body.get("kind", "User"), body.get("id"))
        return {"id": account.id, "login": account.login, "token": self.forge.token(account.login)}

    def _create_token(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"token": self.forge.token(body["login"])}

    def _create_repository(self, body: dict[str, Any]) -> dict[str, Any]:
        name, kind = f"{body['owner']}/{body['name']}", ForgeKind(body.get("forge", ForgeKind.GITHUB))
        repository = self.forge.create_repository(
            name, kind=kind, private=bool(body.get("private")), collaborators=body.get("collaborators")
        )
        if "protected" in body:
            repository.protect(tuple(body["protected"]))
        repository.actions_may_approve = bool(body.get("actionsMayApprove"))
        repository.immutable_releases = bool(body.get("immutableReleases"))
        repository.job_token_may_push = bool(body.get("jobTokenMayPush"))
        repository.author_may_approve = bool(body.get("authorMayApprove"))
        repository.reset_approvals_on_push = bool(body.get("resetApprovalsOnPush"))
        if (method := body.get("mergeMethod", "merge")) not in ("merge", "ff"):
            raise Refused(f"{method!r} is no merge method: merge or ff")
        repository.merge_method = method
        if cron := body.get("schedule"):
            repository.schedule(repository.owner, f"refs/heads/{repository.default_branch}", str(cron))
        site = gitlab.GIT if kind is ForgeKind.GITLAB else GIT
        return {"id": repository.id, "name": name, "cloneUrl": f"{self.url}{site}/{name}.git"}

    def _move_ref(self, body: dict[str, Any]) -> dict[str, Any]:
        repository, revision = self.forge.repository(body["repository"]), body.get("revision")
        account = self.forge.account(body["actor"]) if "actor" in body else repository.owner
        repository.move_ref(body["ref"], revision, account)
        return {"ref": body["ref"], "revision": revision}

    def _protect(self, body: dict[str, Any]) -> dict[str, Any]:
        self.forge.repository(body["repository"]).only_by_change_requests()
        return {"repository": body["repository"]}

    def _set(self, body: dict[str, Any]) -> dict[str, Any]:
        repository = self.forge.repository(body["repository"])
        _change(repository, {name: value for name, value in body.items() if name != "repository"})
        return {"repository": body["repository"]}

    def _start_run(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"environment": self._runs.start(RunOrder.from_json(body))}

    def _start_job(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"environment": self._jobs.start(JobOrder.from_json(body))}


def _body(request: Request, known: frozenset[str]) -> dict[str, Any]:
    """Return the body of a control call; refused are members that are not known, and a ref or revision that is none."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused("control calls are JSON: content-type: application/json", 415)
    body = request.json()
    if not isinstance(body, dict):
        raise Refused("not a usable call: its body is no JSON object")
    if unknown := sorted(body.keys() - known):
        raise Refused(f"unknown: {str(unknown[0])[:80]!r}; known are {', '.join(sorted(known))}")
    ref, revision = body.get("ref", "refs/"), body.get("revision")
    if not isinstance(ref, str) or not ref.startswith("refs/") or (ref != "refs/" and _NO_REF.search(ref)):
        raise Refused(f"{str(ref)[:80]!r} is no ref (give it in full, like refs/heads/main)")
    if revision is not None and not digests.is_revision(revision):
        raise Refused(f"{str(revision)[:80]!r} is no full revision")
    return body


def _change(repository: HostedRepository, values: Mapping[str, Any]) -> None:
    """Set switches of a repository, by the names that a control call has for them.

    Raises:
        Refused: A value is of the wrong type.
    """
    for name, value in values.items():
        wanted = SETTINGS[name][1] if name in SETTINGS else list
        if not isinstance(value, wanted):
            raise Refused(f"{name!r} is no {wanted.__name__}")
    for name, value in values.items():
        if name == "forced":
            repository.let_force([str(pattern) for pattern in value])
        elif name == "variables":
            repository.settings.variables = [VariableRecord(**each) for each in value]
        else:
            attribute = SETTINGS[name][0]
            owner = repository.settings if hasattr(repository.settings, attribute) else repository
            setattr(owner, attribute, tuple(value) if isinstance(value, list) else value)
