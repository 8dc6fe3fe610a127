"""One file a verb: `VERB` says which options it has, `run` reads ports from the wiring, calls, and hands back a report.

What a verb runs with is imported when it runs, so that its help and the completion of its options are quick.
"""
