"""The database itself refuses to change or delete what the ledger wrote, but for an event's place, set once.

This guards against mistakes, not against whoever may alter the schema; fsck finds what they do.
"""

from django.db import migrations

_KEPT = ("seq", "id", "type", "time", "subject", "n", "actor", "leaf", "leaf_hash", "salt", "private")
_SAME = " AND ".join(f"NEW.{column} IS OLD.{column}" for column in _KEPT)
_ROW = "ROW({})".format(", ".join(f"%s.{column}" for column in _KEPT))

_SQLITE = {
    "ledger_event_waits": (
        "BEFORE INSERT ON ledger_event", 'NEW."index" IS NOT NULL', "an event is written without a place"
    ),
    "ledger_event_not_deleted": ("BEFORE DELETE ON ledger_event", "TRUE", "events are not deleted"),
    "ledger_event_not_changed": (
        "BEFORE UPDATE ON ledger_event",
        f'NOT (OLD."index" IS NULL AND NEW."index" IS NOT NULL AND {_SAME})',
        "events are not changed",
    ),
    "ledger_checkpoint_not_deleted": (
        "BEFORE DELETE ON ledger_checkpointrow", "TRUE", "checkpoints are not deleted"
    ),
    "ledger_checkpoint_not_changed": (
        "BEFORE UPDATE ON ledger_checkpointrow", "TRUE", "checkpoints are not changed"
    ),
}

_POSTGRESQL = [
    f"""
    CREATE FUNCTION ledger_event_guard() RETURNS trigger AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW."index" IS NOT NULL THEN RAISE EXCEPTION 'an event is written without a place'; END IF;
            RETURN NEW;
        END IF;
        IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'events are not deleted'; END IF;
        IF OLD."index" IS NOT NULL OR NEW."index" IS NULL
            OR {_ROW.replace("%s", "NEW")} IS DISTINCT FROM {_ROW.replace("%s", "OLD")}
        THEN RAISE EXCEPTION 'events are not changed'; END IF;
        RETURN NEW;
    END $$ LANGUAGE plpgsql
    """,
    """
    CREATE TRIGGER ledger_event_guard BEFORE INSERT OR UPDATE OR DELETE ON ledger_event
    FOR EACH ROW EXECUTE FUNCTION ledger_event_guard()
    """,
    """
    CREATE FUNCTION ledger_checkpoint_guard() RETURNS trigger AS $$
    BEGIN RAISE EXCEPTION 'checkpoints are neither changed nor deleted'; END $$ LANGUAGE plpgsql
    """,
    """
    CREATE TRIGGER ledger_checkpoint_guard BEFORE UPDATE OR DELETE ON ledger_checkpointrow
    FOR EACH ROW EXECUTE FUNCTION ledger_checkpoint_guard()
    """,
]
_POSTGRESQL_DROP = [
    "DROP TRIGGER ledger_event_guard ON ledger_event",
    "DROP FUNCTION ledger_event_guard",
    "DROP TRIGGER ledger_checkpoint_guard ON ledger_checkpointrow",
    "DROP FUNCTION ledger_checkpoint_guard",
]


def _guard(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        statements = [
            f"CREATE TRIGGER {name} {event} WHEN {condition} BEGIN SELECT RAISE(ABORT, '{message}'); END"
            for name, (event, condition, message) in _SQLITE.items()
        ]
    else:
        statements = _POSTGRESQL
    for statement in statements:
        schema_editor.execute(statement)


def _unguard(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        statements = [f"DROP TRIGGER {name}" for name in _SQLITE]
    else:
        statements = _POSTGRESQL_DROP
    for statement in statements:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunPython(_guard, _unguard)]
