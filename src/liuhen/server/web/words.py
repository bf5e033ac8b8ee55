"""The words that pages use for codes: roles, events, states, kinds, sources. One place, so that they are the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from liuhen.core.entry import EventType

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

__all__ = ["EVENTS", "EventWords", "role_name", "word"]

_ROLES: Final = {
    "officer": lazy("Officer"),
    "unit-head": lazy("Unit head"),
    "custodian": lazy("Custodian"),
    "legal": lazy("Legal section"),
    "leader": lazy("Leader in charge"),
    "supervisor": lazy("Supervisor"),
    "system-admin": lazy("System administrator"),
    "security-admin": lazy("Security administrator"),
    "auditor": lazy("Auditor"),
}

_WORDS: Final = {
    "kind.video": lazy("Video"),
    "kind.audio": lazy("Audio"),
    "kind.photo": lazy("Photo"),
    "kind.unknown": lazy("Unknown"),
    "state.sealed": lazy("Sealed"),
    "state.analysed": lazy("Sealed, analysed"),
    "state.unreadable": lazy("Sealed, unreadable"),
    "source.name": lazy("from the file name"),
    "source.container": lazy("from the container"),
    "source.mtime": lazy("from the file time"),
    "source.device": lazy("from the device"),
    "source.declared": lazy("declared at the station"),
    "source.": lazy("unknown"),
    "clock.declared": lazy("measured at the dock"),
    "clock.estimated": lazy("estimated"),
    "clock.unknown": lazy("not measured"),
    "upload.receiving": lazy("Receiving"),
    "upload.checking": lazy("Checking"),
    "upload.sealed": lazy("Sealed"),
    "upload.duplicate": lazy("Handed in before"),
    "upload.discarded": lazy("Refused"),
    "upload.expired": lazy("Expired"),
    "device.body-recorder": lazy("Body recorder"),
    "device.camcorder": lazy("Camcorder"),
    "device.camera": lazy("Camera"),
    "device.voice-recorder": lazy("Voice recorder"),
    "device.unknown": lazy("Device"),
}

_MARKS: Final = {"sealed": "ok", "analysed": "ok", "unreadable": "bad"}


@dataclass(frozen=True, slots=True)
class EventWords:
    """How an event is told: two characters for its seal, a title, the articles it serves, the look of its seal."""

    seal: _StrPromise
    title: _StrPromise
    articles: tuple[int, ...] = ()
    look: str = ""


EVENTS: Final = {
    EventType.RECORDING_SEALED: EventWords(lazy("Sealed|seal"), lazy("Taken in and sealed"), (12, 13), "full"),
    EventType.RECORDING_ATTACHED: EventWords(lazy("Attached|seal"), lazy("Attachment taken in and sealed"), (12,)),
    EventType.RECORDING_RECEIVED_AGAIN: EventWords(lazy("Again|seal"), lazy("Handed in again, not stored twice"), (12,)),
    EventType.RECORDING_DIGESTED: EventWords(lazy("Checked|seal"), lazy("Digests computed again by the server"), (18,)),
    EventType.RECORDING_ANALYSED: EventWords(lazy("Analysed|seal"), lazy("Analysed"), (), "plain"),
    EventType.RECORDING_UNREADABLE: EventWords(
        lazy("Unreadable|seal"), lazy("Cannot be read as media; kept as handed in"), (18,)
    ),
    EventType.DERIVATIVE_MADE: EventWords(lazy("Derived|seal"), lazy("Derivative made"), (), "plain"),
    EventType.TICKET_ISSUED: EventWords(lazy("Ticket|seal"), lazy("View ticket issued"), (16, 17)),
    EventType.TICKET_OPENED: EventWords(lazy("Viewed|seal"), lazy("Viewing opened"), (16, 17)),
    EventType.TICKET_ENDED: EventWords(lazy("Ended|seal"), lazy("View ticket ended"), (16,), "plain"),
}


def role_name(role: str) -> str:
    """Return a role's name in the page's language."""
    return str(_ROLES[role])


def word(group: str, code: str) -> str:
    """Return the word for a code of a group; the code itself where there is none."""
    found = _WORDS.get(f"{group}.{code}")
    return code if found is None else str(found)


def mark_of_state(state: str) -> str:
    """Return the mark that goes with a recording's state."""
    return _MARKS.get(state, "")


def articles(numbers: tuple[int, ...]) -> str:
    """Return how articles are cited."""
    if not numbers:
        return ""
    return _("Article %(numbers)s") % {"numbers": _(", ").join(article_number(number) for number in numbers)}


def article_number(number: int) -> str:
    """Return an article's number as the language writes it: Chinese numerals in Chinese."""
    digits = "零一二三四五六七八九"
    if _("numerals") == "numerals":
        return str(number)
    tens, ones = divmod(number, 10)
    head = ("" if tens == 1 else digits[tens]) + "十" if tens else ""
    return head + (digits[ones] if ones or not tens else "")
