"""Names: what is opened under a ticket is a viewing, and a ticket is issued."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Renames only; no row changes."""

    dependencies: ClassVar = [("access", "0002_ranges_begin_and_end")]

    operations: ClassVar = [
        migrations.RemoveConstraint("opening", "one_opening_per_ticket_and_session"),
        migrations.RenameModel("Opening", "Viewing"),
        migrations.RenameField("rangeserved", "opening", "viewing"),
        migrations.RenameField("viewticket", "opened_by", "issued_by"),
        migrations.AlterField(
            "viewing",
            "ticket",
            models.ForeignKey("access.ViewTicket", on_delete=models.PROTECT, related_name="viewings"),
        ),
        migrations.AlterField(
            "viewticket",
            "issued_by",
            models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="tickets_issued"),
        ),
        migrations.AddConstraint(
            "viewing",
            models.UniqueConstraint(fields=["ticket", "session"], name="one_viewing_per_ticket_and_session"),
        ),
    ]
