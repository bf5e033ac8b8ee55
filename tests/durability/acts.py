"""Single acts of the server in a process that may be killed at any step: `python -m tests.durability.acts ACT`.

They call what the front door and the worker call, on the instance that `LIUHEN_HOME` names, under the faults of
`tests.support.faulty_liuhen`. Each act works on the same things each time, so that it can be repeated.
"""

from __future__ import annotations

import base64
import json
import sys
import uuid
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from tests.durability import backstage
from tests.durability.backstage import now as _now
from tests.support.faulty_liuhen import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from liuhen.server.intake.interfaces import Caller

__all__ = ["UPLOAD", "content"]

COLLECTION: Final = uuid.UUID("0193d2a0-0000-7000-8000-00000000c002")
UPLOAD: Final = uuid.UUID("0193d2a0-0000-7000-8000-00000000b002")
_TIME: Final = "2026-11-23T08:00:00.000Z"
_CLOCK: Final = {"method": "estimated", "error_ms": 1400, "measured": None, "uncertainty_ms": None}
_NAME: Final = base64.b64encode(b"IMG_0412.JPG").decode()
_SESSION: Final = "s" * 32
_PASSWORD: Final = "another-secret-71"


def content() -> bytes:
    """Return the photograph that is handed in."""
    kept = BytesIO()
    Image.new("RGB", (64, 48), "teal").save(kept, "JPEG")
    return kept.getvalue()


def _caller() -> Caller:
    from liuhen.server.intake.interfaces import Caller
    from liuhen.server.intake.models import StationKey
    from liuhen.server.kernel.actor import Actor, ActorKind

    key = StationKey.objects.select_related("station").get()
    return Caller(station=key.station, key=key.key, actor=Actor(kind=ActorKind.STATION, id=key.station_id))


# Intake.


def open_collection() -> None:
    """Open the collection, with a device that nobody knows yet."""
    from liuhen.server.intake import services
    from liuhen.server.intake.messages import parse_opening

    body = {"v": 1, "device": "7654321", "collector": "t", "opened": _TIME, "clock": _CLOCK, "carried": None}
    opening = parse_opening(json.dumps(body).encode())
    services.open_collection(collection=COLLECTION, opening=opening, caller=_caller(), at=_now())


def close_collection() -> None:
    """Close it with its summary."""
    from liuhen.server.intake import services
    from liuhen.server.intake.messages import parse_closing

    body: dict[str, Any] = {"v": 1, "closed": _TIME, "taken": [], "skipped": [], "cleared": []}
    closing = parse_closing(json.dumps(body).encode())
    services.close_collection(collection=COLLECTION, closing=closing, caller=_caller(), at=_now())


def create_upload() -> None:
    """Declare a file of it."""
    from liuhen.server.intake import uploads
    from liuhen.server.intake.messages import parse_declaration
    from liuhen.server.vault.stores import originals

    body: dict[str, Any] = {
        "v": 1,
        "upload": str(UPLOAD),
        "collection": str(COLLECTION),
        "name": _NAME,
        "path": _NAME,
        "role": "original",
        "attached_to": None,
        "facts": {},
    }
    uploads.declare(
        parse_declaration(json.dumps(body).encode()),
        length=len(content()),
        metadata="m",
        caller=_caller(),
        store=originals(),
        at=_now(),
    )


def receive() -> None:
    """Take its bytes in, from where they stand."""
    from liuhen.server.intake import uploads
    from liuhen.server.vault.stores import originals

    with uploads.open_stage(UPLOAD, originals()) as staged:
        staged.append(content()[staged.size :])
        staged.flush()


def give_up() -> None:
    """Give the upload up, as its station asks; the answer that it is unknown by then is as good."""
    from liuhen.server.intake import uploads
    from liuhen.server.intake.errors import UploadUnknownError
    from liuhen.server.vault.stores import originals

    try:
        uploads.give_up(UPLOAD, caller=_caller(), store=originals(), at=_now())
    except UploadUnknownError:
        sys.stdout.write("unknown\n")


def prolong_upload() -> None:
    """Give it its whole time again, as it is still moving."""
    from liuhen.server.intake import services
    from liuhen.server.intake.models import Upload

    services.prolong_upload(upload=Upload.objects.get(), at=_now())


def sweep_uploads() -> None:
    """Expire what is overdue, as the job of the hour does."""
    from liuhen.server.intake.schedule import sweep_uploads

    sweep_uploads.call()


def seal_other_bytes() -> None:
    """Ask for the seal of other bytes than were received."""
    from liuhen.core.digests import digest_stream
    from liuhen.server.intake.errors import DigestMismatchError, UploadUnknownError
    from liuhen.server.intake.interfaces import SealRequest
    from liuhen.server.intake.sealing import seal_upload
    from liuhen.server.vault.stores import originals

    digests = digest_stream([b"other"])
    request = SealRequest(sha256=digests.sha256, sm3=digests.sm3, size=len(content()))
    with suppress(DigestMismatchError, UploadUnknownError):
        seal_upload(upload=UPLOAD, request=request, caller=_caller(), store=originals(), at=_now(), wait_s=20)


def seal() -> None:
    """Seal it and keep its receipt, with the integrator at work."""
    from liuhen.core.digests import digest_stream
    from liuhen.server.intake.interfaces import SealRequest
    from liuhen.server.intake.sealing import seal_upload
    from liuhen.server.ledger.integrator import start_integrator
    from liuhen.server.vault.stores import originals

    digests = digest_stream([content()])
    request = SealRequest(sha256=digests.sha256, sm3=digests.sm3, size=len(content()))
    integrator = start_integrator()
    try:
        seal_upload(upload=UPLOAD, request=request, caller=_caller(), store=originals(), at=_now(), wait_s=20)
    finally:
        integrator.stop()


# Viewing.


def stage() -> None:
    """Make a custodian and a jurist."""
    from liuhen.server.accounts import services
    from liuhen.server.accounts.models import Unit
    from liuhen.server.accounts.roles import Role
    from liuhen.server.kernel.actor import SYSTEM

    unit, at = Unit.objects.get(code="u"), _now()
    for username, role in (("zhou", Role.CUSTODIAN), ("wang", Role.LEGAL)):
        person = services.create_person(
            username=username, name=username, certificate_number=None, unit=unit, password="pass", actor=SYSTEM, at=at
        )
        services.grant_role(person=person, role=role, actor=SYSTEM, at=at)


def _person(username: str) -> Any:
    from liuhen.server.accounts.selectors import person_by_username

    return person_by_username(username)


def _actor(username: str) -> Any:
    from liuhen.server.accounts.selectors import actor_of

    return actor_of(_person(username))


def issue_ticket() -> None:
    """Give the jurist a ticket."""
    from liuhen.server.access import services
    from liuhen.server.recordings.models import Recording

    services.issue_ticket(
        recording=Recording.objects.get(),
        holder=_person("wang"),
        reason="案情研判",
        minutes=30,
        actor=_actor("zhou"),
        at=_now(),
    )


def open_ticket() -> None:
    """Begin playback under it."""
    from liuhen.server.access import services
    from liuhen.server.access.models import ViewTicket

    ticket = ViewTicket.objects.get()
    services.open_ticket(ticket_id=ticket.id, session_key=_SESSION, actor=_actor("wang"), at=_now())


def note_range() -> None:
    """Write down, as one response does, what will be sent and then what was."""
    from liuhen.server.access import services
    from liuhen.server.access.models import RangeServed, Viewing

    viewing, response = Viewing.objects.get(), uuid.uuid4()
    for sent in (None, 7):
        row = RangeServed(viewing=viewing, response=response, sha256="0" * 64, start=0, end=9, sent=sent, at=_now())
        services.note_ranges(served=[row])


def end_ticket() -> None:
    """Give the ticket back."""
    from liuhen.server.access import services
    from liuhen.server.access.models import ViewTicket

    services.end_ticket(ticket_id=ViewTicket.objects.get().id, actor=_actor("wang"), at=_now())


# Log-in, log-out, language, password.


def log_in(password: str = "pass") -> None:  # noqa: S107 - the one that `stage` gives
    """Log the custodian in on the page, as a browser does."""
    from django.test import Client

    answer = Client().post("/log-in/", {"username": "zhou", "password": password}, HTTP_HOST="localhost")
    if answer.status_code != 302:
        raise RuntimeError(answer.content.decode())


def log_in_anew() -> None:
    """Log in with the password that `change_password` sets."""
    log_in(_PASSWORD)


def mistype_password() -> None:
    """Try to log in with a wrong one; the page is shown again."""
    from django.test import Client

    answer = Client().post("/log-in/", {"username": "zhou", "password": "wrong"}, HTTP_HOST="localhost")
    if answer.status_code != 200:
        raise RuntimeError(answer.content.decode())


def mistype_again() -> None:
    """Try once more."""
    mistype_password()


def _press(address: str, **fields: str) -> None:
    """Press a button in the newest session that there is."""
    from django.conf import settings
    from django.contrib.sessions.models import Session
    from django.test import Client

    session, browser = Session.objects.order_by("expire_date").last(), Client()
    browser.cookies[settings.SESSION_COOKIE_NAME] = session.session_key if session else "ended"
    answer = browser.post(address, fields, HTTP_HOST="localhost")
    if answer.status_code != 302:
        raise RuntimeError(answer.content.decode())


def log_out() -> None:
    """Press Log out."""
    _press("/log-out/")


def choose_language() -> None:
    """Have the pages in English."""
    _press("/language/", language="en")


def change_password() -> None:
    """Set the custodian's password at the console."""
    import getpass

    from django.core.management import call_command

    vars(getpass)["getpass"] = lambda **_: _PASSWORD
    call_command("changepassword", "zhou")


def main() -> None:
    """Carry out the acts named."""
    wrap("act")
    from liuhen.server.config import setup

    setup.open_instance()
    acts: dict[str, Callable[[], None]] = {
        name: found
        for name, found in (vars(backstage) | globals()).items()
        if callable(found) and not name.startswith("_")
    }
    for name in sys.argv[1:]:
        acts[name]()


if __name__ == "__main__":
    main()
