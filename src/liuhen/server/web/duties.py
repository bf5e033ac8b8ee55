"""What a person must see to, as far as it exists today: figures of the day and things that wait for somebody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db.models import Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from liuhen.server.accounts.policy import Ability, allows
from liuhen.server.devices.models import Device
from liuhen.server.recordings.models import RecordingState
from liuhen.server.recordings.selectors import visible
from liuhen.server.web.templatetags.liuhen import clock_error

if TYPE_CHECKING:
    from datetime import datetime

    from liuhen.server.kernel.actor import Actor
    from liuhen.server.recordings.models import Recording

__all__ = ["Duty", "Figures", "duties_of", "figures_of"]

_CLOCK_LIMIT_MS: Final = 30_000
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing to see to: a title, a line of detail, the articles, where it is done."""

    title: str
    detail: str
    articles: tuple[int, ...]
    address: str
    act: str


@dataclass(frozen=True, slots=True)
class Figures:
    """The day in numbers; `newest` are the day's recordings, or the newest of all where the day has none."""

    count: int
    size: int
    unreadable: int
    total: int
    newest: tuple[Recording, ...]
    is_today: bool


def figures_of(*, actor: Actor, at: datetime) -> Figures:
    """Count what `actor` may see of the day of `at` in the agency's time zone."""
    midnight = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = visible(actor)
    day = rows.filter(sealed_at__gte=midnight)
    count = day.count()
    newest = tuple((day if count else rows).order_by("-sealed_at", "-id")[:10])
    return Figures(
        count=count,
        size=day.aggregate(total=Sum("size"))["total"] or 0,
        unreadable=rows.filter(state=RecordingState.UNREADABLE).count(),
        total=rows.count(),
        newest=newest,
        is_today=bool(count),
    )


def duties_of(*, actor: Actor) -> list[Duty]:
    """Return what waits for `actor`: devices whose clocks are off, originals that cannot be read, unknown officers."""
    duties: list[Duty] = []
    if allows(actor, Ability.MANAGE_DEVICES):
        duties += _clocks(actor)
    if allows(actor, Ability.SEE_INTAKE):
        duties += _unreadable(actor) + _unattributed(actor)
    return duties


def _clocks(actor: Actor) -> list[Duty]:
    off = Q(clock_error_ms__gt=_CLOCK_LIMIT_MS) | Q(clock_error_ms__lt=-_CLOCK_LIMIT_MS)
    devices = Device.objects.filter(off, Q(unit__isnull=True) | Q(unit_id__in=actor.units)).order_by("serial")
    return [
        Duty(
            title=_("Clock error beyond 30 s: device %(serial)s") % {"serial": device.serial},
            detail=_("%(error)s when it was docked; set the device's clock before it goes out again")
            % {"error": clock_error(device.clock_error_ms)},
            articles=(5,),
            address=f"{reverse('recordings')}?text={device.serial}",
            act=_("Its recordings"),
        )
        for device in devices[:_SHOWN]
    ]


def _unreadable(actor: Actor) -> list[Duty]:
    rows = visible(actor).filter(state=RecordingState.UNREADABLE).order_by("-sealed_at")
    return [
        Duty(
            title=_("Cannot be read as media: %(name)s") % {"name": row.name},
            detail=_(
                "The original is sealed as it was handed in. Look whether the device is damaged, and say so in writing."
            ),
            articles=(11, 18),
            address=reverse("recording", args=[row.id]),
            act=_("Look"),
        )
        for row in rows[:_SHOWN]
    ]


def _unattributed(actor: Actor) -> list[Duty]:
    rows = visible(actor).filter(officer__isnull=True)
    count = rows.count()
    if not count:
        return []
    return [
        Duty(
            title=_("Recordings without a known officer: %(count)s") % {"count": count},
            detail=_("Neither the file name nor the device says who recorded; every recording belongs to an activity."),
            articles=(4,),
            address=f"{reverse('recordings')}?officer=none",
            act=_("Look"),
        )
    ]
