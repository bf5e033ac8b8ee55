"""What the operator asked for, parsed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from liuhen.collector.station import StationKey
    from liuhen.core.naming import Grammars
    from liuhen.core.tlog.note import VerifierKey

__all__ = ["Order"]


@dataclass(frozen=True, slots=True)
class Order:
    """One call of `liuhen collect`, everything read and checked.

    Attributes:
        key: who this station is.
        log: the ledger key that receipts must verify under.
        grammars: the table of name grammars.
        state: the state folder.
        device: the declared serial of the device.
        device_time: what the device's clock showed and its resolution in ms, and the monotonic ns of that moment.
        clear: remove files from the device once their receipts are verified.
        spool: keep what cannot be sent below this folder, and send on what lies there.
        parallel: files handed in at once.
        patience_s: how long to try again without progress.
        collector: name and version, as the server is told.
    """

    key: StationKey
    log: VerifierKey
    grammars: Grammars
    state: Path
    device: str | None
    device_time: tuple[tuple[dt.datetime, int], int] | None
    clear: bool
    spool: Path | None
    parallel: int
    patience_s: float
    collector: str
