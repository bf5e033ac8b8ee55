"""A station key opens intake and nothing else, so it has no scope to name."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """Drops the column that had one value."""

    dependencies: ClassVar = [("intake", "0001_initial")]

    operations: ClassVar = [
        migrations.RemoveConstraint("stationkey", "key_scope_is_known"),
        migrations.RemoveField("stationkey", "scope"),
    ]
