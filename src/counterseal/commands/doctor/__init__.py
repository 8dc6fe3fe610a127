"""`doctor`: collects what can be seen of a clone, its forge and this machine, and has it judged. It writes nothing.

`collecting.py` asks; what is well and what is not, `project/checks` say, a topic a file.
"""

from __future__ import annotations

from counterseal.commands.doctor.collecting import Sources, collect, look
from counterseal.commands.doctor.diagnosis import Diagnosis, examine

__all__ = ["Diagnosis", "Sources", "collect", "examine", "look"]
