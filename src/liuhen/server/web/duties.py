"""What a person has to see to today, as far as the pages for it exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from django.db.models import Max, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from liuhen.server.accounts.policy import Ability, allows
from liuhen.server.devices.models import Device
from liuhen.server.intake.selectors import recent_collections
from liuhen.server.kernel.jobs import queue
from liuhen.server.recordings.models import RecordingState
from liuhen.server.recordings.selectors import visible_to
from liuhen.server.web.formats import clock_error, size
from liuhen.server.web.words import DEVICE_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from liuhen.server.kernel.actor import Actor

__all__ = ["CLOCK_LIMIT_MS", "Duty", "duties_of"]

CLOCK_LIMIT_MS: Final = 30_000
"""Above this clock error a device is to be set right before it is used again (article 5)."""

_MOST: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One thing to see to: since when, what, what is known of it, the articles, and where it is done."""

    since: datetime | None
    title: str
    detail: str
    articles: tuple[int, ...]
    address: str
    act: str
    grave: bool = False


def duties_of(*, actor: Actor) -> list[Duty]:
    """Return what waits for `actor`, the gravest first, then the oldest."""
    duties: list[Duty] = []
    if allows(actor, Ability.SEE_INTAKE):
        duties += [*_unfinished(actor), *_unreadable(actor), *_unattributed(actor)]
    if allows(actor, Ability.MANAGE_DEVICES):
        duties += _clocks(actor)
    if allows(actor, Ability.SEE_INTAKE) or allows(actor, Ability.MANAGE_STATIONS):
        duties += _failed_jobs(actor)
    return sorted(duties, key=lambda duty: (not duty.grave, duty.since is None, duty.since))


def _unfinished(actor: Actor) -> Iterator[Duty]:
    """Collections that wait for files: nothing arrives, and they are not whole."""
    for row in recent_collections(actor=actor):
        waiting = row.files - row.sealed - row.ended
        if waiting and not row.live:
            title = ngettext("%(count)s file not taken in yet", "%(count)s files not taken in yet", waiting)
            yield Duty(
                since=row.opened_at,
                title=title % {"count": waiting},
                detail=_(
                    "%(station)s, device %(device)s: %(left)s to come. Dock the device again, or look at the station."
                )
                % {"station": row.station, "device": row.device or "–", "left": size(row.bytes - row.received)},
                articles=(13,),
                address=reverse("intake"),
                act=_("To the intake"),
                grave=True,
            )


def _unreadable(actor: Actor) -> Iterator[Duty]:
    rows = visible_to(actor).filter(state=RecordingState.UNREADABLE)
    count = rows.count()
    if count:
        title = ngettext("%(count)s original cannot be read", "%(count)s originals cannot be read", count)
        yield Duty(
            since=rows.aggregate(newest=Max("sealed_at"))["newest"],
            title=title % {"count": count},
            detail=_("Sealed as handed in. Find out whether a device is damaged, and have it put down in writing."),
            articles=(11, 18),
            address=f"{reverse('recordings')}?{urlencode({'state': RecordingState.UNREADABLE.value})}",
            act=_("Look at them"),
        )


def _unattributed(actor: Actor) -> Iterator[Duty]:
    rows = visible_to(actor).filter(officer__isnull=True)
    count = rows.count()
    if count:
        title = ngettext("%(count)s recording without an officer", "%(count)s recordings without an officer", count)
        yield Duty(
            since=rows.aggregate(newest=Max("sealed_at"))["newest"],
            title=title % {"count": count},
            detail=_("Neither name nor device tells who recorded. Ask who had the device, and put it down in writing."),
            articles=(4,),
            address=f"{reverse('recordings')}?{urlencode({'officer': 'none'})}",
            act=_("Look at them"),
        )


def _clocks(actor: Actor) -> Iterator[Duty]:
    off = Q(clock_error_ms__gt=CLOCK_LIMIT_MS) | Q(clock_error_ms__lt=-CLOCK_LIMIT_MS)
    theirs = Q(unit__isnull=True) | Q(unit_id__in=actor.units)
    for device in Device.objects.filter(off & theirs).order_by("serial")[:_MOST]:
        named = {"device": DEVICE_KINDS[device.kind], "serial": device.serial}  # type: ignore[index]  # a StrEnum's value
        yield Duty(
            since=device.clock_measured_at,
            title=_("Clock error over the limit: %(device)s %(serial)s, %(error)s")
            % {**named, "error": clock_error(device.clock_error_ms)},
            detail=_("Set the clock before the device is issued again."),
            articles=(5,),
            address=f"{reverse('recordings')}?{urlencode({'device': device.id})}",
            act=_("Its recordings"),
        )


def _failed_jobs(actor: Actor) -> Iterator[Duty]:
    """Failed jobs are the system administrator's to repair; whoever keeps recordings has to know of them."""
    jobs = queue.failed()
    count = jobs.count()
    if count:
        newest = jobs.first()
        repairs = allows(actor, Ability.MANAGE_STATIONS)
        yield Duty(
            since=newest.finished_at if newest else None,
            title=ngettext("%(count)s background job failed", "%(count)s background jobs failed", count)
            % {"count": count},
            detail=_("See the server's log, then have them done again: liuhen worker --retry-failed")
            if repairs
            else _("Previews or digests are missing; originals are not touched. Tell the system administrator."),
            articles=(),
            address="",
            act="",
        )
