"""The git binary: source repository and ledger, each in a bare copy of our own."""
