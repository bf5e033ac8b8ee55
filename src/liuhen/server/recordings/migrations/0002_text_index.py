"""The text index: recordings' tokens in a plain table, and an FTS5 index over it that triggers keep in step.

The plain table makes replacing a recording's tokens a look-up in its unique index; a column of an FTS5 table has none.
The tokens are made by `kernel.search`, so the engine's tokenizer only has to part them at blanks: `ascii` takes every
character beyond ASCII as a letter, also those that its tables of letters do not know yet (rare characters in names).
"""

from django.db import migrations

_MAKE = [
    "CREATE TABLE recordings_words (id INTEGER PRIMARY KEY, recording TEXT NOT NULL UNIQUE, tokens TEXT NOT NULL)",
    """
    CREATE VIRTUAL TABLE recordings_text USING fts5 (
        recording UNINDEXED, tokens, content='recordings_words', content_rowid='id', tokenize='ascii'
    )
    """,
    """
    CREATE TRIGGER recordings_words_added AFTER INSERT ON recordings_words BEGIN
        INSERT INTO recordings_text (rowid, recording, tokens) VALUES (NEW.id, NEW.recording, NEW.tokens);
    END
    """,
    """
    CREATE TRIGGER recordings_words_changed AFTER UPDATE ON recordings_words BEGIN
        INSERT INTO recordings_text (recordings_text, rowid, recording, tokens)
        VALUES ('delete', OLD.id, OLD.recording, OLD.tokens);
        INSERT INTO recordings_text (rowid, recording, tokens) VALUES (NEW.id, NEW.recording, NEW.tokens);
    END
    """,
    """
    CREATE TRIGGER recordings_words_removed AFTER DELETE ON recordings_words BEGIN
        INSERT INTO recordings_text (recordings_text, rowid, recording, tokens)
        VALUES ('delete', OLD.id, OLD.recording, OLD.tokens);
    END
    """,
]
_REMOVE = ["DROP TABLE recordings_text", "DROP TABLE recordings_words"]


def _make(apps, schema_editor):
    _run(schema_editor, _MAKE)


def _remove(apps, schema_editor):
    _run(schema_editor, _REMOVE)


def _run(schema_editor, statements):
    if schema_editor.connection.vendor == "sqlite":
        for statement in statements:
            schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("recordings", "0001_initial")]
    operations = [migrations.RunPython(_make, _remove)]
