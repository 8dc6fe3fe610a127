"""Opens a gate: whether this run may be one at all, what it works with, and what it must not begin with."""

from __future__ import annotations

from dataclasses import dataclass, field

from counterseal.errors import PolicyError, ServiceError, UsageError
from counterseal.evaluation import identity, identity_words
from counterseal.forges import ForgeKind, kind_of
from counterseal.gate import collect
from counterseal.gate import ledger as ledgers
from counterseal.gate.collect import Sources
from counterseal.gate.ledger import LedgerReader
from counterseal.identifiers import GATE_WORKFLOW, POLICY_PATH, REPOSITORY
from counterseal.model import Policy, PolicyReference, Repository, Run
from counterseal.ports import LedgerStore, Signer, SourceRepository


@dataclass(frozen=True, slots=True)
class Gate:
    """The gate at work in one run: its ports, the policy at the branch head, and how it reads the ledger.

    `notices` are warnings that came up at work, each once, in their order; `audits` how many entries the ledger had
    after each audit of this run.
    """

    sources: Sources
    store: LedgerStore
    signer: Signer
    run: Run
    head: str
    policy: Policy
    policy_reference: PolicyReference
    reader: LedgerReader
    warnings: tuple[str, ...] = ()
    notices: dict[str, None] = field(default_factory=dict)
    audits: list[int] = field(default_factory=list)


def open_gate(sources: Sources, store: LedgerStore, signer: Signer, run: Run, *, emergency: bool = False) -> Gate:
    """Return a gate after checking that this run may be one (R02, R29, R34, R35), and can do its work.

    Args:
        sources: What it decides on.
        store: Where the ledger lies.
        signer: Signs as this run.
        run: The run.
        emergency: It is to record a hold or a revocation and nothing else, so somebody has to have started it (R52).

    Raises:
        UsageError: The run is not counterseal's reusable gate on the protected default branch.
        PolicyError: The branch has no usable policy.
        ServiceError: A permission or setting of the forge is missing, of those that show before anything is signed.
    """
    head = ledgers.branch_tip(sources.repository)
    default_ref = sources.repository.default_ref()
    of_branch = run.revision in sources.repository.first_parents(head)
    policy, reference = collect.read_policy(sources.repository, run.revision if of_branch else head)
    home = sources.forge.repository()
    if (home.host, home.id) != (run.repository.host, run.repository.id):
        raise UsageError(
            f"the forge's repository is {home.host} {home.id}, the run's {run.repository.host} {run.repository.id}",
            why="a repository was renamed or replaced under its old name",
            fix="start a new run in the repository that has the name now",
        )
    if not run.ref_protected:
        raise unprotected(run.ref, home)
    if problem := identity.run_problem(run, policy.gate, sources.trust, default_ref, emergency=emergency):
        raise _no_gate(policy, identity_words.sentence(problem))
    check_ledger_id(policy, home)
    _check_age(run, sources.repository, head, of_branch=of_branch)
    if not emergency:  # there whoever started it is looked at first: at GitLab a job may push what they may
        store.check_push()
    warnings = tuple(sources.forge.check_settings())
    reader = ledgers.open_reader(
        sources.repository, head, sources.trust, sources.verifier, home=home, own_revision=run.signer_digest
    )
    return Gate(sources, store, signer, run, head, policy, reference, reader, warnings)


def _check_age(run: Run, repository: SourceRepository, head: str, *, of_branch: bool) -> None:
    """Refuse a run that began before policy or gate were changed: a run that is started again has its old revision.

    Raises:
        ServiceError: The policy, the gate's file or another YAML file was changed since, or the branch was rewritten.
    """
    if run.revision == head:
        return
    anew = f"start the workflow anew on {run.ref}"
    if not of_branch:
        raise ServiceError(f"this run is of {run.revision[:12]}, which {run.ref} no longer contains", fix=anew)
    definition = run.config_ref.partition("@")[0]
    for path in repository.changed_paths(run.revision, head):
        if path == POLICY_PATH or definition.endswith(f"/{path}") or path.endswith((".yml", ".yaml")):
            raise ServiceError(
                f"this run is of {run.revision[:12]}, and {path} was changed since",
                why="policy or gate may be different by now",
                fix=anew,
            )


def check_ledger_id(policy: Policy, home: Repository) -> None:
    """Refuse a policy whose ledger is another repository's: no reader could ever verify what is recorded there.

    Raises:
        PolicyError: It is.
    """
    host, number, _ = policy.ledger_id.split("/")
    if (host, int(number)) != (home.host, home.id):
        raise PolicyError(
            f"{POLICY_PATH}: ledger.id is of repository {number} at {host}, and this is {home.id} at {home.host}",
            why="a ledger belongs to the repository that its id names",
            fix=f"counterseal policy check --new-ledger-id {home.host}/{home.id} prints one",
        )


def unprotected(ref: str, home: Repository) -> UsageError:
    """Return the error of a gate whose branch anybody who may write can push to."""
    branch = ref.removeprefix("refs/heads/")
    if kind_of(home.host) is ForgeKind.GITLAB:
        fix = f"protect {branch}: Settings → Repository → Protected branches → Allowed to push and merge: No one"
    else:
        page = "Settings → Rules → Rulesets → New branch ruleset → Require a pull request before merging"
        fix = f"protect {branch}: {page}"
    return UsageError(
        "this run is not a gate",
        why=f"{ref} is not protected, so policy and requests could be pushed past every review",
        fix=f"{fix}; then start the workflow anew",
    )


def _no_gate(policy: Policy, why: str) -> UsageError:
    fix = f"call {REPOSITORY}/{GATE_WORKFLOW} from a workflow on the protected default branch"
    if (own := policy.gate.own) is not None:
        fix = f"run the gate in {own.file} on {own.ref}, which has to be protected"
    return UsageError("this run is not a gate", why=why, fix=fix)
