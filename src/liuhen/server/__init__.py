"""The server: front door, pages, intake, ledger, vault and worker."""
