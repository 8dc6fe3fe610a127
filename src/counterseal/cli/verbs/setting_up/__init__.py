"""Verbs by which a repository is set up."""
