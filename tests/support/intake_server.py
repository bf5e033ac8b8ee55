"""A real intake server on loopback, with levers for tests: `python -m tests.support.intake_server`, `LIUHEN_HOME` set.

It serves the production handler over real HTTP on a real instance (database file, vault folder, integrator). The levers
are addresses `/test/<lever>` of this script alone: they plan faults of the store, move the clock, run a service.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn

from liuhen.server.config.setup import open_instance

open_instance()

from django.conf import settings  # noqa: E402 - apps are loaded now
from django.db import close_old_connections, connection  # noqa: E402

from liuhen.server.intake import live, selectors, stations, sweep  # noqa: E402
from liuhen.server.intake.asgi import IntakeHandler  # noqa: E402
from liuhen.server.intake.models import StationKey, Upload  # noqa: E402
from liuhen.server.intake.writer import Pace  # noqa: E402
from liuhen.server.kernel import clock  # noqa: E402
from liuhen.server.kernel.actor import SYSTEM  # noqa: E402
from liuhen.server.ledger.integrator import Integrator, start_integrator  # noqa: E402
from liuhen.server.ledger.models import Event  # noqa: E402
from liuhen.server.ledger.selectors import newest_time  # noqa: E402
from liuhen.server.recordings.models import Attachment, Recording  # noqa: E402
from liuhen.server.vault.adapters.local import LocalStore  # noqa: E402
from tests.support.faults import FaultPlan, FaultyStore  # noqa: E402

PACE = Pace(**json.loads(os.environ.get("TEST_PACE", "{}")))


class ShiftedClock:
    """The system's clock, moved."""

    def __init__(self) -> None:
        self.shift = timedelta()

    def now(self) -> datetime:
        """Return the moved time."""
        moment = datetime.now(UTC) + self.shift  # noqa: TID251 - this is the clock beneath the server under test
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class Levers:
    """What a test may do to the server from outside."""

    def __init__(self) -> None:
        self.plan = FaultPlan()
        self.store = FaultyStore(LocalStore(settings.INSTANCE.vault, freeze=False), self.plan)
        self.clock = ShiftedClock()
        self.integrator: Integrator | None = None

    def fail(self, step: str, how: str, skip: int = 0) -> None:
        """Plan a fault of the store."""
        self.plan.set(step, how, skip)

    def held(self) -> bool:
        """Wait until the planned step is held."""
        return self.plan.held.wait(30)

    def release(self) -> None:
        """Let the held step go on."""
        self.plan.release.set()

    def free(self, claimed: int | None) -> None:
        """Let the store claim so much free space."""
        self.store.claims_free = claimed

    def shift(self, seconds: float) -> None:
        """Move the clock beneath the server."""
        self.clock.shift = timedelta(seconds=seconds)

    def stop_integrator(self) -> None:
        """End the integrator: nothing is sequenced."""
        if self.integrator is not None:
            self.integrator.stop()
            self.integrator = None

    def start_integrator(self) -> None:
        """Start the integrator again."""
        if self.integrator is None:
            self.integrator = start_integrator()

    def revoke(self, key: str) -> None:
        """Revoke a station key."""
        stations.revoke_key(key=key, actor=SYSTEM, at=clock.now())

    def new_key(self, like: str) -> str:
        """Issue one more key to the station that has the key `like`; return the key file's text."""
        station = StationKey.objects.get(key=like).station
        return stations.issue_key(station=station, actor=SYSTEM, at=clock.now()).file_text

    def sweep(self) -> dict[str, list[str]]:
        """Sweep."""
        report = sweep.sweep(self.store, at=clock.now())
        return {name: [str(item) for item in getattr(report, name)] for name in ("expired", "cleared", "busy")}

    def age(self, upload: str, seconds: float) -> None:
        """Bring an upload's expiry nearer."""
        row = Upload.objects.get(id=upload)
        Upload.objects.filter(id=upload).update(expires_at=row.expires_at - timedelta(seconds=seconds))

    def upload(self, upload: str) -> dict[str, Any] | None:
        """Return an upload's row."""
        row = Upload.objects.filter(id=upload).values("state", "name", "received_sha256", "recording_id").first()
        return None if row is None else {name: value and str(value) for name, value in row.items()}

    def recordings(self, sha256: str) -> list[dict[str, Any]]:
        """Return the recordings of these bytes."""
        rows = Recording.objects.filter(sha256=sha256).select_related("unit", "device", "officer")
        names = ("id", "name", "kind", "state", "officer_code", "device_started", "device_started_source", "sequence")
        return [
            {
                **{name: str(getattr(row, name)) for name in (*names, "important", "clock_method", "clock_error_ms")},
                "unit": row.unit.code,
                "device": row.device.serial if row.device else None,
                "officer": row.officer.username if row.officer else None,
                "name_raw": bytes(row.name_raw).hex(),
            }
            for row in rows
        ]

    def attachments(self, sha256: str) -> int:
        """Return how many attachments have these bytes."""
        return Attachment.objects.filter(sha256=sha256).count()

    def objects(self) -> list[str]:
        """Return the addresses of all sealed objects."""
        return [listing.sha256 for listing in self.store.list()]

    def staged(self) -> dict[str, int]:
        """Return the staging areas and their sizes."""
        return {area.key: area.size for area in self.store.staged()}

    def events(self, subject: str) -> list[dict[str, Any]]:
        """Return type, actor and facts of a subject's events."""
        rows = Event.objects.filter(subject=subject).order_by("n")
        return [{"actor": row.actor, "type": row.type, **json.loads(bytes(row.leaf))["facts"]} for row in rows]

    def live(self, upload: str) -> int | None:
        """Return what the intake page would show as arrived."""
        found = live.look(uuid.UUID(upload))
        return None if found is None else found.received

    def progress(self, collection: str) -> dict[str, Any]:
        """Return what the intake page shows of a collection."""
        found = selectors.progress(actor=SYSTEM, collection_id=uuid.UUID(collection))
        files = {str(file.upload): [file.state.value, file.received, file.length] for file in found.files}
        return {
            "files": files,
            "received": found.summary.received,
            "bytes": found.summary.bytes,
            "skipped": [[item.name, item.reason] for item in found.skipped],
        }


LEVERS = Levers()
_intake = IntakeHandler(lambda: LEVERS.store, PACE)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve intake and the levers."""
    if scope["path"].startswith("/test/"):
        await _pull(scope, receive, send)
    else:
        await _intake(scope, receive, send)


async def _pull(scope: dict[str, Any], receive: Any, send: Any) -> None:
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    lever = getattr(LEVERS, scope["path"].removeprefix("/test/"))

    def call() -> Any:
        try:
            return lever(**json.loads(body or b"{}"))
        finally:
            close_old_connections()

    answer = json.dumps(await asyncio.to_thread(call)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(answer))]})
    await send({"type": "http.response.body", "body": answer})


def main() -> None:
    """Serve on a port of the system's choice and print it; end with SIGTERM."""
    newest = newest_time()
    if newest is not None:
        clock.observe(newest)
    clock._clock._source = LEVERS.clock
    LEVERS.start_integrator()
    config = uvicorn.Config(application, host="127.0.0.1", port=0, lifespan="off", log_level="warning")
    server = uvicorn.Server(config)
    socket = config.bind_socket()
    socket.listen()
    sys.stdout.write(f"{socket.getsockname()[1]}\n")
    sys.stdout.flush()
    try:
        server.run([socket])
    finally:
        LEVERS.stop_integrator()
        connection.close()


if __name__ == "__main__":
    main()
