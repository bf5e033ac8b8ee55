"""Spools: a whole collection in one self-contained folder, to be carried or sent on later."""

from __future__ import annotations

from liuhen.collector.spool.layout import Spool, SpooledFile, find_spools, is_spool, read_spool, remove_spool
from liuhen.collector.spool.source import SpoolSource
from liuhen.collector.spool.units import units_of_spool
from liuhen.collector.spool.writing import Spooled, SpoolOrder, spooled_keys, sweep, write_spool

__all__ = [
    "Spool",
    "SpoolOrder",
    "SpoolSource",
    "Spooled",
    "SpooledFile",
    "find_spools",
    "is_spool",
    "read_spool",
    "remove_spool",
    "spooled_keys",
    "sweep",
    "units_of_spool",
    "write_spool",
]
