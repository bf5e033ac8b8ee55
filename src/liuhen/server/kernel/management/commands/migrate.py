"""`migrate` in one transaction.

Django commits a migration's tables first and after them, where an index or a reference is added at the end, the row
that says that the migration was carried out. Cut off between the two, it would begin with tables that are there already
and fail for ever.
"""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate
from django.db import connections, transaction

__all__ = ["Command"]


class Command(migrate.Command):
    """Carry out all migrations or none."""

    def handle(self, *args: Any, **options: Any) -> None:
        """See Django's command."""
        name = options["database"]
        # SQLite cannot let go of its references within a transaction, and a change of tables needs that.
        with connections[name].constraint_checks_disabled(), transaction.atomic(using=name):
            super().handle(*args, **options)
