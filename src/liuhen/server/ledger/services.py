"""Writing custody events, and waiting until one is under a checkpoint."""

from __future__ import annotations

import base64
import secrets
import time
import uuid
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import connection, transaction

from liuhen.core.canonical import canonical
from liuhen.core.entry import SALT_SIZE, Entry, EventType, commit_private
from liuhen.core.tlog.merkle import leaf_hash
from liuhen.server.kernel.actor import SYSTEM
from liuhen.server.kernel.ids import new_id
from liuhen.server.ledger import selectors, wake
from liuhen.server.ledger.errors import LedgerBehindError
from liuhen.server.ledger.interfaces import Sequenced
from liuhen.server.ledger.models import Event
from liuhen.server.ledger.signer import create_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from liuhen.core.entry import ObjectRef
    from liuhen.server.kernel.actor import Actor

__all__ = ["init_ledger", "named_file", "record", "wait_sequenced"]

_POLL_S: Final = 0.02

_SELECT_HEAD: Final = "SELECT n, leaf_hash FROM ledger_subjecthead WHERE subject = %s"
_UPSERT_HEAD: Final = (
    "INSERT INTO ledger_subjecthead (subject, n, leaf_hash) VALUES (%s, %s, %s) "
    "ON CONFLICT (subject) DO UPDATE SET n = excluded.n, leaf_hash = excluded.leaf_hash"
)


def record(
    *,
    type: EventType,  # noqa: A002 - the word of the entry format
    subject: str,
    actor: Actor,
    at: datetime,
    objects: Sequence[ObjectRef] = (),
    facts: Mapping[str, Any] | None = None,
    private: Mapping[str, Any] | None = None,
) -> Event:
    """Write one custody event in the caller's transaction (invariant 4).

    Args:
        type: what happened.
        subject: `<kind>/<uuid>`, whom it happened to; its events are numbered and chained.
        actor: who did it.
        at: when, in UTC.
        objects: the stored objects that the event is about.
        facts: codes and numbers, nothing personal; they stand in the public entry.
        private: details that only the database keeps; the entry commits to them with a fresh salt.

    Raises:
        RuntimeError: there is no transaction.
        ValueError: a value cannot stand in an entry.
        EntryTooLargeError: facts and objects are too long.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a custody event is written in the transaction of the change that it tells of")
    number, previous = _next_of(subject)
    salt = secrets.token_bytes(SALT_SIZE) if private is not None else None
    entry = Entry(
        id=new_id(),
        type=type,
        time=at,
        subject=subject,
        n=number,
        prev=previous,
        actor=actor.ref,
        objects=tuple(objects),
        facts=dict(facts or {}),
        private=commit_private(salt, private) if salt is not None and private is not None else None,
    )
    leaf = entry.to_bytes()
    digest = leaf_hash(leaf)
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT_HEAD, [subject, number, digest])
    event = Event.objects.create(
        id=entry.id,
        type=type.value,
        time=at,
        subject=subject,
        n=number,
        actor=actor.ref,
        leaf=leaf,
        leaf_hash=digest,
        salt=salt,
        private=canonical(dict(private)) if private is not None else None,
    )
    transaction.on_commit(wake.ring)
    return event


def _next_of(subject: str) -> tuple[int, str | None]:
    """Return the number of the subject's next event and the leaf hash (hex) of its last one."""
    with connection.cursor() as cursor:
        suffix = " FOR UPDATE" if connection.features.has_select_for_update else ""
        cursor.execute(_SELECT_HEAD + suffix, [subject])
        row = cursor.fetchone()
    return (0, None) if row is None else (row[0] + 1, bytes(row[1]).hex())


def named_file(name: bytes, *, path: bytes, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the private details of an event about a file: its raw name and path in base64, and what it declares.

    This is the form that a receipt's opening needs (docs/spec/receipt.md).
    """
    return {
        "name": base64.b64encode(name).decode(),
        "path": base64.b64encode(path).decode(),
        "facts": dict(facts),
    }


def wait_sequenced(event_id: uuid.UUID, *, timeout_s: float) -> Sequenced:
    """Wait until an event is under a signed checkpoint, and return its place, bytes and proof.

    Must not be called within a transaction: the integrator would wait for the caller.

    Raises:
        LedgerBehindError: it was not within `timeout_s`; the event itself is safe.
    """
    if connection.in_atomic_block:
        raise RuntimeError("waiting for the integrator inside a transaction never ends")
    end = time.monotonic() + timeout_s
    while True:
        seen = wake.progress()
        index = Event.objects.filter(id=event_id).values_list("index", flat=True).get()
        if index is not None:
            event = Event.objects.get(id=event_id)
            return Sequenced(index=index, entry=bytes(event.leaf), proof=selectors.proof_of(event))
        left = end - time.monotonic()
        if left <= 0:
            raise LedgerBehindError(event=event_id, seconds=timeout_s)
        wake.wait_progress(seen, min(left, _POLL_S * 10))


@transaction.atomic
def init_ledger(*, domain: str, at: datetime) -> None:
    """Begin the ledger: make its key and write its first event; harmless when it was begun before."""
    instance = settings.INSTANCE
    if not instance.ledger_key_file.exists():
        create_key(instance.ledger_key_file, origin=f"{domain}/liuhen/{uuid.uuid4()}")
    instance.ledger.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not Event.objects.filter(type=EventType.LEDGER_CREATED).exists():
        record(type=EventType.LEDGER_CREATED, subject=selectors.ledger_subject(), actor=SYSTEM, at=at)
