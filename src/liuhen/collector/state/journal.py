"""The durable journal of collections: what was promised to the server, and how far each file has come.

Each write replaces one small file by rename, so a power cut leaves the step before or the step after. A collection
is removed only after the server has its summary.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import threading
from typing import TYPE_CHECKING, Any, Final

from liuhen.collector.errors import StateUnwritableError
from liuhen.collector.state.items import Item

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from liuhen.collector.state.folder import StateFolder

__all__ = ["Collection", "Journal"]

_BODY: Final = "collection.json"


class Collection:
    """One collection under way, held by this process; its methods may be called from several threads."""

    def __init__(self, state: StateFolder, collection: str, body: Mapping[str, Any], lock: int) -> None:
        self.id = collection
        self.body = dict(body)
        self._state = state
        self._lock = lock
        self._guard = threading.Lock()
        self._items: dict[str, Item] = {}

    @property
    def _folder(self) -> Path:
        return self._state.collections / self.id

    def items(self) -> list[Item]:
        """Return all items."""
        with self._guard:
            return list(self._items.values())

    def put(self, item: Item) -> Item:
        """Store `item` durably in place of the one with its upload uuid, and return it."""
        upload = item.declaration.upload
        self._state.write_json(self._folder / "files" / f"{upload}.json", item.as_json())
        with self._guard:
            self._items[upload] = item
        return item

    def drop(self, item: Item) -> None:
        """Forget `item`; its upload came to nothing and another takes its place."""
        self._state.remove(self._folder / "files" / f"{item.declaration.upload}.json")
        with self._guard:
            self._items.pop(item.declaration.upload, None)

    def load(self, item: Item) -> None:
        """Take in an item read from the journal."""
        self._items[item.declaration.upload] = item

    def finish(self) -> None:
        """Remove the collection: the server has its summary, the receipts stay."""
        self._state.remove_folder(self._folder / "files")
        self._state.remove_folder(self._folder)
        self.release()

    def release(self) -> None:
        """Let other processes have it."""
        os.close(self._lock)


class Journal:
    """The collections in a state folder."""

    def __init__(self, state: StateFolder) -> None:
        self._state = state

    def begin(self, collection: str, body: Mapping[str, Any]) -> Collection:
        """Return the collection with that uuid, newly stored with `body`.

        Raises:
            StateUnwritableError: it cannot be stored.
        """
        folder = self._state.collections / collection
        # Under another name until it is held and whole, so that nobody who looks through the journal meets a part.
        hidden = folder.with_name(f".{folder.name}")
        lock = -1
        try:
            self._state.write_json(hidden / _BODY, {"v": 1, "body": body})
            lock = os.open(hidden, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._state.rename(hidden, folder)
        except StateUnwritableError:
            shutil.rmtree(hidden, ignore_errors=True)
            if lock >= 0:
                os.close(lock)
            raise
        return Collection(self._state, collection, body, lock)

    def unfinished(self) -> Iterator[Collection]:
        """Yield the collections under way that no other process holds; the caller releases or finishes each."""
        if not self._state.collections.is_dir():
            return
        for folder in sorted(self._state.collections.glob("[!.]*")):
            lock = _lock(folder)
            if lock is None:
                continue
            collection = self._read(folder, lock)
            if collection is not None:
                yield collection
                continue
            if not (folder / _BODY).exists():
                # Cut short while it was removed: the server has its summary.
                self._state.remove_folder(folder)
            os.close(lock)

    def _read(self, folder: Path, lock: int) -> Collection | None:
        """Return the collection stored in `folder`, None if its files are not ours; the device still has all."""
        try:
            stored = json.loads((folder / _BODY).read_bytes())
            collection = Collection(self._state, folder.name, stored["body"], lock)
            for path in sorted((folder / "files").glob("*.json")):
                collection.load(Item.from_json(json.loads(path.read_bytes())))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return collection


def _lock(folder: Path) -> int | None:
    """Return a descriptor that holds the folder, None if another process does or it is gone."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
