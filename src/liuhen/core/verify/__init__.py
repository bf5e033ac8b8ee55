"""The verifier: receipts against a pinned key and a policy, and whole exported ledgers.

Verification returns proven facts or raises; there is no third outcome.
"""

from __future__ import annotations

from liuhen.core.verify.errors import VerificationError
from liuhen.core.verify.export import ExportFiles, verify_export
from liuhen.core.verify.facts import ExportFacts, ReceiptFacts, SubjectHead
from liuhen.core.verify.folder import FolderFiles
from liuhen.core.verify.policy import (
    AllOf,
    AnyReceipt,
    ForRecording,
    ForStation,
    InRole,
    Policy,
    SameOriginal,
)
from liuhen.core.verify.receipt import verify_receipt

__all__ = [
    "AllOf",
    "AnyReceipt",
    "ExportFacts",
    "ExportFiles",
    "FolderFiles",
    "ForRecording",
    "ForStation",
    "InRole",
    "Policy",
    "ReceiptFacts",
    "SameOriginal",
    "SubjectHead",
    "VerificationError",
    "verify_export",
    "verify_receipt",
]
