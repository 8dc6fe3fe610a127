"""The commands by which a consumer verifies a release, with counterseal or with none of it, as one pastes them.

What they name is the release's own: repository by number, tag, stage, and whose gate decided. The scripts of
docs/verify-without-us know the rest; a root comes from neither.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from counterseal import forges
from counterseal.render.escape import plain

if TYPE_CHECKING:
    from counterseal.model import OwnGate, Policy, Run

PRODUCTION = "production"
_DEFAULTS = {
    forges.ForgeKind.GITHUB: ".github/workflows/release.yml",
    forges.ForgeKind.GITLAB: ".gitlab-ci.yml",
}


def commands(run: Run, policy: Policy, tag: str, stage: str) -> tuple[str, str | None]:
    """Return the two commands, each for a file FILE of the downloaded release.

    The second is None for an own gate on GitHub, of which the scripts know nothing (docs/adr/0012).

    Args:
        run: The run that published.
        policy: Its policy.
        tag: Of the release.
        stage: That it entered.
    """
    home, own = run.repository, policy.gate.own
    ours = ["counterseal", "verify", "FILE", "--stage", stage, "--repository", f"{home.host}/{home.name}"]
    if own is not None:
        ours += ["--gate-identity", _identity(run, own), "--gate-issuer", run.issuer]
    if run.sandbox:
        ours += ["--trust", "trust.json", "--sandbox"]
    verify = plain(shlex.join(ours), 2000)
    if own is not None and forges.kind_of(home.host) is forges.ForgeKind.GITHUB:
        return verify, None
    variables = {"REPO": home.name, "REPO_ID": str(home.id), "TAG": tag, **_gate(run, policy)}
    if stage != PRODUCTION:
        variables["STAGE"] = stage
    if run.sandbox:
        variables["ISSUER"] = run.issuer
    set_to = (f"{name}={shlex.quote(value)}" for name, value in variables.items())
    return verify, plain(f"{' '.join(set_to)} bash verify-with-cosign.sh FILE", 2000)


def _identity(run: Run, own: OwnGate) -> str:
    return f"{forges.definition(run.repository.host, run.repository.name, own.file)}@{own.ref}"


def _gate(run: Run, policy: Policy) -> dict[str, str]:
    """Return whose gate and builder it is, as far as the scripts would not take it for granted."""
    kind, own = forges.kind_of(run.repository.host), policy.gate.own
    variables = {"GATE_REVISION": run.signer_digest} if own is None else {"HOST": run.repository.host}
    if own is not None and own.file != _DEFAULTS[kind]:
        variables["GATE"] = own.file
    if run.ref != "refs/heads/main":
        variables["DEFAULT_REF"] = run.ref
    if policy.builder.workflow != _DEFAULTS[kind]:
        variables["BUILDER"] = policy.builder.workflow
    return variables
