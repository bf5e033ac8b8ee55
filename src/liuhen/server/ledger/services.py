"""Writing custody events, waiting until one is under a checkpoint, and beginning a ledger."""

from __future__ import annotations

import base64
import secrets
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import connection, transaction

from liuhen.core.canonical import canonical
from liuhen.core.digests import hmac_sha256
from liuhen.core.entry import SALT_SIZE, Entry
from liuhen.core.events import EventType
from liuhen.core.tlog.merkle import leaf_hash
from liuhen.core.tlog.tiles import CHECKPOINT_PATH
from liuhen.server.kernel.actor import SYSTEM
from liuhen.server.kernel.ids import uuid7
from liuhen.server.ledger import selectors, wake
from liuhen.server.ledger.errors import FilesBehindError, LedgerBehindError
from liuhen.server.ledger.files import KEY_PATH, STATE_PATH, LedgerFolder
from liuhen.server.ledger.models import Event
from liuhen.server.ledger.signer import Signer, create_key, load_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from liuhen.core.entry import ObjectRef
    from liuhen.server.kernel.actor import Actor

__all__ = ["init_ledger", "named_file", "record", "wait_sequenced"]

_POLL_S: Final = 0.05
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_NO_EVENT: Final = -1

# The head row is the subject's lock: taken before the number is known, in one statement, also where it is new.
_TAKE_HEAD: Final = """
    INSERT INTO ledger_subjecthead (subject, n, leaf_hash) VALUES (%s, %s, %s)
    ON CONFLICT (subject) DO UPDATE SET n = ledger_subjecthead.n
    RETURNING n, leaf_hash
"""
_INSERT_EVENT: Final = """
    INSERT INTO ledger_event (id, type, time, subject, n, actor, leaf, leaf_hash, salt, private)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    RETURNING seq
"""
_MOVE_HEAD: Final = "UPDATE ledger_subjecthead SET n = %s, leaf_hash = %s WHERE subject = %s"


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
        at: when, with a time zone, in whole milliseconds.
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
    at = at.astimezone(UTC)
    details = None if private is None else canonical(dict(private))
    salt = None if details is None else secrets.token_bytes(SALT_SIZE)
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_HEAD, [subject, _NO_EVENT, b""])
        last_n, last_leaf = cursor.fetchone()
        entry = Entry(
            id=uuid7(unix_ms=(at - _EPOCH) // _MILLISECOND, random=secrets.randbits(74)),
            type=type,
            time=at,
            subject=subject,
            n=last_n + 1,
            prev=None if last_n == _NO_EVENT else bytes(last_leaf).hex(),
            actor=actor.ref,
            objects=tuple(objects),
            facts=dict(facts or {}),
            private=None if salt is None or details is None else hmac_sha256(salt, details).hex(),
        )
        leaf = entry.to_bytes()
        digest = leaf_hash(leaf)
        row = [type.value, connection.ops.adapt_datetimefield_value(at), subject, entry.n, entry.actor]
        cursor.execute(_INSERT_EVENT, [_uuid(entry.id), *row, leaf, digest, salt, details])
        (seq,) = cursor.fetchone()
        cursor.execute(_MOVE_HEAD, [entry.n, digest, subject])
    event = Event(
        seq=seq,
        id=entry.id,
        type=type.value,
        time=at,
        subject=subject,
        n=entry.n,
        actor=entry.actor,
        leaf=leaf,
        leaf_hash=digest,
        salt=salt,
        private=details,
    )
    event._state.adding = False  # noqa: SLF001 - Django's documented mark of a row that is stored
    transaction.on_commit(wake.ring)
    return event


def _uuid(value: uuid.UUID) -> uuid.UUID | str:
    return value if connection.features.has_native_uuid_field else value.hex


def named_file(name_raw: bytes, *, path: bytes, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the private details of an event about a file: its raw name and path in base64, and what it declares.

    This is the form that a receipt's opening needs (docs/spec/receipt.md).
    """
    return {
        "name": base64.b64encode(name_raw).decode(),
        "path": base64.b64encode(path).decode(),
        "facts": dict(facts),
    }


def wait_sequenced(event_id: uuid.UUID, *, timeout_s: float) -> Event:
    """Wait until an event is under a signed checkpoint, and return it with its place.

    Must not be called within a transaction: the integrator would wait for the caller.

    Raises:
        LedgerBehindError: it was not within `timeout_s`; the event itself is safe.
        Event.DoesNotExist: no committed event has this id.
        RuntimeError: there is a transaction.
    """
    if connection.in_atomic_block:
        raise RuntimeError("waiting for the integrator inside a transaction never ends")
    end = time.monotonic() + timeout_s
    while True:
        seen = wake.progress()
        event = Event.objects.get(id=event_id)
        if event.index is not None:
            return event
        left = end - time.monotonic()
        if left <= 0:
            raise LedgerBehindError(event=event_id)
        wake.wait_progress(seen, min(left, _POLL_S))


def init_ledger(*, domain: str, at: datetime) -> None:
    """Begin the ledger of this instance: key, empty tree, first event. A run cut short is completed by the next.

    Args:
        domain: the agency's domain; the ledger's origin `<domain>/liuhen/<uuid>` keeps it for ever.
        at: when.

    Raises:
        FilesBehindError: the ledger's files are gone and the database knows of a ledger: nothing is begun anew.
        KeyFileError: the key file cannot be used.
    """
    instance = settings.INSTANCE
    folder = LedgerFolder(instance.ledger)
    if not instance.ledger_key_file.exists():
        create_key(instance.ledger_key_file, f"{domain}/liuhen/{uuid.uuid4()}")
    signer = Signer(folder, load_key(instance.ledger_key_file))
    folder.make()
    if not (folder.root / KEY_PATH).exists():
        folder.put(KEY_PATH, f"{signer.verifier.to_text()}\n".encode())
    if not (folder.root / CHECKPOINT_PATH).exists():
        _begin_tree(folder, signer)
    with transaction.atomic():
        subject = selectors.ledger_subject()
        if not Event.objects.filter(subject=subject).exists():
            record(
                type=EventType.LEDGER_CREATED,
                subject=subject,
                actor=SYSTEM,
                at=at,
                facts={"origin": signer.origin, "key": signer.verifier.to_text()},
            )


def _begin_tree(folder: LedgerFolder, signer: Signer) -> None:
    indexed = Event.objects.filter(index__isnull=False).count()
    if indexed:
        raise FilesBehindError(size=0, indexed=indexed)
    was_begun = (folder.root / STATE_PATH).exists()
    folder.put(CHECKPOINT_PATH, signer.last()[1] if was_begun else signer.begin())
