"""The ledger: custody events in a Merkle log that outside verifiers read."""
