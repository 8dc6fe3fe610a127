"""Text that a shell, a runner's log or an expression would act on stays text: in every input of every action."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.ci.test_parity import VERBS, options

if TYPE_CHECKING:
    from tests.ci.newcomer import Newcomer

pytestmark = [pytest.mark.slow, pytest.mark.act]

HOSTILE = (
    "\"; touch pwned; '$(touch pwned)' `touch pwned` %0A::set-output name=published::x\n"
    "::add-path::/pwned\n$GITHUB_TOKEN"
)


def test_every_input_of_every_action(here: Newcomer) -> None:
    """One job with a step for each action; each step may fail, and none may do more than that."""
    steps: list[dict[str, Any]] = []
    for verb in VERBS:
        uses = f"counterseal/counterseal/actions/{verb}@SHA"
        steps.append({"uses": uses, "with": dict.fromkeys(options(verb), HOSTILE), "continue-on-error": True})
    steps.append({"run": 'test -z "${PATH##*/pwned*}" && exit 1 || test ! -e pwned'})
    job = {"runs-on": "ubuntu-24.04", "steps": steps}
    text = yaml.safe_dump({"on": "push", "permissions": {}, "jobs": {"job": job}}, sort_keys=False)
    outcome = here.custom(text, permissions={"contents": "read"})
    assert outcome.jobs == {"job": "success"}, outcome.text[-3000:]
    assert outcome.log.count("error: ") >= len(VERBS), "each said what it does not take"
    assert "Traceback" not in outcome.text
    assert [line for line in outcome.lines if line.get("command") in ("add-path", "set-env")] == []
    assert list(here.folder.rglob("pwned")) == []
