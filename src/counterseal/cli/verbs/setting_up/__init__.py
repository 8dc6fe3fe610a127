"""Verbs with which a repository is set up."""
