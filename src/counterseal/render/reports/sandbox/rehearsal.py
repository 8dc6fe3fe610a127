"""What there is to rehearse, and the lines of a first promotion, which work as they stand in any POSIX shell.

In these lines stand only what a grammar of ours has accepted (logins, tags, names), quoted all the same, and the
user's own build command.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.identifiers import LEDGER_BRANCH
from counterseal.render import escape
from counterseal.render.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.commands import rehearsal as command

_SCHEMA = "counterseal.rehearsal/v1"
#: `( be as/alice && … )` runs something as alice; `tell` lets somebody act at the forge.
_BE = (
    'ask() { curl -gsS --noproxy "*" --fail-with-body "$@"; }',
    'be() { if said=$(ask "$rehearsal/$1"); then eval "$said"; else echo "$said" >&2; false; fi; }',
    'tell() { ask -X POST "$rehearsal/$1"; }',
)
#: Whatever was not pasted: nothing happens in another folder than the copy's.
_THERE = 'cd "${copy:?}"'
#: The copy's policy came by change request 1.
_REQUEST = 2


@dataclass(frozen=True, slots=True)
class _Step:
    """Lines that belong together, and what they do."""

    title: str
    lines: tuple[str, ...]


def rehearsal(what: command.Rehearsal, running: command.Running) -> Report:
    """Return what there is, and the lines to begin with.

    Args:
        what: What is rehearsed.
        running: Where it runs.
    """
    steps = list(_steps(what, running))
    rows = [
        f"sandbox: {running.url} · proves nothing to anybody · stop with Ctrl-C",
        f"  a copy of {escape.plain(what.name)} at {what.revision[:12]}, branch {escape.plain(what.branch)}",
        f"    it is repository {what.number} of {what.host}{', private' if what.private else ''}: {running.clone_url}",
        f"    its ledger is {what.policy.ledger_id}; nothing else differs, and nothing was written into the clone",
        "  people:",
        *(f"    {login} ({', '.join(groups) or 'in no group, asks'})" for login, groups in _people(what)),
        *(f"  note: {escape.plain(warning, 300)}" for warning in what.warnings),
        f"a first promotion to {escape.plain(what.policy.stages[0].name)}, in another terminal:",
    ]
    for step in steps:
        rows += [f"  {step.title}:", *(f"    {line}" for line in step.lines)]
    rows += [
        f"  then {escape.plain(stage.name)}: the same from the request on, which will be change request {number}"
        for number, stage in enumerate(what.policy.stages[1:], _REQUEST + 1)
    ]
    return Report("\n".join(rows), _data(what, running, steps), verbatim=True)


def _people(what: command.Rehearsal) -> Iterator[tuple[str, list[str]]]:
    """Yield login and groups of everybody."""
    for person in what.people:
        groups = what.policy.groups.items()
        yield person.login, [name for name, members in groups if any(each.key == person.key for each in members)]
    yield what.asker, []


def _steps(what: command.Rehearsal, running: command.Running) -> Iterator[_Step]:
    tag, stage, asker = (shlex.quote(word) for word in (what.tag, what.policy.stages[0].name, what.asker))
    url, home = shlex.quote(running.clone_url), shlex.quote(f"{running.url}/rehearsal")
    build = (
        f"sh -c {shlex.quote(what.build)}" if what.build else "mkdir -p dist && git archive -o dist/copy.tar.gz HEAD"
    )
    stands_in = "" if what.build else " (its sources stand in for it; --build COMMAND puts yours here)"
    yield _Step(
        f"how to be somebody, as in ( be as/{what.approvers[0]} && COMMAND ), and a clone of the copy",
        (f"rehearsal={home}", "copy=$(mktemp -d)/copy", *_BE, f'( be as/{asker} && git clone -q {url} "$copy" )'),
    )
    yield _Step("a tag", (f"( {_THERE} && be as/{asker} && git tag {tag} && git push -q origin {tag} )",))
    yield _Step(f"what is released{stands_in}", (f"( {_THERE} && {build} )",))
    made = (f"( {_THERE} && be build/{tag} && counterseal {verb} 'dist/*' )" for verb in ("sbom", "sign", "candidate"))
    yield _Step("the jobs of the tag", tuple(made))
    yield _Step(
        "ask, and look at what the gate would say",
        (
            f'( be as/{asker} && counterseal request --stage {stage} --tag {tag} --reason "a rehearsal" )',
            f"( be as/{asker} && counterseal gate --preview --number {_REQUEST} )",
        ),
    )
    approvals = (f"tell {shlex.quote(f'approve/{_REQUEST}/{login}')}" for login in what.approvers)
    yield _Step("approve and merge", (*approvals, f"tell merge/{_REQUEST}/{asker}"))
    yield _Step("the gate, which the merge starts", ("( be gate && counterseal gate )",))
    trust = '"${copy:?}-trust.json"'
    yield _Step(
        "what was recorded",
        (
            f"( {_THERE} && be as/{asker} && git pull -q --ff-only && git fetch -q origin {LEDGER_BRANCH} )",
            f"counterseal trust export --sandbox-url {running.url} --format json > {trust}",
            f"( {_THERE} && counterseal log --trust {trust} --sandbox )",
        ),
    )


def _data(what: command.Rehearsal, running: command.Running, steps: list[_Step]) -> dict[str, object]:
    return {
        "schema": _SCHEMA,
        "url": running.url,
        "cloneUrl": running.clone_url,
        "host": what.host,
        "repository": what.name,
        "number": what.number,
        "private": what.private,
        "revision": what.revision,
        "branch": what.branch,
        "ledgerId": what.policy.ledger_id,
        "people": [{"login": login, "groups": groups} for login, groups in _people(what)],
        "asker": what.asker,
        "approvers": list(what.approvers),
        "stage": what.policy.stages[0].name,
        "tag": what.tag,
        "warnings": list(what.warnings),
        "steps": [{"title": step.title, "lines": list(step.lines)} for step in steps],
    }
