"""`verify`: the consumer's question about downloaded files, offline, one process for many files.

`question.py` reads what is asked, `choosing.py` which files are meant, `hashing.py` reads them, `checking.py` holds
each to its proof, of which each is verified once.
"""

from __future__ import annotations

from counterseal.commands.verify.checking import Refused, Skipped, VerifyPorts, VerifyResult, run
from counterseal.commands.verify.question import OwnGateNamed, Question

__all__ = ["OwnGateNamed", "Question", "Refused", "Skipped", "VerifyPorts", "VerifyResult", "run"]
