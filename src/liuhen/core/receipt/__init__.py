"""The signed intake receipt: what a station holds in its hand when a recording is sealed."""

from __future__ import annotations

from liuhen.core.receipt.receipt import KIND, MAX_RECEIPT_SIZE, ROLES, Receipt, build_receipt, parse_receipt

__all__ = ["KIND", "MAX_RECEIPT_SIZE", "ROLES", "Receipt", "build_receipt", "parse_receipt"]
