"""The copy as its forge has it, set up as our pages ask for it, and the people and jobs that act in it."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from counterseal.forges import ForgeKind
from counterseal.identifiers import LEDGER_REF, POLICY_PATH
from counterseal_sandbox.client import Person, SandboxClient
from counterseal_sandbox.demo.site import BUILD_PERMISSIONS, GATE_PERMISSIONS, site
from counterseal_sandbox.forge.accounts import AccountKind
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.rehearsal.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterseal_sandbox.forge.repository import HostedRepository
    from counterseal_sandbox.rehearsal.plan import Job, Plan
    from counterseal_sandbox.service import Sandbox

#: At GitHub whoever may write may approve, merge and tag; at GitLab merging a protected branch is for maintainers.
_ROLE = {ForgeKind.GITHUB: "write", ForgeKind.GITLAB: "maintainer"}
_TITLE = "Rehearse this policy: the ledger is the copy's own"


class Rehearsal:
    """A copy in a running sandbox, with its routes below `/rehearsal`.

    Args:
        sandbox: Where; it answers already.
        plan: What is copied.

    Raises:
        Refused: No repository can have this name, or the clone cannot be read.
        GitError: git could not copy it.
    """

    def __init__(self, sandbox: Sandbox, plan: Plan) -> None:
        self.plan = plan
        self._sandbox = sandbox
        self._client = SandboxClient(sandbox.url)
        self._site = site(self._client, plan.kind, plan.name, plan.branch)
        numbers: dict[str, int | None] = {**plan.people, plan.asker: None}
        accounts = [sandbox.forge.create_account(login, number=number) for login, number in numbers.items()]
        self.people = {
            account.login: Person(account.id, account.login, sandbox.forge.token(account.login)) for account in accounts
        }
        self._bring(self._repository())
        Routes(self, sandbox.server)

    @property
    def clone_url(self) -> str:
        """Return where git finds the copy."""
        return f"{self._site.place.git}/{self.plan.name}.git"

    # --- setting the copy up -----------------------------------------------------------------

    def _repository(self) -> HostedRepository:
        """Return the copy with everything that was committed and tagged, set up as docs/how-to-*.md say."""
        plan, forge = self.plan, self._sandbox.forge
        owner = plan.name.partition("/")[0]
        if forge.accounts.by_login(owner) is None:
            forge.create_account(owner, AccountKind.ORGANIZATION)
        others = [login for login in self.people if login.lower() != owner.lower()]
        repository = forge.create_repository(
            plan.name,
            kind=plan.kind,
            private=plan.private,
            collaborators=dict.fromkeys(others, _ROLE[plan.kind]),
            number=plan.number,
        )
        head = f"refs/heads/{plan.branch}"
        with repository.pushing(repository.owner):
            wanted = (f"HEAD:{head}", "refs/tags/*:refs/tags/*")
            repository.git.run("fetch", "--quiet", str(plan.folder), *wanted)
        if repository.branch(plan.branch) != plan.revision:
            raise Refused(f"{plan.folder} has another commit now than it had a moment ago")
        repository.git.run("symbolic-ref", "HEAD", head)
        repository.default_branch = plan.branch
        repository.protect((head, LEDGER_REF, *plan.protected))
        repository.immutable_releases = plan.kind is ForgeKind.GITHUB
        repository.job_token_may_push = True
        repository.schedule(forge.account(next(iter(plan.people))), head)
        return repository

    def _bring(self, repository: HostedRepository) -> None:
        """Bring the copy's policy by a change request, so that a tag on what it leaves is on reviewed code."""
        plan = self.plan
        branch, asker = f"{plan.branch}-rehearsal", self._sandbox.forge.account(plan.asker)
        files = {POLICY_PATH: plan.policy}
        repository.commit_files(branch, files, asker, _TITLE, start=plan.revision)
        number = self._site.propose(self.people[plan.asker], branch, _TITLE)
        self.approve(number, plan.approver)
        self.merge(number, plan.asker)
        repository.move_ref(f"refs/heads/{branch}", None, asker)
        repository.only_by_change_requests()

    # --- what its people and its jobs are ----------------------------------------------------

    def person(self, login: str) -> Mapping[str, str]:
        """Return the environment in which one of its people runs counterseal and git.

        Raises:
            Refused: It is nobody of the rehearsal.
        """
        who = self._who(login)
        password = b64encode(f"{who.login}:{who.token}".encode()).decode()
        settings = {
            f"http.{self._site.place.git}/.extraHeader": f"Authorization: Basic {password}",
            "user.name": who.login,
            "user.email": self._site.address(who),
            "commit.gpgSign": "false",
            "tag.gpgSign": "false",
        }
        variables = {**self._site.environment(who), "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_COUNT": str(len(settings))}
        for number, (key, value) in enumerate(settings.items()):
            variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return variables

    def build(self, tag: str) -> Mapping[str, str]:
        """Return the environment of the builder's job for a tag."""
        return self._job(self.plan.builder, f"refs/tags/{tag}", BUILD_PERMISSIONS)

    def gate(self) -> Mapping[str, str]:
        """Return the environment of a job of the gate."""
        return self._job(self.plan.gate, self.plan.gate.ref or f"refs/heads/{self.plan.branch}", GATE_PERMISSIONS)

    def approve(self, number: int, login: str) -> None:
        """Let somebody approve a change request at its head."""
        self._site.review(self._who(login), number, "APPROVE")

    def merge(self, number: int, login: str) -> None:
        """Let somebody squash and merge a change request."""
        self._site.merge(self._who(login), number)

    def _who(self, login: str) -> Person:
        if login not in self.people:
            raise Refused(f"{login[:80]!r} is nobody of this rehearsal: {', '.join(self.people)}", 404)
        return self.people[login]

    def _job(self, job: Job, ref: str, permissions: Mapping[str, str]) -> Mapping[str, str]:
        plan = self.plan
        shared = {"ref": ref, "actor": plan.asker, "environment": job.environment, "runnerEnvironment": job.runner}
        if plan.kind is ForgeKind.GITLAB:
            return self._client.job(
                project=plan.name, source=job.event, configFile=job.file, apiToken=job is plan.gate, **shared
            )
        return self._client.run(
            repository=plan.name,
            workflow=job.file,
            event=job.event,
            permissions=permissions,
            gateRevision=job.revision,
            **shared,
        )
