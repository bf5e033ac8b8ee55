"""How custody events are told: the seal, the title, the articles, and what an event says in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuhen.core.events import EventType
from liuhen.core.forms import parse_time
from liuhen.server.web import words
from liuhen.server.web.formats import clock_error, duration, size, time_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.utils.functional import _StrPromise

    from liuhen.server.ledger.interfaces import ChainLink

__all__ = ["EventWords", "notes_of", "words_of"]


@dataclass(frozen=True, slots=True)
class EventWords:
    """An event's seal (two Chinese characters or four letters), its title, its articles, and the seal's look."""

    seal: _StrPromise
    title: _StrPromise
    articles: tuple[int, ...] = ()
    look: str = ""


_EVENTS: Final[dict[EventType, EventWords]] = {
    EventType.RECORDING_SEALED: EventWords(gettext_lazy("SEAL"), gettext_lazy("Taken in and sealed"), (12, 13), "full"),
    EventType.RECORDING_ATTACHED: EventWords(
        gettext_lazy("FILE"), gettext_lazy("Attachment taken in and sealed"), (12, 13)
    ),
    EventType.RECORDING_RECEIVED_AGAIN: EventWords(
        gettext_lazy("SAME"), gettext_lazy("Handed in once more, not stored twice"), (13,)
    ),
    EventType.RECORDING_DIGESTED: EventWords(
        gettext_lazy("HASH"), gettext_lazy("Digests computed again by the server"), (18,)
    ),
    EventType.RECORDING_ANALYSED: EventWords(
        gettext_lazy("READ"), gettext_lazy("Read: format and length"), (), "plain"
    ),
    EventType.RECORDING_UNREADABLE: EventWords(
        gettext_lazy("RAW"), gettext_lazy("Cannot be read, kept as handed in"), (18,), "plain"
    ),
    EventType.DERIVATIVE_MADE: EventWords(gettext_lazy("MADE"), gettext_lazy("Derivative made"), (), "plain"),
    EventType.TICKET_ISSUED: EventWords(
        gettext_lazy("NOTE"), gettext_lazy("Viewing entered in the register"), (16, 17)
    ),
    EventType.TICKET_OPENED: EventWords(gettext_lazy("OPEN"), gettext_lazy("Viewing opened"), (16, 17)),
    EventType.TICKET_ENDED: EventWords(gettext_lazy("END"), gettext_lazy("View ticket ended"), (16,), "plain"),
}
_OTHER: Final = EventWords(gettext_lazy("NOTE"), gettext_lazy("Custody event"), (), "plain")


def words_of(event: EventType) -> EventWords:
    """Return how `event` is told; one that no recording has today is told in general words."""
    return _EVENTS.get(event, _OTHER)


def notes_of(link: ChainLink, names: Mapping[str, str]) -> tuple[str, ...]:
    """Return what an event says, in short phrases; `names` are people and stations by their references."""
    tell = _TELLERS.get(link.type)
    return () if tell is None else tuple(note for note in tell(link, names) if note)


def _sealed(link: ChainLink, names: Mapping[str, str]) -> list[str]:
    del names
    notes = [size(item.size) for item in link.objects]
    error = link.facts.get("clock_error_ms")
    if error is not None:
        notes.append(_("device clock %(error)s") % {"error": clock_error(error)})
    return notes


def _digested(link: ChainLink, names: Mapping[str, str]) -> list[str]:
    del names
    if link.facts.get("agree") is True:
        return [_("SHA-256 and SM3 agree with the station's")]
    return [_("the digests DIFFER from the station's")]


def _analysed(link: ChainLink, names: Mapping[str, str]) -> list[str]:
    del names
    kind = str(words.KINDS.get(link.facts.get("kind"), ""))  # type: ignore[arg-type]  # any JSON
    length = link.facts.get("duration_ms")
    return [kind, _("length %(length)s") % {"length": duration(length)} if length is not None else ""]


def _derived(link: ChainLink, names: Mapping[str, str]) -> list[str]:
    del names
    kind: Any = link.facts.get("kind")
    sizes = [size(item.size) for item in link.objects]
    return [str(words.DERIVATIVES.get(kind, kind)), *sizes, _("the original was only read")]


def _issued(link: ChainLink, names: Mapping[str, str]) -> list[str]:
    holder = names.get(str(link.facts.get("holder")), "–")
    notes = [_("viewer %(name)s") % {"name": holder}]
    if link.details is not None and "reason" in link.details:
        notes.append(_("reason: %(reason)s") % {"reason": link.details["reason"]})
    return [*notes, _("until %(time)s") % {"time": time_of(parse_time(str(link.facts["expires"])))}]


def _ended(link: ChainLink, names: Mapping[str, str]) -> list[str]:
    del names
    return [_("returned by the viewer") if link.facts.get("reason") == "returned" else _("revoked by the custodian")]


_TELLERS: Final[Mapping[EventType, Callable[[ChainLink, Mapping[str, str]], list[str]]]] = {
    EventType.RECORDING_SEALED: _sealed,
    EventType.RECORDING_ATTACHED: _sealed,
    EventType.RECORDING_DIGESTED: _digested,
    EventType.RECORDING_ANALYSED: _analysed,
    EventType.DERIVATIVE_MADE: _derived,
    EventType.TICKET_ISSUED: _issued,
    EventType.TICKET_ENDED: _ended,
}
