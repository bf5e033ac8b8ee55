"""Background jobs: Django's Tasks API over leases in the database."""
