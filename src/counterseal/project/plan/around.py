"""What is added to files that are there already: owners of what decides, and how to verify a release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.forges import ForgeKind
from counterseal.identifiers import POLICY_PATH
from counterseal.project.plan import gitlab
from counterseal.project.plan.answers import GateChoice
from counterseal.project.plan.github import PROMOTE

if TYPE_CHECKING:
    from counterseal.project.plan.answers import Answers, Facts

BEGIN: Final = "<!-- counterseal: verify -->"
END: Final = "<!-- counterseal: end -->"
_POLICY: Final = f"/{POLICY_PATH.rpartition('/')[0]}/"


def owners(facts: Facts, answers: Answers, present: str) -> str | None:
    """Return the file of code owners with lines for what decides; None if it has them."""
    if any(line.split("#")[0].strip().startswith(_POLICY) for line in present.splitlines()):
        return None
    who = " ".join(f"@{person.login}" for person in answers.groups["meta"])
    runs = "/.github/workflows/" if facts.kind is ForgeKind.GITHUB else f"/{gitlab.PIPELINE}"
    head = present if not present or present.endswith("\n") else f"{present}\n"
    line = "\n" if head else ""
    return f"{head}{line}# who may promote what, and by which runs (counterseal)\n{_POLICY} {who}\n{runs} {who}\n"


def readme(facts: Facts, answers: Answers, present: str) -> str | None:
    """Return the page that people see first with a paragraph on verification; None if it has one."""
    if BEGIN in present:
        return None
    head = present if present.endswith("\n") else f"{present}\n"
    return f"{head}\n{paragraph(facts, answers)}"


def paragraph(facts: Facts, answers: Answers) -> str:
    """Return the paragraph "Verify this release", between the marks by which it is found again."""
    lines = [
        f"counterseal verify FILE --stage {answers.last} \\",
        f"  --repository {facts.host}/{facts.name} --repository-id {facts.number}",
    ]
    if answers.gate is GateChoice.OWN:
        own = gitlab.identity(facts)
        issuer = f"https://{facts.host}"
        if facts.kind is ForgeKind.GITHUB:
            own = f"https://{facts.host}/{facts.name}/{PROMOTE}@{facts.default_ref}"
            issuer = "https://token.actions.githubusercontent.com"
        lines[-1] += " \\"
        lines += [f"  --gate-identity {own} \\", f"  --gate-issuer {issuer}"]
    body = "\n".join(lines)
    return (
        f"{BEGIN}\n## Verify this release\n\n"
        "Releases are decided and signed by [counterseal](https://github.com/counterseal/counterseal). Download a\n"
        "file and `ledger-proof.json` of the same release into one folder, and ask there:\n\n"
        f"```sh\n{body}\n```\n{END}\n"
    )
