"""Reads changelogs: what is new, and is a version newer than mine?"""

__version__ = "1.2.0"
