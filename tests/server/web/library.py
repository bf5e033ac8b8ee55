"""A library of a few recordings, and people who look at it through the pages."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.test import Client
from django.urls import reverse

from liuhen.server.access import services as access
from liuhen.server.accounts.roles import Role
from liuhen.server.devices.models import Device
from liuhen.server.intake.models import Collection, FileRole, Station, Upload, UploadState
from liuhen.server.kernel import clock
from liuhen.server.ledger.models import Event
from liuhen.server.ledger.services import init_ledger
from liuhen.server.recordings.models import ClockMethod
from tests.support.recordings import STATION, enter, known_device

if TYPE_CHECKING:
    from liuhen.server.access.models import ViewTicket
    from liuhen.server.accounts.models import Person
    from liuhen.server.recordings.models import Recording
    from tests.support.cast import Cast

__all__ = ["Library", "make_library"]


@dataclass(frozen=True)
class Library:
    """Two recordings of the brigade, one of them of nobody known, a device whose clock is off, one collection."""

    cast: Cast
    recording: Recording
    stray: Recording
    device: Device
    collection: Collection

    def page(self, person: Person | None, language: str = "zh-hans") -> Client:
        """Return a browser in which `person` is logged in."""
        client = Client()
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        if person is not None:
            client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        return client

    def ticket(self, holder: Person) -> ViewTicket:
        """Give `holder` a ticket for the recording."""
        return access.issue_ticket(
            recording=self.recording,
            holder=holder,
            reason="案情研判",
            minutes=30,
            actor=self.cast.actor(Role.CUSTODIAN),
            at=clock.now(),
        )

    @property
    def address(self) -> str:
        """The recording's page."""
        return reverse("recording", args=[self.recording.id])


def make_library(cast: Cast) -> Library:
    """Make it, at the present time."""
    at = clock.now()
    init_ledger(domain="liuhen.invalid", at=at)
    device = known_device()
    Device.objects.filter(id=device.id).update(clock_error_ms=-41_000, clock_measured_at=at)
    recording = enter(cast.brigade, at=at, officer=cast.officer, officer_code="650012", device=device)
    stray = enter(cast.brigade, at=at, name="MOV_0413.MP4")
    station = Station.objects.create(id=STATION.id, name="一号采集站", unit=cast.brigade, registered_at=at)
    collection = Collection.objects.create(
        id=uuid.uuid4(),
        station=station,
        device=device,
        clock_method=ClockMethod.DECLARED,
        clock_error_ms=-41_000,
        opened_at=at,
        closed_at=at,
        opening={},
        summary={"skipped": [{"name": "Thumbs.db", "reason": "system-file"}], "cleared": []},
    )
    common = {"collection": collection, "role": FileRole.ORIGINAL, "declaration": {}, "metadata": "", "created_at": at}
    event = Event.objects.get(subject=f"recording/{recording.id}", n=0)
    Upload.objects.create(
        id=uuid.uuid4(),
        name=recording.name,
        length=recording.size,
        state=UploadState.SEALED,
        expires_at=at,
        ended_at=at,
        recording=recording,
        event=event.id,
        **common,
    )
    Upload.objects.create(
        id=uuid.uuid4(),
        name="unfinished.mp4",
        length=5_000_000,
        state=UploadState.RECEIVING,
        expires_at=at + timedelta(hours=1),
        **common,
    )
    return Library(cast=cast, recording=recording, stray=stray, device=device, collection=collection)
