"""A store that fails where a test says so: out of space, out of order, or the process killed at that very step."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from liuhen.server.vault.errors import VaultFaultError, VaultFullError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from liuhen.server.vault.interfaces import Sealed, Staged, StagedArea, Store

__all__ = ["FaultPlan", "FaultyStore"]


@dataclass(slots=True)
class FaultPlan:
    """What is to happen: `how` at the `skip`-th next call of `step` from now (0: the next).

    full, fault, bug: the call raises before it does anything. kill-before, kill-after: SIGKILL to this process.
    hold: the call waits until `release` is set; `held` tells that it does.
    """

    step: str = ""
    how: str = ""
    skip: int = 0
    held: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)

    def set(self, step: str, how: str, skip: int = 0) -> None:
        """Plan a fault in place of the one before; "" plans none."""
        assert how in {"", "full", "fault", "bug", "hold", "kill-before", "kill-after"}, how
        self.step, self.how, self.skip = step, how, skip
        self.held.clear()
        self.release.clear()

    def run[R](self, step: str, call: Callable[[], R]) -> R:
        """Do `call`, or what is planned for `step`."""
        if step != self.step:
            return call()
        if self.skip:
            self.skip -= 1
            return call()
        self.step = ""
        match self.how:
            case "full":
                raise VaultFullError(where="test")
            case "fault":
                raise VaultFaultError(where="test", reason="test")
            case "bug":
                raise RuntimeError("planned by a test")
            case "hold":
                self.held.set()
                assert self.release.wait(60)
            case "kill-before":
                os.kill(os.getpid(), signal.SIGKILL)
        result = call()
        if self.how == "kill-after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result


class _FaultyStaged:
    """A staging area under a plan."""

    def __init__(self, inner: Staged, plan: FaultPlan) -> None:
        self.inner = inner
        self._plan = plan

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if not callable(found):
            return found
        return lambda *args, **kwargs: self._plan.run(name, lambda: found(*args, **kwargs))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.inner.close()


class FaultyStore:
    """A store under a plan."""

    def __init__(self, inner: Store, plan: FaultPlan) -> None:
        self._inner = inner
        self._plan = plan
        self.claims_free: int | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def stage(self, key: str) -> Any:
        return _FaultyStaged(self._plan.run("stage", lambda: self._inner.stage(key)), self._plan)

    def staged(self) -> Iterator[StagedArea]:
        return self._inner.staged()

    def seal(self, staged: Any, **values: Any) -> Sealed:
        return self._plan.run("seal", lambda: self._inner.seal(staged.inner, **values))

    def free_bytes(self) -> int:
        return self._inner.free_bytes() if self.claims_free is None else self.claims_free
