"""Events that permit: what a merged request with enough approvals puts into the ledger instead of an allow."""
