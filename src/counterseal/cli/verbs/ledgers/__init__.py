"""Verbs about the ledger as a whole."""
