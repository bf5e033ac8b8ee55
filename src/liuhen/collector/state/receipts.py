"""The receipts: verified against the pinned key before they are stored, and verified again when they are relied on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from liuhen.collector.errors import ReceiptRefusedError
from liuhen.core.errors import both
from liuhen.core.naming import decode_name, visible
from liuhen.core.reasons import reason_of
from liuhen.core.verify.errors import VerificationError
from liuhen.core.verify.policy import SameOriginal
from liuhen.core.verify.receipt import verify_receipt

if TYPE_CHECKING:
    from liuhen.collector.state.folder import StateFolder
    from liuhen.collector.state.items import Item
    from liuhen.core.digests import Digests
    from liuhen.core.tlog.note import VerifierKey
    from liuhen.core.verify.facts import ReceiptFacts

__all__ = ["ReceiptBook"]

_NAME_BYTES: Final = 120
_UNSAFE: Final = re.compile(r"[^\w.⟨⟩+-]")


class ReceiptBook:
    """The receipts in a state folder, under the ledger key that the station key file pins."""

    def __init__(self, state: StateFolder, key: VerifierKey) -> None:
        self._state = state
        self._key = key

    def accept(self, item: Item, digests: Digests, receipt: bytes) -> tuple[str, str]:
        """Verify and store the receipt for `item`, whose bytes have `digests`; return recording and receipt path.

        What counts is that these very bytes are sealed in the pinned ledger. Where they were handed in before, the
        receipt rightly carries the name of then.

        Raises:
            ReceiptRefusedError: it does not verify, or is for something else.
            StateUnwritableError: it cannot be stored.
        """
        facts = self._verified(receipt, item.shown, digests.sha256, digests.size)
        if facts.sm3 is not None and facts.sm3 != digests.sm3:
            reason = both("SM3 校验值与文件不符", "its SM3 digest is not the file's")
            raise ReceiptRefusedError(name=item.shown, reason=reason)
        name = f"{_safe_name(item.declaration.name)}.{item.declaration.upload}.receipt.json"
        path = f"{item.declaration.collection}/{name}"
        self._state.write(self._state.receipt_file(path), receipt)
        return str(facts.recording), path

    def recall(self, receipt: str, shown: str, digests: Digests) -> ReceiptFacts:
        """Return what the stored receipt at `receipt` proves, verified once more against the bytes at hand.

        Raises:
            ReceiptRefusedError: it cannot be read, does not verify, or is for other bytes.
        """
        try:
            data = self._state.receipt_file(receipt).read_bytes()
        except OSError as error:
            reason = both("回执文件无法读取", "the stored receipt cannot be read")
            raise ReceiptRefusedError(name=shown, reason=reason) from error
        return self._verified(data, shown, digests.sha256, digests.size)

    def _verified(self, data: bytes, shown: str, sha256: str, size: int) -> ReceiptFacts:
        try:
            return verify_receipt(data, key=self._key, policy=SameOriginal(sha256=sha256, size=size))
        except VerificationError as error:
            raise ReceiptRefusedError(name=shown, reason=reason_of(error)) from error


def _safe_name(name: bytes) -> str:
    """Return a file name that tells `name` and is safe in any file system."""
    text = _UNSAFE.sub("_", visible(decode_name(name)[0])).lstrip(".")
    return text.encode()[:_NAME_BYTES].decode("utf-8", "ignore") or "_"
