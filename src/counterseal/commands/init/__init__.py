"""`init`: looks at a clone and its forge, proposes a policy and the files of its CI, and writes them on a branch.

It asks nobody: what is not answered is proposed (`next_question`), and who asks hands the answers in.
"""

from __future__ import annotations

from counterseal.commands.init.answering import Given, Question, decide, next_question, of_policy
from counterseal.commands.init.facts import facts_of
from counterseal.commands.init.look import Looked, look
from counterseal.commands.init.pinning import pinned, revision_for
from counterseal.commands.init.upgrading import NEWEST, UpgradeResult, upgrade
from counterseal.commands.init.writing import Change, Decided, InitPorts, InitResult, existing, run

__all__ = [
    "NEWEST",
    "Change",
    "Decided",
    "Given",
    "InitPorts",
    "InitResult",
    "Looked",
    "Question",
    "UpgradeResult",
    "decide",
    "existing",
    "facts_of",
    "look",
    "next_question",
    "of_policy",
    "pinned",
    "revision_for",
    "run",
    "upgrade",
]
