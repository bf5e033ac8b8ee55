"""How bytes get to the server: a Protocol, its HTTP implementation, and patience with both."""

from __future__ import annotations

from liuhen.collector.transport.interface import Seal, Transport
from liuhen.collector.transport.patience import Halt, Patience

__all__ = ["Halt", "Patience", "Seal", "Transport"]
