"""What `init` writes: from what was seen and what was answered to files, jobs to paste, and settings to make.

Pure: it reads nothing but the texts of its own package. Whatever a repository names stands in a file as a quoted
scalar, and only if its grammar fits; in no file does it stand in a script.
"""

from __future__ import annotations

from counterseal.project.plan.answers import Answers, Facts, GateChoice, Preset, Publish
from counterseal.project.plan.making import Paste, Plan, PlannedFile, make
from counterseal.project.plan.people import Named, approvers_of, named
from counterseal.project.plan.pins import Moved, move
from counterseal.project.plan.proposals import counts_for, propose
from counterseal.project.plan.settings import Setting, Settings, left_to_do

__all__ = [
    "Answers",
    "Facts",
    "GateChoice",
    "Moved",
    "Named",
    "Paste",
    "Plan",
    "PlannedFile",
    "Preset",
    "Publish",
    "Setting",
    "Settings",
    "approvers_of",
    "counts_for",
    "left_to_do",
    "make",
    "move",
    "named",
    "propose",
]
