"""The text index of recordings: CJK bigrams in FTS5 (migration 0002)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import connection

from liuhen.server.kernel.search import document_tokens, query_tokens

if TYPE_CHECKING:
    from liuhen.server.recordings.models import Recording

__all__ = ["matching", "put"]

_PUT: Final = """
    INSERT INTO recordings_words (recording, tokens) VALUES (%s, %s)
    ON CONFLICT (recording) DO UPDATE SET tokens = excluded.tokens
"""


def put(recording: Recording) -> None:
    """Make `recording` findable by its name, officer, unit, device and day; replaces what was there.

    Must run in the transaction of the change that it follows.
    """
    words = [
        recording.name,
        recording.officer_code,
        recording.unit.name,
        recording.officer.name if recording.officer else "",
        recording.officer.certificate_number or "" if recording.officer else "",
        recording.device.serial if recording.device else "",
        recording.device_started[:10],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_PUT, [recording.id.hex, " ".join(document_tokens(" ".join(words)))])


def matching(text: str) -> tuple[str, list[str]] | None:
    """Return an SQL condition on recordings and its parameters for the query `text`; None when it has no words."""
    tokens = query_tokens(text)
    if not tokens:
        return None
    quoted = " ".join('"' + token.replace('"', '""') + '"' for token in tokens)
    condition = "recordings_recording.id IN (SELECT recording FROM recordings_text WHERE tokens MATCH %s)"
    return condition, [quoted]
