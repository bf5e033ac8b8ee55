"""The verifier: receipts against a pinned key and a policy, and whole exported ledgers."""
