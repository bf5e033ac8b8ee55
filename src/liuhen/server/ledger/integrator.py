"""The integrator: the one thread, in one process, that sequences the ledger, elected by a lock on its folder."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import connection

from liuhen.core.errors import LiuhenError, both
from liuhen.core.reasons import reason_of
from liuhen.server.kernel import clock
from liuhen.server.ledger import heads, selectors, wake
from liuhen.server.ledger.errors import SequencingFaultError
from liuhen.server.ledger.health import Health, IntegratorState, Lock, write_health
from liuhen.server.ledger.sequencing import BATCH, Sequencer
from liuhen.server.ledger.signer import Signer, load_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime

    from liuhen.server.ledger.files import LedgerFolder

__all__ = ["AFFIRM_S", "POLL_S", "RETRY_S", "Integrator", "start_integrator"]

POLL_S: Final = 0.2
"""How long an event of another process may wait to be noticed; this process's events ring."""

RETRY_S: Final = 1.0
AFFIRM_S: Final = 300.0

_REST_PER_EVENT_S: Final = 0.002
_REST_S: Final = 0.2
_log = logging.getLogger(__name__)


class Integrator:
    """Sequences one ledger while it holds the ledger's lock; without it, it stands by.

    What agrees with nothing (a tree that the signer refuses, a row that is gone) stops it until it is started anew, in
    its log and its health; a full disk or a busy database makes it try again every second.
    """

    def __init__(
        self,
        folder: LedgerFolder,
        signer: Signer,
        *,
        now: Callable[[], datetime] = clock.now,
        affirm_s: float = AFFIRM_S,
        retry_s: float = RETRY_S,
    ) -> None:
        self._folder = folder
        self._sequencer = Sequencer(folder, signer)
        self._lock = Lock(folder)
        self._now = now
        self._affirm_s = affirm_s
        self._retry_s = retry_s
        self._last_moment: datetime | None = None
        self._last_affirmed = 0.0
        self._heads_day: date | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="integrator", daemon=True)
        self.health: Health | None = None

    def start(self) -> None:
        """Begin, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Sequence one batch more, end the thread and let the lock go."""
        self._stopping.set()
        wake.ring()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._stopping.wait(self._turn())
            if self._lock.is_held and self._is(IntegratorState.AT_WORK):
                self._work()
            if self._lock.is_held:
                self._report(IntegratorState.STOPPED, self.health.problem if self.health else None)
        finally:
            self._lock.release()
            connection.close()

    def _turn(self) -> float:
        """Do what is due and return how many seconds to rest."""
        if self._is(IntegratorState.REFUSED):
            return self._retry_s
        try:
            if not self._lock.take():
                return POLL_S
        except OSError as error:
            self._retry_later(error)
            return self._retry_s
        count = self._work()
        if count is None:
            return self._retry_s
        if count == 0:
            wake.wait_bell(POLL_S)
            return 0
        # The more came at once, the longer the next batch gathers: few large batches when writers are many.
        return 0 if count == BATCH else min(_REST_S, count * _REST_PER_EVENT_S)

    def _work(self) -> int | None:
        """Do one round and return how many events it sequenced; None when it failed, which is then reported."""
        try:
            at, problem = self._moment()
            count = self._sequencer.step(at)
            if problem is None and at.date() != self._heads_day:
                heads.write_heads(at=at, folder=self._folder)
                self._heads_day = at.date()
            self._affirm_if_due(at)
        except LiuhenError as error:
            _log.exception("the integrator stops: %s", error.code)
            self._report(IntegratorState.REFUSED, error.as_dict())
            return None
        except Exception as error:  # noqa: BLE001 - the edge of a thread: dying in silence would leave the ledger behind
            self._retry_later(error)
            return None
        self._report(IntegratorState.AT_WORK, problem)
        return count

    def _retry_later(self, error: Exception) -> None:
        # Once for each trouble: a line every second would fill the very disk that may be full.
        if self._report(IntegratorState.RETRYING, _fault(error)):
            _log.error("the integrator cannot go on; it tries again every %.0f s", self._retry_s, exc_info=error)

    def _affirm_if_due(self, at: datetime) -> None:
        if self._last_affirmed == 0.0 or time.monotonic() - self._last_affirmed >= self._affirm_s:
            self._sequencer.affirm(at)
            self._last_affirmed = time.monotonic()
            self._report(IntegratorState.AT_WORK, None, affirmed=at)

    def _moment(self) -> tuple[datetime, dict[str, str] | None]:
        """Return the time, and what is wrong with the clock: sequencing does not wait until it is set right."""
        try:
            self._last_moment = self._now()
        except LiuhenError as error:
            self._last_moment = self._last_moment or selectors.newest_time()
            if self._last_moment is None:
                raise
            return self._last_moment, error.as_dict()
        return self._last_moment, None

    def _is(self, state: IntegratorState) -> bool:
        return self.health is not None and self.health.state is state

    def _report(
        self, state: IntegratorState, problem: Mapping[str, str] | None, *, affirmed: datetime | None = None
    ) -> bool:
        """Keep the state where it has changed; say whether it had."""
        old = self.health
        if old is not None and affirmed is None and (old.state, old.problem) == (state, problem):
            return False
        since = old.since if old is not None and old.state is state else self._last_moment
        affirmed = affirmed or (old.affirmed if old is not None else None)
        self.health = Health(state=state, since=since, problem=problem, affirmed=affirmed)
        try:
            write_health(self._folder, self.health)
        except OSError:
            _log.exception("the integrator's state could not be kept")
        return True


def _fault(error: Exception) -> dict[str, str]:
    kind = type(error).__name__
    reason = reason_of(error) if isinstance(error, OSError) else both(kind, f"{kind}: {error}")
    return SequencingFaultError(reason=reason).as_dict()


def start_integrator() -> Integrator:
    """Start this instance's integrator, or have it stand by where another process has one at work.

    Raises:
        KeyFileError: the signing key cannot be used.
    """
    folder = selectors.ledger_folder()
    folder.make()
    integrator = Integrator(folder, Signer(folder, load_key(settings.INSTANCE.ledger_key_file)))
    integrator.start()
    return integrator
