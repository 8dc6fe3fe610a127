"""A history, played on GitHub's face and on GitLab's of one sandbox, and read there by the real adapters.

What people do goes over HTTP with their own tokens, so each forge refuses what it refuses; pushes and rights are told
to the model. Every history has a repository with fresh books over the git objects of the ones before it, and commits
are made once: their ids are those of equal histories, so a push can really bring an old head back.
"""

from __future__ import annotations

import dataclasses
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from tests import evidence_samples as samples
from tests.contract.world import MAIN, GitLabWorld, World
from tests.flow.histories import (
    GROUPS,
    NOBODY,
    WRITERS,
    Approve,
    Demand,
    Dismiss,
    History,
    Lose,
    Merge,
    Open,
    Push,
    PushBack,
    Retarget,
    Revive,
    Say,
    Step,
    TakeBack,
)

from counterseal.adapters.gitlab.access import GitLabTokens
from counterseal.errors import ServiceError
from counterseal.evaluation.rules import RULES, enough_reviews
from counterseal.gate.collect import permissions
from counterseal.model import Counted, Dismissed, Finding, FindingOutcome, Person
from counterseal.render.findings import not_counted
from counterseal_sandbox.client import SandboxClient
from counterseal_sandbox.forge.accounts import Role
from counterseal_sandbox.forge.git.bare import BareRepository
from counterseal_sandbox.forge.git.objects import GitError, Signature

if TYPE_CHECKING:
    from counterseal.evaluation.evidence import Evidence
    from counterseal_sandbox.forge.accounts import Account
    from counterseal_sandbox.forge.change import Change
    from counterseal_sandbox.service import Sandbox

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
OWNER = "olga"
PEOPLE = {"rita": 1021, OWNER: 1030}
_BRANCHES = count(1)
#: A forge's word for "you may not".
_REFUSED = re.compile(r": (401|403|404|405|409|422)$")


class RememberingGit(BareRepository):
    """A repository that is asked about commits with full ids only once: the answer cannot change."""

    ABOUT_COMMITS = ("diff", "merge-base", "rev-list", "show")
    FIXED = re.compile(r"-.*|\^?[0-9a-f]{40}")

    def __init__(self, other: BareRepository) -> None:
        super().__init__(other.path)
        self._heads = other._heads
        self._told: dict[tuple[str, ...], bytes | GitError] = {}

    def run(self, *arguments: str, data: bytes | None = None, **variables: str) -> bytes:
        if arguments[0] not in self.ABOUT_COMMITS or not all(map(self.FIXED.fullmatch, arguments[1:])):
            return super().run(*arguments, data=data, **variables)
        if arguments not in self._told:
            try:
                self._told[arguments] = super().run(*arguments)
            except GitError as error:
                self._told[arguments] = error
        told = self._told[arguments]
        if isinstance(told, GitError):
            raise told
        return told


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What each step of a history came to at one forge, and what the rules say of that there; `bot` is its login."""

    forge: str
    happened: tuple[tuple[Step, ...], ...]
    findings: Mapping[str, Finding]
    bot: str

    @property
    def log(self) -> tuple[Step, ...]:
        return tuple(step for steps in self.happened for step in steps)

    def counted(self, rule: str) -> frozenset[str]:
        return self._names(self.findings[rule].counted)

    def dismissed(self, rule: str) -> frozenset[str]:
        return self._names(self.findings[rule].dismissed)

    def _names(self, people: Iterable[Counted | Dismissed]) -> frozenset[str]:
        who = (person.actor.login if person.actor else "nobody" for person in people)
        return frozenset("bot" if login == self.bot else login for login in who)

    @property
    def codes(self) -> dict[str, str]:
        return {rule: finding.code for rule, finding in self.findings.items()}

    @property
    def allowed(self) -> bool:
        return all(finding.outcome is FindingOutcome.SATISFIED for finding in self.findings.values())

    def __str__(self) -> str:
        lines = [str(step) for step in self.log]
        for rule, finding in self.findings.items():
            left_out = map(not_counted, finding.dismissed)
            lines += [f"{rule}: {finding.code}: {finding.data}", *(f"  not {who}: {why}" for who, why in left_out)]
        return "\n".join((f"At {self.forge}", *(f"  {line}" for line in lines)))


class Face(ABC):
    """One forge; `play` lets a history happen there."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.repository = world.repository
        for login, number in PEOPLE.items():
            if world.model.accounts.by_login(login) is None:
                world.model.create_account(login, number=number)
        self.repository.git = RememberingGit(self.repository.git)
        self.tree = self.repository.git.tree_with(world.first, "promotions/production/x.json", b"{}\n")
        self.client = SandboxClient(world.sandbox.url)
        self.bot = self._bot()
        self._tokens: dict[str, str] = {}
        self._commits: dict[tuple[str, str, str], str] = {}
        self.repository.roles[world.who(OWNER).id] = Role.ADMIN
        self._others = dict(self.repository.roles)
        self.clock = START

    # --- who -----------------------------------------------------------------------------

    def account(self, login: str) -> Account:
        return self.bot if login == "bot" else self.world.who(login)

    def token(self, login: str) -> str:
        if login not in self._tokens:
            self._tokens[login] = self.world.model.token(self.account(login).login)
        return self._tokens[login]

    @property
    def change(self) -> Change:
        assert self._opened, "a history begins with a push and the request"
        return self._opened

    def may_write(self, login: str) -> bool:
        return self.repository.role(self.account(login)) >= Role.WRITE

    def call(self, login: str, method: str, path: str, **body: Any) -> Any:
        return self.client.call(method, self.world.api + path, token=self.token(login), body=body)

    # --- a history -----------------------------------------------------------------------

    def play(self, history: History) -> Outcome:
        self._begin(history)
        happened = tuple(self._try(step) for step in history.steps)
        return Outcome(self.world.host, happened, self._judge(), self.bot.login)

    def _try(self, step: Step) -> tuple[Step, ...]:
        """Let a step happen with the method of its name, and return what happened: nothing if the forge refuses."""
        self.clock += timedelta(seconds=5)
        try:
            happened: tuple[Step, ...] = getattr(self, type(step).__name__.lower())(step)
        except ServiceError as error:
            if _REFUSED.search(error.what):
                return ()
            raise
        return happened

    def _begin(self, history: History) -> None:
        """Let the repository be as it was at first, but for git objects and names of branches."""
        repository, model = self.repository, self.world.model
        model.clock = lambda: self.clock
        repository.changes = type(repository.changes)(repository)
        repository.activity.clear()
        repository.roles = self._others | {self.account(login).id: Role.WRITE for login in WRITERS}
        repository.actions_may_approve = True
        repository.author_may_approve = history.author_may_approve
        repository.reset_approvals_on_push = history.push_resets
        repository.merge_method = "merge"
        refs = "".join(f"update refs/heads/{branch} {self.world.first}\n" for branch in ("main", "stable"))
        repository.git.run("update-ref", "--stdin", data=refs.encode())
        self.branch = f"work-{next(_BRANCHES)}"
        self.head = self.first = ""
        self._opened: Change | None = None

    # --- steps that are the same everywhere ----------------------------------------------

    def push(self, step: Push | PushBack) -> tuple[Step, ...]:
        """Push, if that person may and it changes anything.

        What was merged is not pushed back after the merge: both adapters then take the late pushers for makers, which
        lets nobody in.
        """
        if isinstance(step, Push):
            sha = self._commit(self.world.first if step.over or not self.head else self.head, step)
        else:
            sha = self.first
        late = self._opened is not None and self._opened.merged and sha == self._opened.head
        if late or sha == self.head or not self.may_write(step.who):
            return ()
        self.repository.move_branch(self.branch, sha, self.account(step.who))
        self.head, self.first = sha, self.first or sha
        return (step,)

    def pushback(self, step: PushBack) -> tuple[Step, ...]:
        return self.push(step)

    def open(self, step: Open) -> tuple[Step, ...]:
        self._opened = self.repository.changes.get(self.ask(step.who))
        return (step,)

    def demand(self, step: Demand) -> tuple[Step, ...]:
        """Ask for changes; who may not write can do that at GitHub only, where it denies, so they do not here."""
        if not self.may_write(step.who):
            return ()
        self.object(step.who)
        return (step,)

    def dismiss(self, step: Dismiss) -> tuple[Step, ...]:
        """Dismiss, if there is anything to dismiss."""
        return (step,) if self.end_demand(step.who, step.whose) else ()

    def lose(self, step: Lose) -> tuple[Step, ...]:
        number = self.account(step.who).id
        self.repository.roles.pop(number, None)
        if step.read:
            self.repository.roles[number] = Role.READ
        return (step,)

    def retarget(self, step: Retarget) -> tuple[Step, ...]:
        """Turn to another branch; where that changes nothing, one forge says no and the other says nothing."""
        if self.change.merged or self.change.base_branch == step.branch:
            return ()
        if step.branch == "own":
            self.repository.move_branch("own", self.head, self.account(step.who))
        self.turn(step.who, step.branch)
        return (step,)

    def revive(self, step: Revive) -> tuple[Step, ...]:
        """Delete the branch and make it again, through the API; what is merged stays as it is."""
        if self.change.merged or not self.may_write(step.who):
            return ()
        self.delete_branch(OWNER)
        self.make_branch(step.who)
        self.open_again(OWNER)
        return (step,)

    def _commit(self, parent: str, push: Push) -> str:
        key = parent, push.author, push.co_author
        if key not in self._commits:
            person = Signature(push.author, self._address(push.author), START)
            trailer = f"\n\nCo-authored-by: x <{self._address(push.co_author)}>" if push.co_author else ""
            commit = self.repository.git.commit_tree(
                self.tree, [parent], f"Ask{trailer}", author=person, committer=person
            )
            self._commits[key] = commit
        return self._commits[key]

    def _address(self, login: str) -> str:
        if login == NOBODY:
            return "nobody@elsewhere.example"
        return self.account(login).noreply_at(self.repository.kind)

    # --- what each forge does in its own way ---------------------------------------------

    @abstractmethod
    def ask(self, login: str) -> int:
        """Open the request."""

    @abstractmethod
    def approve(self, step: Approve) -> tuple[Step, ...]: ...

    @abstractmethod
    def takeback(self, step: TakeBack) -> tuple[Step, ...]: ...

    @abstractmethod
    def object(self, login: str) -> None:
        """Ask for changes."""

    @abstractmethod
    def end_demand(self, login: str, whose: str) -> bool:
        """Do what the forge has to make a demand for changes go away; return whether that is the end of it there."""

    @abstractmethod
    def say(self, step: Say) -> tuple[Step, ...]: ...

    @abstractmethod
    def turn(self, login: str, branch: str) -> None:
        """Aim at another branch."""

    @abstractmethod
    def delete_branch(self, login: str) -> None: ...

    @abstractmethod
    def make_branch(self, login: str) -> None:
        """Make the branch where it was, as "Restore branch" does."""

    @abstractmethod
    def open_again(self, login: str) -> None: ...

    @abstractmethod
    def merge(self, step: Merge) -> tuple[Step, ...]: ...

    @abstractmethod
    def reader(self) -> Any:
        """Return the adapter, as a run of the gate has it."""

    @abstractmethod
    def _bot(self) -> Account: ...

    # --- what it comes to ----------------------------------------------------------------

    def _judge(self) -> dict[str, Finding]:
        evidence, options = self._evidence(), enough_reviews.Options(1, {"maintainers": 1})
        return {
            rule: RULES[rule].judge(evidence, options if rule == enough_reviews.NAME else RULES[rule].options())
            for rule in ("review-of-this-revision", "enough-reviews", "author-did-not-approve")
        }

    def _evidence(self) -> Evidence:
        host, forge = self.world.host, self.reader()
        change = forge.change_request(self.change.number)
        if change.merged and change.base_ref == MAIN:
            assert forge.change_request_of(change.merge_revision, MAIN) == change
        people = {login: self.account(login).id for login in (*WRITERS, "rita")}
        groups = {
            group: tuple(Person(host, people[login], login) for login in logins) for group, logins in GROUPS.items()
        }
        content = dataclasses.replace(
            samples.CONTENT, requested_by=Person(host, 1020, "erin"), valid_until=self.clock + timedelta(days=1)
        )
        start = samples.evidence(
            now=self.clock,
            home=forge.repository(),
            run=dataclasses.replace(samples.RUN, repository=forge.repository()),
            policy=dataclasses.replace(samples.POLICY, groups=groups),
            change=change,
            permissions=permissions(forge, change),
        )
        return samples.with_request(start, content=content)


class GitHub(Face):
    """GitHub: a review has its revision, and stays; a maintainer can dismiss it."""

    def __init__(self, sandbox: Sandbox) -> None:
        world = World(sandbox)
        super().__init__(world)
        self._gate = world.token()
        self._approvals: dict[str, int] = {}  # the last one of each person that stands
        self._demands: dict[str, list[int]] = {}

    def _begin(self, history: History) -> None:
        super()._begin(history)
        self._approvals.clear()
        self._demands.clear()

    def reader(self) -> Any:
        return self.world.forge(self._gate)

    def _bot(self) -> Account:
        return self.world.model.accounts.actions_bot

    def token(self, login: str) -> str:
        if login == "bot" and login not in self._tokens:
            self._tokens[login] = self.world.token(pull_requests="write", contents="write")
        return super().token(login)

    def _at(self, path: str = "") -> str:
        return f"/repos/{self.world.name}/pulls/{self.change.number}{path}"

    def ask(self, login: str) -> int:
        path = f"/repos/{self.world.name}/pulls"
        number: int = self.call(login, "POST", path, head=self.branch, base="main", title="Promote")["number"]
        return number

    def _review(self, login: str, event: str, text: str = "") -> int:
        number: int = self.call(login, "POST", self._at("/reviews"), event=event, body=text)["id"]
        return number

    def approve(self, step: Approve) -> tuple[Step, ...]:
        self._approvals[step.who] = self._review(step.who, "APPROVE")
        return (step,)

    def takeback(self, step: TakeBack) -> tuple[Step, ...]:
        last = self._approvals.pop(step.who, None)
        if last is None:
            return ()
        self.call(OWNER, "PUT", self._at(f"/reviews/{last}/dismissals"), message="no")
        return (step,)

    def object(self, login: str) -> None:
        self._demands.setdefault(login, []).append(self._review(login, "REQUEST_CHANGES", "please"))
        self._approvals.pop(login, None)

    def end_demand(self, login: str, whose: str) -> bool:
        if not (demands := self._demands.get(whose)):
            return False
        self.call(login, "PUT", self._at(f"/reviews/{demands[-1]}/dismissals"), message="no")
        demands.pop()
        return True

    def say(self, step: Say) -> tuple[Step, ...]:
        self._review(step.who, "COMMENT", step.text)
        return (step,)

    def turn(self, login: str, branch: str) -> None:
        self.call(login, "PATCH", self._at(), base=branch)

    def delete_branch(self, login: str) -> None:
        self.call(login, "DELETE", f"/repos/{self.world.name}/git/refs/heads/{self.branch}")

    def make_branch(self, login: str) -> None:
        path = f"/repos/{self.world.name}/git/refs"
        self.call(login, "POST", path, ref=f"refs/heads/{self.branch}", sha=self.head)

    def open_again(self, login: str) -> None:
        self.call(login, "PATCH", self._at(), state="open")

    def merge(self, step: Merge) -> tuple[Step, ...]:
        self.call(step.who, "PUT", self._at("/merge"), merge_method=step.method)
        return (step,)


class GitLab(Face):
    """GitLab: an approval is a fact of now, which notes and versions tell the history of."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.project = GitLabWorld(sandbox)
        self._tokens_of_gate = GitLabTokens(job="", api="")
        super().__init__(self.project)
        self._tokens_of_gate = GitLabTokens(job=self.project.job(OWNER), api=self.project.reading())
        self._others = dict(self.repository.roles)

    def reader(self) -> Any:
        return self.project.forge(self._tokens_of_gate)

    def _bot(self) -> Account:
        return self.project.bot(Role.WRITE)

    def _at(self, path: str = "") -> str:
        return f"/projects/{self.repository.id}/merge_requests/{self.change.number}{path}"

    def ask(self, login: str) -> int:
        path = f"/projects/{self.repository.id}/merge_requests"
        answer = self.call(login, "POST", path, source_branch=self.branch, target_branch="main", title="Promote")
        number: int = answer["iid"]
        return number

    def push(self, step: Push | PushBack) -> tuple[Step, ...]:
        """Push; the project may be one where that takes approvals back."""
        before = list(self._opened.approvals) if self._opened else []
        steps = super().push(step)
        return (*steps, *(TakeBack(self._login(number)) for number in before if number not in self.change.approvals))

    def _login(self, number: int) -> str:
        return next(login for login in (*WRITERS, "rita") if self.account(login).id == number)

    def approve(self, step: Approve) -> tuple[Step, ...]:
        """Approve; who does already has to take that back first."""
        taken_back = self.takeback(TakeBack(step.who))
        self.call(step.who, "POST", self._at("/approve"))
        return (*taken_back, step)

    def takeback(self, step: TakeBack) -> tuple[Step, ...]:
        if self.account(step.who).id not in self.change.approvals:
            return ()
        self.call(step.who, "POST", self._at("/unapprove"))
        return (step,)

    def object(self, login: str) -> None:
        self.call(login, "POST", self._at("/notes"), body="/submit_review requested_changes")

    def end_demand(self, login: str, whose: str) -> bool:
        """Ask for another review: GitLab then shows no demand any more, but nobody has taken it back."""
        if self.account(whose).id in self.change.reviewers:
            self.call(login, "POST", self._at("/notes"), body=f"/request_review @{self.account(whose).login}")
        return False

    def say(self, step: Say) -> tuple[Step, ...]:
        self.call(step.who, "POST", self._at("/notes"), body=step.text)
        return (step,)

    def turn(self, login: str, branch: str) -> None:
        self.call(login, "PUT", self._at(), target_branch=branch)

    def revive(self, step: Revive) -> tuple[Step, ...]:
        """Restore and open again: that makes a version of the same head, as another target branch does."""
        steps = super().revive(step)
        return (*steps, Retarget(OWNER, self.change.base_branch)) if steps else ()

    def delete_branch(self, login: str) -> None:
        self.call(login, "DELETE", f"/projects/{self.repository.id}/repository/branches/{self.branch}")

    def make_branch(self, login: str) -> None:
        path = f"/projects/{self.repository.id}/repository/branches"
        self.call(login, "POST", path, branch=self.branch, ref=self.head)

    def open_again(self, login: str) -> None:
        self.call(login, "PUT", self._at(), state_event="reopen")

    def merge(self, step: Merge) -> tuple[Step, ...]:
        self.repository.merge_method = "ff" if step.method == "rebase" else "merge"
        self.call(step.who, "PUT", self._at("/merge"), squash=step.method == "squash")
        return (step,)
