"""What a benchmark does inside an instance: `python -m tools.bench.inside ACTION ...`; its last line is JSON."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import uuid
from pathlib import Path
from statistics import median
from typing import Any

from liuhen.server.config.setup import open_instance


def events(writers: int, count: int) -> dict[str, Any]:
    """Write `count` events by `writers` threads, one transaction each, and wait until all are under a checkpoint."""
    from django.db import connection, transaction

    from liuhen.core.events import EventType
    from liuhen.server.kernel import clock
    from liuhen.server.kernel.actor import SYSTEM
    from liuhen.server.ledger import services
    from liuhen.server.ledger.models import Event

    def write(share: int) -> None:
        for _ in range(share):
            with transaction.atomic():
                subject = f"recording/{uuid.uuid4()}"
                facts = {"collection": str(uuid.uuid4()), "kind": "video", "duration_ms": 1000}
                services.record(
                    type=EventType.RECORDING_ANALYSED, subject=subject, actor=SYSTEM, at=clock.now(), facts=facts
                )
        connection.close()

    began = time.monotonic()
    threads = [threading.Thread(target=write, args=(count // writers,)) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while Event.objects.filter(index__isnull=True).exists():
        time.sleep(0.02)
    seconds = time.monotonic() - began
    return {"per_second": count // writers * writers / seconds}


def fsck(entries: int) -> dict[str, Any]:
    """Fill the ledger with `entries` events in large transactions, then time three runs of fsck."""
    from django.db import transaction

    from liuhen.core.events import EventType
    from liuhen.server.kernel import clock
    from liuhen.server.kernel.actor import SYSTEM
    from liuhen.server.ledger import services
    from liuhen.server.ledger.fsck import check_ledger
    from liuhen.server.ledger.models import Event

    subjects = [f"recording/{uuid.uuid4()}" for _ in range(entries // 8)]
    for start in range(0, entries, 1000):
        with transaction.atomic():
            for number in range(start, min(start + 1000, entries)):
                services.record(
                    type=EventType.RECORDING_DIGESTED,
                    subject=subjects[number % len(subjects)],
                    actor=SYSTEM,
                    at=clock.now(),
                    facts={"number": number},
                )
    while Event.objects.filter(index__isnull=True).exists():
        time.sleep(0.05)
    times = []
    for _ in range(3):
        began = time.monotonic()
        report = check_ledger()
        times.append(time.monotonic() - began)
        if report.size < entries:
            raise RuntimeError(f"fsck read {report.size} entries of {entries}")
    return {"median_s": median(times), "entries": Event.objects.count()}


def verify_receipt() -> dict[str, Any]:
    """Time the verification of a receipt in a ledger of some thousand entries."""
    from django.db import transaction

    from liuhen.core.digests import sha256
    from liuhen.core.entry import ObjectRef
    from liuhen.core.events import EventType
    from liuhen.core.verify import AnyReceipt
    from liuhen.core.verify import verify_receipt as verify
    from liuhen.server.kernel import clock
    from liuhen.server.kernel.actor import SYSTEM
    from liuhen.server.ledger import selectors, services

    digest = sha256(b"an original").hex()
    with transaction.atomic():
        event = services.record(
            type=EventType.RECORDING_SEALED,
            subject=f"recording/{uuid.uuid4()}",
            actor=SYSTEM,
            at=clock.now(),
            objects=[ObjectRef(role="original", sha256=digest, sm3=digest, size=11)],
            private=services.named_file(b"a.mp4", path=b"a.mp4", facts={}),
        )
    receipt = selectors.receipt_of(services.wait_sequenced(event.id, timeout_s=10))
    key = selectors.verifier_key()
    times = []
    for _ in range(200):
        began = time.perf_counter()
        verify(receipt, key=key, policy=AnyReceipt())
        times.append((time.perf_counter() - began) * 1000)
    return {"median_ms": median(times)}


def issue_ticket() -> dict[str, Any]:
    """Make a custodian with a session and a ticket for the newest recording."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from liuhen.server.access import services as access
    from liuhen.server.accounts import services as accounts
    from liuhen.server.accounts.models import Unit
    from liuhen.server.accounts.roles import Role
    from liuhen.server.accounts.selectors import actor_of
    from liuhen.server.kernel import clock
    from liuhen.server.kernel.actor import SYSTEM
    from liuhen.server.recordings.models import Recording

    at = clock.now()
    person = accounts.create_person(
        username="bench",
        name="bench",
        certificate_number=None,
        unit=Unit.objects.get(code="u"),
        password=uuid.uuid4().hex,
        actor=SYSTEM,
        at=at,
    )
    accounts.grant_role(person=person, role=Role.CUSTODIAN, actor=SYSTEM, at=at)
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    recording = Recording.objects.latest("sealed_at")
    ticket = access.issue_ticket(
        recording=recording, holder=person, reason="benchmark", minutes=30, actor=actor_of(person), at=at
    )
    key = session.session_key or ""
    access.open_ticket(ticket_id=ticket.id, session_key=key, actor=actor_of(person), at=at)
    return {"ticket": str(ticket.id), "session": key}


def slow_uploads(count: int) -> dict[str, Any]:
    """Create `count` uploads of 16 MiB and return their addresses and the station's authorization."""
    import base64

    import httpx

    key = json.loads(Path(os.environ["LIUHEN_HOME"], "secrets", "station.json").read_text(encoding="utf-8"))
    headers = {"Authorization": f"Bearer {key['key']}", "Tus-Resumable": "1.0.0"}
    base = f"http://127.0.0.1:{os.environ['LIUHEN_PORT']}"
    collection = str(uuid.uuid4())
    clock = {"method": "unknown", "error_ms": None, "measured": None, "uncertainty_ms": None}
    opened = {"v": 1, "device": None, "collector": "bench", "opened": "2026-01-01T00:00:00.000Z", "clock": clock}
    with httpx.Client(base_url=base, headers=headers) as client:
        client.put(f"/intake/collections/{collection}", json={**opened, "carried": None}).raise_for_status()
        uploads = []
        for number in range(count):
            upload = str(uuid.uuid4())
            name = base64.b64encode(f"slow-{number}.mp4".encode()).decode()
            declared = {"v": 1, "upload": upload, "collection": collection, "name": name, "path": name}
            declared |= {"role": "original", "attached_to": None, "facts": {}}
            metadata = "declaration " + base64.b64encode(json.dumps(declared).encode()).decode()
            made = client.post("/intake/uploads", headers={"Upload-Length": str(1 << 24), "Upload-Metadata": metadata})
            made.raise_for_status()
            uploads.append(f"/intake/uploads/{upload}")
    return {"uploads": uploads, "authorization": [headers["Authorization"]]}


def main() -> int:
    """Run one action."""
    open_instance()
    action, *words = sys.argv[1:]
    match action:
        case "events":
            result = events(int(words[0]), int(words[1]))
        case "fsck":
            result = fsck(int(words[0]))
        case "verify-receipt":
            result = verify_receipt()
        case "issue-ticket":
            result = issue_ticket()
        case _:
            result = slow_uploads(int(words[0]))
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
