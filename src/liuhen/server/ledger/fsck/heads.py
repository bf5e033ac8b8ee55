"""The heads of subjects against the chains of their events: the daily files, and the database's own rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liuhen.core.digests import sha256
from liuhen.server.ledger.files import HEADS_FOLDER, heads_path
from liuhen.server.ledger.fsck.rows import as_bytes
from liuhen.server.ledger.heads import encode_heads
from liuhen.server.ledger.models import SubjectHead

if TYPE_CHECKING:
    from liuhen.core.entry import Entry
    from liuhen.server.ledger.files import LedgerFolder
    from liuhen.server.ledger.fsck.report import Discrepancies

__all__ = ["Chains", "HeadsFiles", "check_head_rows"]


class Chains:
    """The last event of each subject, and the events that do not follow it."""

    def __init__(self, found: Discrepancies) -> None:
        self.heads: dict[str, tuple[int, bytes]] = {}
        self.has_gap = False
        self._found = found

    def follow(self, entry: Entry, leaf: bytes) -> None:
        """Take `entry` as the next event of its subject; name it where it is not, unless an entry before is unknown."""
        n, last = self.heads.get(entry.subject, (-1, b""))
        linked = entry.n == n + 1 and (n < 0 or entry.prev == last.hex())
        if not linked and not self.has_gap:
            self._found.altered(
                f"event {entry.id}",
                f"{entry.subject} 的事件链断裂：应为第 {n + 1} 个事件，实为第 {entry.n} 个",
                f"it does not continue {entry.subject}: event {n + 1} was due, this is event {entry.n}",
            )
        self.heads[entry.subject] = (entry.n, leaf)


class HeadsFiles:
    """The daily heads files, each compared with the event that names it; what a file holds, with `chains`."""

    def __init__(self, folder: LedgerFolder, chains: Chains, found: Discrepancies) -> None:
        self._folder = folder
        self._chains = chains
        self._found = found
        self._dates: set[str] = set()

    def __len__(self) -> int:
        return len(self._dates)

    def check(self, entry: Entry, *, made_anew: bool) -> None:
        """Compare the file that `entry`, a `ledger:heads` event, names; with `made_anew` its content too.

        What a file holds are the heads before its event: call this before the chains follow `entry`.
        """
        date, digests = str(entry.facts.get("date")), [ref.sha256 for ref in entry.objects]
        self._dates.add(date)
        path = heads_path(date)
        try:
            data = self._folder.read(path)
        except (OSError, ValueError):
            self._found.missing(path, "每日对账文件缺失或无法读取", "the daily heads file is missing or unreadable")
            return
        if [sha256(data).hex()] != digests:
            self._found.altered(path, "与账本中的校验值不符", "it has another digest than the ledger says")
        elif made_anew and not self._chains.has_gap:
            heads = ((subject, n, leaf) for subject, (n, leaf) in self._chains.heads.items())
            if encode_heads(date, heads) != data:
                self._found.altered(path, "与该日之前的事件不符", "it does not agree with the events before it")

    def check_stray(self) -> None:
        """Name the files that no event names; one of a later day than the newest named is being written."""
        newest = max(self._dates, default="")
        for path in sorted((self._folder.root / HEADS_FOLDER).glob("*")):
            is_ours = path.suffix == ".json" and not path.name.startswith(".")
            if is_ours and path.stem <= newest and path.stem not in self._dates:
                self._found.surplus(
                    f"{HEADS_FOLDER}/{path.name}", "账本中没有对应的事件", "no event of the ledger names it"
                )


def check_head_rows(chains: Chains, found: Discrepancies) -> None:
    """Compare the database's rows of heads with the chains."""
    left = dict(chains.heads)
    for subject, n, leaf in SubjectHead.objects.filter(n__gte=0).values_list("subject", "n", "leaf_hash"):
        due = left.pop(subject, None)
        if due is None:
            found.surplus(f"head {subject}", "账本中没有该对象的事件", "the ledger has no event of this subject")
        elif due != (n, as_bytes(leaf)):
            zh = f"数据库记为第 {n} 个事件，应为第 {due[0]} 个或其哈希不符"
            found.altered(
                f"head {subject}", zh, f"the database says event {n}, the ledger {due[0]}, or the hash differs"
            )
    for subject in left:
        found.missing(f"head {subject}", "数据库中没有该对象的末端记录", "the subject has no head row")
