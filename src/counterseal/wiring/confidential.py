"""What the checkout that we run in says: what it wants redacted, its first stage. A gate decides nothing by it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from counterseal import plain_file, policy
from counterseal.adapters.sbom.checkout import Checkout
from counterseal.errors import CountersealError
from counterseal.evaluation import rules
from counterseal.formats import yaml
from counterseal.identifiers import POLICY_PATH
from counterseal.model import Redaction


def redaction_of(project: Path) -> Redaction:
    """Return `redact:` of the policy in the checkout of a project, else in that of the current folder; else nothing.

    Raises:
        UsageError: The policy is no plain file.
        PolicyError: `redact` is not as it should be.
    """
    for folder in (project, Path.cwd()):
        if (content := _policy(folder)) is not None:
            return policy.load_redaction(content, POLICY_PATH)
    return Redaction()


def first_stage() -> str | None:
    """Return the first stage of the policy in the checkout that we run in, or None if nobody can tell."""
    with contextlib.suppress(CountersealError):
        content = _policy(Path.cwd())
        return policy.load(content, rules=rules.RULES).stages[0].name if content is not None else None
    return None


def _policy(folder: Path) -> bytes | None:
    """Return the policy in the checkout of a folder.

    Raises:
        UsageError: It is no plain file.
    """
    path = Checkout.of(folder).top / POLICY_PATH
    return plain_file.read(path, max_bytes=yaml.MAX_BYTES) if os.path.lexists(path) else None
