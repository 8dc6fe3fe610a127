"""A second build: a fresh checkout, and commands that run apart from everything that is not theirs.

It compares nothing, and never sees what was released.
"""
