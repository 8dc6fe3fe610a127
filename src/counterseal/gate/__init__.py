"""One run of the gate, in the order of its files' use: open, select, collect, decide, record; preview; and publication.

`emergency` is another run: what one person records at once.

It talks to the world through ports, and leaves judging to `evaluation/`.
"""

from __future__ import annotations

__all__ = [
    "appending",
    "arrivals",
    "candidate_bytes",
    "collect",
    "deciding",
    "emergency",
    "fitting",
    "heartbeat",
    "judge",
    "ledger",
    "opening",
    "permitting",
    "preview",
    "publication",
    "request_files",
    "sboms",
    "selection",
]
