"""Runs a command of a build as it is, and watches: what it ran in and with, how it ended, what it wrote."""
