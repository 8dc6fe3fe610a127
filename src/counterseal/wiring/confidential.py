"""What the checkout that we run in wants redacted. A gate decides nothing by it, so it need not be signed."""

from __future__ import annotations

import os
from pathlib import Path

from counterseal import plain_file
from counterseal.adapters.sbom.checkout import Checkout
from counterseal.formats import yaml
from counterseal.identifiers import POLICY_PATH
from counterseal.model import Redaction
from counterseal.policy import load_redaction


def redaction_of(project: Path) -> Redaction:
    """Return `redact:` of the policy in the checkout of a project, else in that of the current folder; else nothing.

    Raises:
        UsageError: The policy is no plain file.
        PolicyError: `redact` is not as it should be.
    """
    for folder in (project, Path.cwd()):
        path = Checkout.of(folder).top / POLICY_PATH
        if os.path.lexists(path):
            return load_redaction(plain_file.read(path, max_bytes=yaml.MAX_BYTES), POLICY_PATH)
    return Redaction()
