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
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from liuhen.collector.errors import StateUnwritableError
from liuhen.collector.state.items import Item

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
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

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is left to be sent."""
        return all(item.state.is_final for item in self.items())

    def finish(self) -> None:
        """Remove the collection: the server has its summary, the receipts stay.

        The body goes first and for good: a half removed collection would be closed again with half its summary.
        """
        self._state.remove(self._folder / _BODY)
        _remove_rest(self._state, self._folder)
        self.release()

    def release(self) -> None:
        """Let other processes have it."""
        os.close(self._lock)


class Journal:
    """The collections in a state folder that `owner` began: one station, under one ledger key.

    A station that changes its server or its identity leaves unfinished collections that the new one would refuse.
    """

    def __init__(self, state: StateFolder, owner: Mapping[str, str]) -> None:
        self._state = state
        self._owner = dict(owner)

    def begin(self, collection: str, body: Mapping[str, Any]) -> Collection:
        """Return the collection with that uuid, newly stored with `body`.

        Raises:
            StateUnwritableError: it cannot be stored.
        """
        folder = self._state.collections / collection
        with self._alone():
            # Whoever makes a collection is alone, so what is still hidden was left by a run that was cut off.
            for stale in self._state.collections.glob(".*"):
                shutil.rmtree(stale, ignore_errors=True)
            # Under another name until it is held and whole, so that nobody who looks through the journal meets a part.
            hidden = folder.with_name(f".{folder.name}")
            lock = -1
            try:
                self._state.write_json(hidden / _BODY, {"v": 1, "owner": self._owner, "body": body})
                lock = self._state.lock(hidden)
                self._state.rename(hidden, folder)
            except StateUnwritableError:
                shutil.rmtree(hidden, ignore_errors=True)
                if lock >= 0:
                    os.close(lock)
                raise
        return Collection(self._state, collection, body, lock)

    def take(self, choose: Callable[[Sequence[Collection]], Collection | None]) -> Collection | None:
        """Return what `choose` picks among the collections under way that nobody else holds, held by the caller.

        Raises:
            StateUnwritableError: the journal cannot be read.
        """
        with self._alone():
            found = list(self._unheld())
            chosen = choose(found)
            for collection in found:
                if collection is not chosen:
                    collection.release()
        return chosen

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep others away from the journal, who would else take a collection that is only looked at for held."""
        self._state.make(self._state.collections)
        lock = self._state.lock(self._state.collections)
        try:
            yield
        finally:
            os.close(lock)

    def _unheld(self) -> Iterator[Collection]:
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
                _remove_rest(self._state, folder)
            os.close(lock)

    def _read(self, folder: Path, lock: int) -> Collection | None:
        """Return the collection stored in `folder`, None if its files are not ours; the device still has all."""
        try:
            stored = json.loads((folder / _BODY).read_bytes())
            if stored["owner"] != self._owner:
                return None
            collection = Collection(self._state, folder.name, stored["body"], lock)
            for path in sorted((folder / "files").glob("*.json")):
                collection.load(Item.from_json(json.loads(path.read_bytes())))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return collection


def _remove_rest(state: StateFolder, folder: Path) -> None:
    state.remove_folder(folder / "files")
    state.remove_folder(folder)


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
