"""The database itself refuses to change or delete an event, but for its index, once."""

from django.db import migrations

_SQLITE = [
    """
    CREATE TRIGGER ledger_event_no_delete BEFORE DELETE ON ledger_event
    BEGIN SELECT RAISE(ABORT, 'ledger events are not deleted'); END
    """,
    """
    CREATE TRIGGER ledger_event_no_update BEFORE UPDATE ON ledger_event
    WHEN NOT (
        OLD."index" IS NULL AND NEW."index" IS NOT NULL
        AND NEW.seq = OLD.seq AND NEW.id = OLD.id AND NEW.type = OLD.type AND NEW.time = OLD.time
        AND NEW.subject = OLD.subject AND NEW.n = OLD.n AND NEW.actor = OLD.actor AND NEW.leaf = OLD.leaf
        AND NEW.leaf_hash = OLD.leaf_hash AND NEW.salt IS OLD.salt AND NEW.private IS OLD.private
    )
    BEGIN SELECT RAISE(ABORT, 'ledger events are not changed'); END
    """,
]
_POSTGRESQL = [
    """
    CREATE FUNCTION ledger_event_append_only() RETURNS trigger AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'ledger events are not deleted';
        END IF;
        IF OLD."index" IS NOT NULL OR NEW."index" IS NULL
            OR ROW(NEW.seq, NEW.id, NEW.type, NEW.time, NEW.subject, NEW.n, NEW.actor, NEW.leaf, NEW.leaf_hash,
                   NEW.salt, NEW.private)
            IS DISTINCT FROM ROW(OLD.seq, OLD.id, OLD.type, OLD.time, OLD.subject, OLD.n, OLD.actor, OLD.leaf,
                                 OLD.leaf_hash, OLD.salt, OLD.private)
        THEN
            RAISE EXCEPTION 'ledger events are not changed';
        END IF;
        RETURN NEW;
    END $$ LANGUAGE plpgsql
    """,
    """
    CREATE TRIGGER ledger_event_append_only BEFORE UPDATE OR DELETE ON ledger_event
    FOR EACH ROW EXECUTE FUNCTION ledger_event_append_only()
    """,
]
_DROP = {
    "sqlite": ["DROP TRIGGER ledger_event_no_delete", "DROP TRIGGER ledger_event_no_update"],
    "postgresql": ["DROP TRIGGER ledger_event_append_only ON ledger_event", "DROP FUNCTION ledger_event_append_only"],
}


def _guard(apps, schema_editor):
    statements = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}[schema_editor.connection.vendor]
    for statement in statements:
        schema_editor.execute(statement)


def _unguard(apps, schema_editor):
    for statement in _DROP[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunPython(_guard, _unguard)]
