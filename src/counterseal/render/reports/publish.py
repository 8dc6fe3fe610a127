"""What `publish` made public, withdrew or could not finish; the gate shows the same of its own run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from counterseal.history import label
from counterseal.identifiers import page
from counterseal.render import consumer, escape, failure, text
from counterseal.render.report import Report
from counterseal.render.verdict import SANDBOX_NOTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.gate.publication import publishing
    from counterseal.history import RecordedDecision
    from counterseal.model import Policy, Run


def report(result: publishing.PublishResult, run: Run, policy: Policy, *, sandbox: bool) -> Report:
    """Return what was published, with the commands that consumers need.

    Args:
        result: What was published.
        run: The run that did.
        policy: Its policy.
        sandbox: All of it is a sandbox's.
    """
    parts = lines(result, run, policy) or ["nothing to publish"]
    return Report(
        text="\n".join([*parts, *([SANDBOX_NOTE] if sandbox else [])]),
        data={"schema": "counterseal.publish/v1", "published": data(result), "sandbox": sandbox},
        exit_code=result.exit_code,
        outputs={"published": json.dumps([release.tag for release in result.published])},
        errors=errors(result),
    )


def plan(waiting: Sequence[RecordedDecision]) -> Report:
    """Return what would be published."""
    rows = [
        f"would publish: {label(allow.decision)} ({allow.decision.stage}) · entry {allow.sequence}" for allow in waiting
    ]
    listed: list[dict[str, Any]] = [
        {"what": label(allow.decision), "stage": allow.decision.stage, "sequence": allow.sequence} for allow in waiting
    ]
    body = "\n".join(escape.plain(row) for row in rows) or "nothing to publish"
    return Report(body, {"schema": "counterseal.publish-plan/v1", "waiting": listed})


def lines(result: publishing.PublishResult, run: Run, policy: Policy) -> list[str]:
    """Return the result in lines for people."""
    parts = []
    for release in result.published:
        ours, foreign = consumer.commands(run, policy, release.tag, release.stage)
        parts.append(
            f"published: {release.tag} ({release.stage}) · {release.url}\n"
            f"  {len(release.files)} assets · ledger: entry {release.entry.link.sequence} (publication)\n"
            f"  verify:     {ours}"
            + (f"\n  without us: {foreign}   ({page('verify-without-us/README.md')})" if foreign else "")
        )
    for stopped in result.stopped:
        head = "withdrawn" if stopped.error is None else "not published"
        parts.append(f"{head}: {stopped.tag} ({stopped.stage})\n  {_why(stopped)}")
        if stopped.error is not None:
            parts.append(failure.text(stopped.error))
    return parts


def data(result: publishing.PublishResult) -> list[dict[str, Any]]:
    """Return the releases as JSON data."""
    return [
        {
            "tag": release.tag,
            "stage": release.stage,
            "url": release.url,
            "sequence": release.entry.link.sequence,
            "files": dict(release.files),
        }
        for release in result.published
    ]


def errors(result: publishing.PublishResult) -> tuple[tuple[str, str], ...]:
    """Return what was not published, as annotations."""
    return tuple(("not published", _why(stopped)) for stopped in result.stopped)


def _why(stopped: publishing.NotPublished) -> str:
    """Return why an allow did not become a release."""
    if stopped.why is not None:
        return text.withdrawn(stopped.why, taken_back=stopped.taken_back)
    return stopped.error.what if stopped.error else ""
