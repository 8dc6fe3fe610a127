"""What was started once: the run or pipeline that an event made at once belongs to, and what its line has to prove.

At GitHub the certificate names run and attempt, so every reader sees that it was the first one, and that the entry's id
is of that run. At GitLab it names the job alone, and the pipeline is the word of the gate, which is the project's own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from counterseal import ledger
from counterseal.forges import DIALECTS, ForgeKind
from counterseal.identifiers import EVENT

if TYPE_CHECKING:
    from counterseal.model import Certificate, Run, Statement

_GITHUB: Final = re.compile(r"(https://[^/]+/.+/actions/runs/[0-9]+)/attempts/([0-9]+)")


def entry_id(kind: str, ledger_id: str, run: Run) -> str:
    """Return the id of the one event of a kind that a run may record, however often its job is run."""
    return ledger.entry_id(kind, ledger_id, start_of(run))


def start_of(run: Run) -> str:
    """Return the address of what somebody started: the run without its attempt, or the pipeline of the job."""
    if run.pipeline is not None:
        return f"https://{run.repository.host}/{run.repository.name}/-/pipelines/{run.pipeline}"
    match = _GITHUB.fullmatch(run.url)
    return match[1] if match else run.url


def at_once(statement: Statement) -> bool:
    """Return whether a statement is a hold, or a revocation that nobody but its maker agreed to."""
    said = statement.predicate
    if statement.predicate_type != EVENT:
        return False
    body: Any = said.get("body")
    consent = body.get("consent") if isinstance(body, dict) else None
    return said.get("kind") == "hold" or (said.get("kind") == "revocation" and consent is None)


def line_problem(certificate: Certificate, statement: Statement) -> str:
    """Return why no reader takes a line that one person made: nothing if they do.

    Args:
        certificate: Of the run that signed it.
        statement: The hold or revocation.
    """
    match = _GITHUB.fullmatch(certificate.run_uri or "")
    if match is None:
        of_gitlab = DIALECTS[ForgeKind.GITLAB].runs in (certificate.run_uri or "")
        return "" if of_gitlab else "its certificate names no run"
    run, attempt = match.groups()
    if attempt != "1":
        return f"a hold or a revocation is recorded by the first attempt of a run, not by {attempt}"
    place: Any = statement.predicate.get("ledger")
    named = (place.get("id"), place.get("entryId")) if isinstance(place, dict) else (None, None)
    if named[1] != ledger.entry_id(str(statement.predicate.get("kind")), str(named[0]), run):
        return f"its entry id is not that of {run}"
    return ""
