"""Publish recorded allows of publishing stages that are not released yet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from counterseal.cli.report import Report
from counterseal.gate.publication import publishing
from counterseal.history import label
from counterseal.render import consumer, escape, text

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from counterseal.gate import opening
    from counterseal.history import RecordedDecision
    from counterseal.wiring import Wiring


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("--stage", help="only allows of this stage")
    parser.add_argument("--dry-run", action="store_true", help="say what would be published, publish nothing")


def run(options: argparse.Namespace, wiring: Wiring) -> Report:
    """Run the verb."""
    wiring.surroundings.refuse_influence({"stage", "format", "dry_run"})
    with wiring.surroundings.work_folder() as work:
        opened = wiring.gate(work)
        if options.dry_run:
            return _planned(publishing.plan(opened, stage=options.stage))
        result = publishing.run(opened, stage=options.stage)
        sandbox = opened.sources.trust.sandbox
    parts = lines(result, opened) or ["nothing to publish"]
    return Report(
        text="\n".join([*parts, *([text.SANDBOX_NOTE] if sandbox else [])]),
        data={"schema": "counterseal.publish/v1", "published": data(result), "sandbox": sandbox},
        exit_code=result.exit_code,
        outputs={"published": json.dumps([each.tag for each in result.published])},
        errors=tuple(("not published", stopped(each)) for each in result.stopped),
    )


def _planned(waiting: Sequence[RecordedDecision]) -> Report:
    rows = [
        f"would publish: {label(each.decision)} ({each.decision.stage}) · entry {each.sequence}" for each in waiting
    ]
    data: list[dict[str, Any]] = [
        {"what": label(each.decision), "stage": each.decision.stage, "sequence": each.sequence} for each in waiting
    ]
    body = "\n".join(escape.plain(row) for row in rows) or "nothing to publish"
    return Report(body, {"schema": "counterseal.publish-plan/v1", "waiting": data})


def lines(result: publishing.PublishResult, opened: opening.Gate) -> list[str]:
    """Return the result in lines for people, with the commands that consumers need."""
    found = []
    for each in result.published:
        ours, foreign = consumer.commands(opened.run, opened.policy, each.tag, each.stage)
        found.append(
            f"published: {each.tag} ({each.stage}) · {each.url}\n"
            f"  {len(each.files)} assets · ledger: entry {each.entry.link.sequence} (publication)\n"
            f"  verify:     {ours}" + (f"\n  without us: {foreign}   (docs/verify-without-us)" if foreign else "")
        )
    for missed in result.stopped:
        head = "withdrawn" if missed.error is None else "not published"
        found.append(f"{head}: {missed.tag} ({missed.stage})\n  {stopped(missed)}")
        if missed.error is not None:
            found.append(text.error(missed.error))
    return found


def stopped(found: publishing.NotPublished) -> str:
    """Return why an allow did not become a release."""
    if found.why is not None:
        return text.withdrawn(found.why, taken_back=found.taken_back)
    return found.error.what if found.error else ""


def data(result: publishing.PublishResult) -> list[dict[str, Any]]:
    """Return the result as JSON data."""
    return [
        {
            "tag": each.tag,
            "stage": each.stage,
            "url": each.url,
            "sequence": each.entry.link.sequence,
            "files": dict(each.files),
        }
        for each in result.published
    ]
