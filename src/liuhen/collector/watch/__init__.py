"""Watching a folder for devices: deciding when one is due, apart from looking and doing."""

from __future__ import annotations

from liuhen.collector.watch.loop import Watch

__all__ = ["Watch"]
