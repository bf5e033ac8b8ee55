"""fsck: the ledger's files against themselves, the database against the ledger, upper apps' rows against both."""

from __future__ import annotations

from liuhen.server.ledger.fsck.report import FsckReport
from liuhen.server.ledger.fsck.run import DeepCheck, check_ledger

__all__ = ["DeepCheck", "FsckReport", "check_ledger"]
