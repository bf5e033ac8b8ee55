"""What the station remembers across power cuts: collections under way, receipts, what is known to be received."""

from __future__ import annotations

from liuhen.collector.state.folder import StateFolder, default_state_folder
from liuhen.collector.state.items import Item, ItemState
from liuhen.collector.state.journal import Collection, Journal
from liuhen.collector.state.known import Known, KnownFile
from liuhen.collector.state.receipts import ReceiptBook

__all__ = [
    "Collection",
    "Item",
    "ItemState",
    "Journal",
    "Known",
    "KnownFile",
    "ReceiptBook",
    "StateFolder",
    "default_state_folder",
]
