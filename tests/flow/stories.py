"""What scenarios need: hands at the forge, requests of every kind, and many stories decided by one run of the gate."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.flow import recorded, worlds
from tests.flow.worlds import FlowWorld

from counterseal.adapters.github.ci import GitHubEnvironment
from counterseal.adapters.gitlab.ci import TOKEN_VARIABLE, GitLabEnvironment
from counterseal.adapters.sigstore.signer import SigstoreSigner
from counterseal.adapters.sigstore.trust import load_trust
from counterseal.evaluation import Decision
from counterseal.forges import ForgeKind
from counterseal.formats import manifest, wire
from counterseal.formats.wire import canonical
from counterseal.identifiers import LEDGER_REF, NOTES_REF, POLICY_PATH
from counterseal.render import findings
from counterseal_sandbox.demo.site import NAME, TAG
from counterseal_sandbox.forge.accounts import Role

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from counterseal_sandbox.demo.shell import ProcessResult
    from counterseal_sandbox.forge.repository import HostedRepository
    from counterseal_sandbox.http import Request, Response


@dataclass(frozen=True, slots=True)
class Asked:
    """An open change request with a promotion request in it."""

    number: int
    path: str
    branch: str


# --- the repository, as its administrator sees it --------------------------------------------


def hosted(world: FlowWorld) -> HostedRepository:
    return world.sandbox.forge.repository(NAME)


def write(
    world: FlowWorld, branch: str, path: str, content: bytes | None, *, by: str = "bob", message: str = ""
) -> str:
    """Let somebody commit and push one file (None: remove it), and return the commit."""
    forge = world.sandbox.forge
    with forge.lock:
        return hosted(world).write_file(branch, path, content, forge.account(by), message=message)


def read(world: FlowWorld, path: str, ref: str = "refs/heads/main") -> bytes:
    git = hosted(world).git
    file = git.file(git.resolve(ref) or "", path)
    assert file is not None, path
    return file[2]


def move(world: FlowWorld, ref: str, revision: str | None) -> None:
    """Move or delete any ref with an administrator's hand, protected or not."""
    world.client.control("/refs", repository=NAME, ref=ref, revision=revision)


def move_ledger(world: FlowWorld, revision: str | None) -> None:
    for ref in (NOTES_REF, LEDGER_REF):
        move(world, ref, revision)


def newcomer(world: FlowWorld, login: str, number: int, *, role: str = "WRITE", kind: str = "User") -> None:
    """Let the world have somebody more."""
    from counterseal_sandbox.client import Person

    account = world.client.control("/users", login=login, id=number, kind=kind)
    hosted(world).roles[number] = Role[role]
    world.people[login] = Person(account["id"], login, account["token"])  # type: ignore[index]  # a dict in every world


@contextmanager
def later(world: FlowWorld) -> Iterator[None]:
    """Let the forge's clock be two seconds ahead: it tells time in whole ones."""
    forge, clock = world.sandbox.forge, world.sandbox.forge.clock
    forge.clock = lambda: clock() + timedelta(seconds=2)
    try:
        yield
    finally:
        forge.clock = clock


@contextmanager
def long_ago(world: FlowWorld) -> Iterator[None]:
    """Let the forge's clock be 20 minutes behind: what it does not know by now, it does not know."""
    forge, clock = world.sandbox.forge, world.sandbox.forge.clock
    forge.clock = lambda: clock() - timedelta(minutes=20)
    try:
        yield
    finally:
        forge.clock = clock


def other_project(world: FlowWorld) -> int:
    """Let there be another project of the same name and forge, which bob owns, and return its number."""
    forge = world.sandbox.forge
    if (project := forge.find("evil/app")) is None:
        world.client.control("/users", login="evil", kind="Organization")
        project = forge.create_repository("evil/app", kind=world.kind)
        project.roles[forge.account("bob").id] = Role.ADMIN
    return project.id


# --- requests --------------------------------------------------------------------------------


def ask(world: FlowWorld, stage: str, reason: str = "weekly release") -> Asked:
    """Let bob ask with the command line; what it refuses because a gate would deny it, he asks by hand.

    What is open and asks the same with other words, he closes first.
    """
    arguments = ("request", "--stage", stage, "--tag", TAG, "--reason", reason, "--again", "--format", "json")
    result = world.cli(*arguments, environment=world.person("bob"))
    if still_open := re.search(r"is asked for already: .(\d+) into", result.errors):
        changes = hosted(world).changes
        with world.sandbox.forge.lock:
            changes.set_state(changes.get(int(still_open[1])), world.sandbox.forge.account("bob"), "closed")
        result = world.cli(*arguments, environment=world.person("bob"))
    if _too_early(result):
        return by_hand(world, stage, f"early-{len(list(hosted(world).changes))}", reason=reason)
    assert result.exit_code == 0, result.output + result.errors
    said: Any = json.loads(result.output)
    return Asked(said["number"], said["path"], hosted(world).changes.get(said["number"]).head_branch)


def content(world: FlowWorld, stage: str, **changes: Any) -> dict[str, Any]:
    """Return what a request file would say, with some members changed."""
    result = _dry(world, stage)
    members: dict[str, Any] = {}
    if _too_early(result):  # then as for the first stage
        result, members = _dry(world, "staging"), {"stage": stage}
    assert result.exit_code == 0, result.output + result.errors
    said: dict[str, Any] = json.loads(result.output.rstrip("\n").rpartition("\n")[2])
    return said | members | changes


def _dry(world: FlowWorld, stage: str) -> ProcessResult:
    arguments = ("request", "--stage", stage, "--tag", TAG, "--reason", "weekly release", "--again", "--dry-run")
    return world.cli(*arguments, environment=world.person("bob"))


def _too_early(result: ProcessResult) -> bool:
    return (
        result.exit_code == 2
        and re.search(r"^error: (the policy has no stage|.* yet$)", result.errors, re.MULTILINE) is not None
    )


def path_of(said: Mapping[str, Any]) -> str:
    return manifest.request_path(said["stage"], said["manifest"], said["requestId"])


def propose(
    world: FlowWorld,
    branch: str,
    files: Mapping[str, bytes],
    *,
    by: str = "bob",
    title: str = "Promote",
    base: str = "main",
) -> int:
    """Let somebody open a change request with these files, by hand, and return its number."""
    repository, account = hosted(world), world.sandbox.forge.account(by)
    with world.sandbox.forge.lock:
        head = repository.branch("main")
        assert head is not None
        repository.move_branch(branch, head, account)
        for path, data in files.items():
            repository.write_file(branch, path, data, account, message=f"Add {path}")
        return repository.changes.open(account, branch, base, title=title).number


def bring_policy(world: FlowWorld, content: bytes) -> None:
    """Let a change request with a policy be merged."""
    numbers = {change.number for change in hosted(world).changes}
    world.hands.merges("alice", propose(world, f"policy-{len(numbers)}", {POLICY_PATH: content}), "squash")


def by_hand(world: FlowWorld, stage: str, name: str, **changes: Any) -> Asked:
    """Let bob ask with a file that he wrote himself."""
    said = content(world, stage, requestId=name, **changes)
    number = propose(world, f"by-hand-{name}", {path_of(said): canonical(said)})
    return Asked(number, path_of(said), f"by-hand-{name}")


def merge(world: FlowWorld, asked: Asked, method: str = "squash", *, by: str = "bob") -> None:
    world.hands.merges(by, asked.number, method)


def approve_and_merge(world: FlowWorld, asked: Asked, *people: str) -> None:
    for login in people:
        world.review(login, asked.number)
    merge(world, asked)


def allow_staging(world: FlowWorld) -> None:
    """Let the candidate pass the first stage, so that production can be asked for."""
    asked = ask(world, "staging")
    approve_and_merge(world, asked, "alice")
    world.gate("--request", asked.path)


def await_production(world: FlowWorld) -> Asked:
    """Let production be asked for, approved and merged: the next gate decides it."""
    asked = ask(world, "production")
    approve_and_merge(world, asked, "alice", "dora")
    return asked


def newest(world: FlowWorld) -> Asked:
    """Return the promotion request that was asked for last and merged."""
    change = max(hosted(world).changes, key=lambda each: each.number)
    path = hosted(world).git.text("diff-tree", "-r", "--name-only", "refs/heads/main^1", "refs/heads/main")
    return Asked(change.number, path, change.head_branch)


def deny_allow_publish(world: FlowWorld) -> None:
    """Let the ledger have a genesis, a deny, an allow of each stage and a publication."""
    worlds.sign(world)
    merge(world, ask(world, "staging"))
    world.gate(code=10)
    allow_staging(world)
    await_production(world)
    assert [each["tag"] for each in world.gate()["published"]] == [TAG]


# --- signatures -----------------------------------------------------------------------------------


def signer(world: FlowWorld, environment: Mapping[str, str]) -> SigstoreSigner:
    """Return a signer with the identity of a run, for whoever holds its token."""
    material = load_trust(json.dumps(world.client.trust()).encode())
    run = GitLabEnvironment(environment) if TOKEN_VARIABLE in environment else GitHubEnvironment(environment)
    return SigstoreSigner(material.trust_config, run.token)


def after_push(world: FlowWorld, action: Callable[[], object]) -> None:
    """Do something once, just after the next decision has reached the ledger."""
    before = len(recorded.statements(world))
    done: list[bool] = []

    def watch(_: str, __: Request) -> Response | None:
        new = recorded.statements(world)[before:] if not done else []
        if any("outcome" in said["predicate"] for said in new):
            done.append(True)
            action()
        return None

    world.sandbox.server.interceptors.append(watch)


# --- what was recorded -----------------------------------------------------------------------


def log(world: FlowWorld, folder: Path) -> dict[int, Any]:
    """Return what an auditor's verified log says, by sequence."""
    clone, trust = folder / "clone", folder / "trust.json"
    world.git("clone", "-q", world.clone_url, str(clone), folder=world.folder)
    trust.write_text(json.dumps(world.client.trust()), encoding="utf-8")
    options = ("--folder", str(clone), "--trust", str(trust), "--sandbox", "--format", "json")
    said: Any = json.loads(world.counterseal("log", *options).output)
    return {row["sequence"]: row for row in said["decisions"]}


@dataclass(frozen=True, slots=True)
class Stories:
    """The stories of a module: all are told in one world, then one run of the gate decides every request."""

    told: dict[str, Callable[[FlowWorld], Asked]] = field(default_factory=dict)
    only: dict[str, ForgeKind] = field(default_factory=dict)

    def tell(self, teller: Callable[[FlowWorld], Asked]) -> Callable[[FlowWorld], Asked]:
        """Enter a story: it arranges a request, merges it, and returns it."""
        self.told[teller.__name__] = teller
        return teller

    def tell_at(self, kind: ForgeKind) -> Callable[[Callable[[FlowWorld], Asked]], Callable[[FlowWorld], Asked]]:
        """Enter a story that only one forge can tell."""

        def enter(teller: Callable[[FlowWorld], Asked]) -> Callable[[FlowWorld], Asked]:
            self.only[teller.__name__] = kind
            return self.tell(teller)

        return enter

    def play(self, world: FlowWorld, folder: Path) -> Played:
        here = {name: teller for name, teller in self.told.items() if self.only.get(name, world.kind) is world.kind}
        asked = {name: teller(world) for name, teller in here.items()}
        result = world.gate(code=10)
        assert result["failed"] == []
        decisions = {decision["request"]: decision for decision in result["decisions"]}
        return Played(world, asked, decisions, log(world, folder))


@dataclass(frozen=True, slots=True)
class Played:
    """What became of the stories: each decision, and what the verified log says of it afterwards."""

    world: FlowWorld
    asked: Mapping[str, Asked]
    decisions: Mapping[str, Any]
    recorded: Mapping[int, Any]

    def decided(self, name: str) -> dict[str, Any]:
        """Return the decision, after checking that the log says the same of it."""
        entry: Any = self.decisions[self.asked[name].path]
        row = self.recorded[entry["sequence"]]
        assert row["decision"] == entry["decision"]
        assert not row["published"]
        decision: dict[str, Any] = entry["decision"]
        return decision

    def allowed(self, name: str) -> dict[str, Any]:
        decision = self.decided(name)
        assert decision["outcome"] == "allow", decision["findings"]
        return decision

    def denied(self, name: str, rule: str, code: str) -> str:
        """Return what the violated finding says to people, after checking that this rule denied with this code."""
        decision = self.decided(name)
        assert decision["outcome"] == "deny"
        return finding(decision, rule, code)


def finding(decision: Mapping[str, Any], rule: str, code: str) -> str:
    """Return reason, fix and dismissed people of a violated finding, in one text."""
    violation = next(item for item in decision["findings"] if item["rule"] == rule)
    assert (violation["outcome"], violation["code"]) == ("violated", code), violation
    reason, dismissed, fix = told(decision, rule)
    return f"{reason} | {'; '.join(f'{who} ({why})' for who, why in dismissed)} | {fix}"


def told(decision: Mapping[str, Any], rule: str) -> tuple[str, list[tuple[str, str]], str]:
    """Return what people read of a finding: its reason, whom it did not count and why, its fix."""
    decoded = wire.decode_lenient(Decision, dict(decision), "the decision")
    of_rule = next(item for item in decoded.findings if item.rule == rule)
    about = findings.of_decision(decoded)
    left_out = [findings.not_counted(dismissed) for dismissed in of_rule.dismissed]
    return findings.reason(of_rule, about), left_out, findings.fix(of_rule, about)


def violated(decision: Mapping[str, Any]) -> set[str]:
    return {item["rule"] for item in decision["findings"] if item["outcome"] == "violated"}


def refused(world: FlowWorld, *arguments: str, code: int, says: str, **run: Any) -> str:
    """Return what the gate said on stderr or stdout, after checking that it recorded nothing."""
    before = world.ledger_tips()
    result = world.counterseal("gate", *arguments, environment=world.run(**run), code=code)
    assert world.ledger_tips() == before
    text = result.output + result.errors
    assert re.search(says, text), text
    return text
