"""Why an identity is not accepted, in words: one sentence a code of `identity.py`.

Errors say them, and so does whoever shows findings; nothing signed has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from counterseal.model import Reason

_Data = dict[str, Any]
_OWN: Final = "the forge's own"


def sentence(problem: Reason) -> str:
    """Return what is wrong with an identity, as a sentence without a full stop."""
    words = WORDS.get(problem.code)
    return words(dict(problem.data)) if words else problem.code


def _short(revision: object) -> str:
    return str(revision or "")[:12]


def _repository(data: _Data) -> str:
    name = f" ({data['name']})" if data["name"] else ""
    return f"it is for repository {data['number']} ({data['source']}), not for {data['expected']}{name}"


def _since(data: _Data) -> str:
    until, signed = data["until"], data["signed"]
    return f" at {until}, and it signed this at {signed}" if until and signed else ""


def _unknown_revision(data: _Data) -> str:
    return (
        f"the gate's revision {_short(data['revision'])} is newer than this tool, or not ours: upgrade, or name it "
        "(policy: revisions; verify: --gate-revision)"
    )


WORDS: Final[Mapping[str, Callable[[_Data], str]]] = {
    # of every run
    "issuer-unknown": lambda it: f"no issuer is known for {it['host']}",
    "issuer": lambda it: f"its issuer is {it['issuer']}, not {it['expected']}",
    "signers-differ": lambda it: f"its two signers differ: {it['signers'][0]}, {it['signers'][1]}",
    "source": lambda it: f"its source is {it['source'] or 'unknown'}, not a repository at {it['host']}",
    "repository-number-missing": lambda _: "it does not name its repository by number",
    "other-repository": _repository,
    "run": lambda it: f"{it['run']} is not a run of its repository",
    "began-elsewhere": lambda it: f"the run began in {it['file']}, not in {it['expected']}",
    "environment": lambda it: (
        f"its environment is {it['environment'] or 'none'}, and the policy names {it['expected']}"
    ),
    # of the builder
    "is-the-gate": lambda _: "this is the gate's identity; builder and gate have to be two",
    "other-file": lambda it: f"it was signed by {it['file']}, not by {it['expected']} of this repository",
    "refs-differ": lambda it: f"the builder's file is of {it['ref']}, its source of {it['sourceRef']}",
    "other-ref": lambda it: f"it was built from {it['ref']}, and the policy names {', '.join(it['accepted'])}",
    "no-revision": lambda _: "it names no full source revision",
    "file-revision-differs": lambda _: "the builder's file was read at another revision than the source",
    "builder-trigger": lambda it: (
        f"a build may be started by {', '.join(it['accepted'])}, not by {it['trigger']} (policy: triggers)"
    ),
    "builder-runner": lambda it: (
        f"it ran on a runner that is {it['runner']}, not {', '.join(it['accepted'])} (policy: runners)"
    ),
    # of the gate
    "other-gate": lambda it: f"it was signed by {it['gate']}, not by {it['expected']}",
    "gate-ref": lambda it: f"the gate ran for {it['ref']}, not for {it['expected']}",
    "gate-trigger": lambda it: f"a gate may be started by {', '.join(it['accepted'])}, not by {it['trigger']}",
    "emergency-trigger": lambda it: (
        f"a hold or a revocation needs a run that somebody started ({', '.join(it['accepted'])}), not one of "
        f"{it['trigger']}"
    ),
    "gate-revision-missing": lambda _: "it does not name the gate's revision",
    "gate-withdrawn": lambda it: f"the gate's revision {_short(it['revision'])} was withdrawn{_since(it)}",
    "gate-revision-unknown": _unknown_revision,
    "gate-revisions-differ": lambda it: (
        f"it names the gate at {it['ref'] or 'no revision'}, and its digest is {_short(it['revision'])}"
    ),
    "gate-runner": lambda it: f"the gate ran on a runner that is {it['runner']}, not {it['expected'] or _OWN}",
    "gate-caller": lambda it: f"the gate was called by {it['file']}, not by a workflow of the repository at its branch",
    "gate-project": lambda it: f"the gate is of project {it['project']}, and {it['expected']} is accepted",
    "gate-file-revision-differs": lambda _: "the gate's file was read at another revision than its branch had",
}
