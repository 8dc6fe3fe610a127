"""What `init` wrote or would write, what people still have to do, and the words of its change request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from counterseal import forges
from counterseal.forges import ForgeKind
from counterseal.formats import wire
from counterseal.identifiers import INIT_BRANCH, POLICY_PATH, UPGRADE_BRANCH
from counterseal.project.plan import Preset
from counterseal.render import escape
from counterseal.render.escape import plain
from counterseal.render.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterseal.commands import init
    from counterseal.project.plan import PlannedFile

SCHEMA: Final = "counterseal.init/v1"


def report(result: init.InitResult, odd: Sequence[str]) -> Report:
    """Return what was written or would be, and what is left to do.

    Args:
        result: What `init` did.
        odd: What was odd about what it was told.
    """
    warnings = (*odd, *result.warnings)
    text = "\n".join((*_head(result), *_files(result), *_left(result, warnings)))
    return Report(text, _data(result, warnings))


def _head(result: init.InitResult) -> Iterator[str]:
    decided, change = result.decided, result.change
    facts = decided.facts
    where = f"{facts.host}/{plain(facts.name)}, repository {facts.number}"
    if change is None:
        yield f"would set up: {where}; nothing was written"
    elif change.commit is None:
        yield f"set up already: {where}; nothing was changed"
    else:
        yield f"set up: {where}; on the branch {change.branch}, which is checked out now (commit {change.commit[:12]})"
    if change and change.url:
        yield f"  change request {forges.change_name(facts.host, change.number or 0)} {change.url}"
    answers = decided.answers
    groups = [f"{group} {', '.join(person.login for person in people)}" for group, people in answers.groups.items()]
    yield f"  preset     {answers.preset}" if answers.counts else "  policy     as it is"
    yield f"  people     {'; '.join(map(plain, groups))}"
    stages = zip(answers.stages, answers.counts or (None,) * len(answers.stages), strict=True)
    counted = [stage if count is None else f"{stage} ({_approvals(count)})" for stage, count in stages]
    yield f"  stages     {' → '.join(counted)}"
    yield f"  publishes  {answers.publish}    gate  {answers.gate}    tags  {plain(facts.tag_pattern)}"
    yield f"  pinned     counterseal {decided.revision}"


def _approvals(count: int) -> str:
    return f"{count} approval{'' if count == 1 else 's'}" if count else "no approvals"


def _files(result: init.InitResult) -> Iterator[str]:
    if result.change is None:
        for file in result.plan.files:
            yield f"--- {_file(file)}"
            yield escape.lines(file.content.rstrip("\n"))
    elif result.plan.files:
        yield "files"
        yield from (f"  + {_file(file)}" for file in result.plan.files)
    if result.plan.kept:
        yield "there already, left as it is"
        yield from (f"  = {plain(path)}" for path in result.plan.kept)
    for paste in result.plan.pastes:
        yield f"paste into {plain(paste.path)}: {plain(paste.why, 500)}"
        yield escape.lines(paste.content.rstrip("\n"))


def _file(file: PlannedFile) -> str:
    return plain(file.path) + (" (added to it)" if file.added else "")


def _left(result: init.InitResult, warnings: Sequence[str]) -> Iterator[str]:
    for warning in (*warnings, *result.plan.notes):
        yield f"  ! {plain(warning, 1000)}"
    if result.decided.looked.unseen:
        yield "not seen"
    for gap in result.decided.looked.unseen:
        yield f"  - {plain(gap.what, 600)}"
        yield from (f"      {word}: {plain(said, 600)}" for word, said in (("why", gap.why), ("fix", gap.fix)) if said)
    if result.settings:
        yield "settings that only a person can change"
    for setting in result.settings:
        yield f"  - {plain(setting.what)}"
        yield f"      {setting.page}"
        yield f"      why: {plain(setting.why)}"
    yield "next"
    yield from (f"  {number}. {step}" for number, step in enumerate(_steps(result), 1))


def _steps(result: init.InitResult) -> Iterator[str]:
    """Yield what leads from here to a first promotion; commands can be pasted."""
    facts, answers = result.decided.facts, result.decided.answers
    if result.change is None:
        yield "counterseal init, without --dry-run"
    elif result.change.url:
        yield f"have {result.change.url} merged"
    elif result.change.commit:
        yield f"git push -u origin {INIT_BRANCH}, and open its change request: {_compare(result)}"
    yield "counterseal doctor"
    yield f"git switch {facts.branch} && git pull && git tag {result.tag} && git push origin {result.tag}"
    if answers.preset is Preset.SOLO:
        yield f"name a second person in `people` of {POLICY_PATH}: without one every promotion is denied"
    yield f'counterseal request --stage {answers.stages[0]} --tag {result.tag} --reason "the first one"'
    yield f"counterseal status {result.tag}"


def _compare(result: init.InitResult) -> str:
    facts = result.decided.facts
    if facts.kind is ForgeKind.GITLAB:
        return f"{facts.page}/-/merge_requests/new?merge_request[source_branch]={INIT_BRANCH}"
    return f"{facts.page}/compare/{facts.branch}...{INIT_BRANCH}?expand=1"


def _data(result: init.InitResult, warnings: Sequence[str]) -> dict[str, Any]:
    decided = result.decided
    facts, answers = decided.facts, decided.answers
    return {
        "schema": SCHEMA,
        "repository": {"host": facts.host, "name": facts.name, "id": facts.number},
        "defaultRef": facts.default_ref,
        "visibility": facts.visibility,
        "tags": facts.tag_pattern,
        "revision": decided.revision,
        "answers": wire.encode(answers),
        "dryRun": result.change is None,
        "change": wire.encode(result.change),
        "files": wire.encode(result.plan.files),
        "kept": list(result.plan.kept),
        "pastes": wire.encode(result.plan.pastes),
        "warnings": [*warnings, *result.plan.notes],
        "unseen": wire.encode(decided.looked.unseen),
        "settings": wire.encode(result.settings),
        "next": list(_steps(result)),
    }


def request(result: init.InitResult) -> tuple[str, str]:
    """Return title and body of the change request that brings the files."""
    files = "\n".join(f"- {escape.markdown(_file(file))}" for file in result.plan.files)
    settings = "\n".join(
        f"- [ ] [{escape.markdown(setting.what)}]({setting.page}): {escape.markdown(setting.why)}"
        for setting in result.settings
    )
    notes = "\n".join(f"- {escape.markdown(note, 1000)}" for note in (*result.warnings, *result.plan.notes))
    parts = (("What it adds", files), ("Settings that only a person can change", settings), ("To know", notes))
    body = "\n\n".join(f"### {title}\n\n{content}" for title, content in parts if content)
    return "Let counterseal decide what is promoted", f"{body}\n"


# --- --upgrade -------------------------------------------------------------------------------


def upgraded(result: init.UpgradeResult) -> Report:
    """Return which pins were moved, or would be."""
    change = result.change
    where = f"on the branch {change.branch} (commit {(change.commit or '')[:12]})" if change else "nothing was written"
    lines = [f"counterseal {result.revision}: {len(result.moved)} file{'s' * (len(result.moved) != 1)} moved; {where}"]
    if change and change.url:
        lines.append(f"  change request {change.url}")
    lines += [f"  ~ {plain(each.path)}, from {', '.join(pin[:12] for pin in each.before)}" for each in result.moved]
    lines += [f"  = {plain(path)}" for path in result.same]
    lines += [f"  ! {plain(warning, 1000)}" for warning in result.warnings]
    if change and not change.url:
        lines.append(f"next: git push -u origin {UPGRADE_BRANCH}, and open its change request")
    data = {
        "schema": SCHEMA,
        "upgraded": True,
        "revision": result.revision,
        "moved": wire.encode(result.moved),
        "same": list(result.same),
        "warnings": list(result.warnings),
        "change": wire.encode(change),
    }
    return Report("\n".join(lines), data)


def upgrade_request(result: init.UpgradeResult) -> tuple[str, str]:
    """Return title and body of the change request that moves the pins."""
    files = "\n".join(f"- {escape.markdown(each.path)}" for each in result.moved)
    return f"Pin counterseal at {result.revision[:12]}", f"Moves every pin of counterseal in\n\n{files}\n"
