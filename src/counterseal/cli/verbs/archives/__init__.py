"""Verbs that make archives, and look into them."""
