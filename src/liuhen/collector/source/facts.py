"""The facts that the collector declares of a recording, each with where it was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liuhen.collector.clock import device_time_of
from liuhen.collector.source.container import container_time
from liuhen.collector.wire import Fact, FactSource
from liuhen.core.naming import MediaKind

if TYPE_CHECKING:
    from liuhen.collector.source import Find, SourceFile

__all__ = ["facts_of"]


def facts_of(find: Find, file: SourceFile, device: str | None) -> dict[str, Fact]:
    """Return the facts of the recording `find`, whose open `file` may be asked for its container's header.

    The start is told by the name, else the container, else the file's time. What the name says stands even where the
    operator declared another `device`: both are kept, the server compares.

    Raises:
        OSError: the file cannot be read.
    """
    facts = {name: Fact(value, FactSource.NAME) for name, value in find.reading.values().items()}
    if find.reading.kind is not MediaKind.UNKNOWN:
        facts["kind"] = Fact(find.reading.kind.value, FactSource.NAME)
    if "device_serial" not in facts and device is not None:
        facts["device_serial"] = Fact(device, FactSource.DECLARED)
    if find.locked:
        facts["important"] = Fact(value=True, source=FactSource.DEVICE)
    if "started" not in facts:
        started = _started(find, file)
        if started is not None:
            facts["started"] = started
    return facts


def _started(find: Find, file: SourceFile) -> Fact | None:
    inside = container_time(file.read_at, find.entry.size)
    if inside is not None:
        return Fact(inside, FactSource.CONTAINER)
    written = device_time_of(find.entry.mtime_ns)
    return None if written is None else Fact(written, FactSource.MTIME)
