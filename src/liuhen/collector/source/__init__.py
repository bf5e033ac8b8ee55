"""Where recordings come from: a Protocol, a mounted folder, and what is found there."""

from __future__ import annotations

from liuhen.collector.source.folder import FolderSource
from liuhen.collector.source.interface import Entry, EntryKind, FileKey, FileStat, Source, SourceFile
from liuhen.collector.source.search import Find, Found, Skip, SkipReason, find, recordings_among

__all__ = [
    "Entry",
    "EntryKind",
    "FileKey",
    "FileStat",
    "Find",
    "FolderSource",
    "Found",
    "Skip",
    "SkipReason",
    "Source",
    "SourceFile",
    "find",
    "recordings_among",
]
