"""How a projection says that a row is missing, altered or extra: the same words for every table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from liuhen.server.ledger.interfaces import Discrepancy, DiscrepancyKind

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from liuhen.core.entry import Entry

__all__ = ["compare", "compare_all", "extra", "id_in", "optional_id", "subject_id"]


def id_in(reference: str) -> UUID:
    """Return the id in a subject or actor, `kind/<uuid>`."""
    return UUID(reference.partition("/")[2])


def subject_id(entry: Entry) -> UUID:
    """Return the id of what an entry is about."""
    return id_in(entry.subject)


def optional_id(value: object) -> UUID | None:
    """Return the id that a fact holds, if it holds one."""
    return None if value is None else UUID(str(value))


def compare(where: str, row: object | None, said: Mapping[str, Any]) -> Iterator[Discrepancy]:
    """Compare attributes of `row` (None: it is gone) with what the ledger has said of them."""
    if row is None:
        zh, en = "账本有记载，数据库中没有记录", "the ledger tells of it, the database has no row"
        yield Discrepancy(DiscrepancyKind.MISSING, where, zh, en)
        return
    wrong = ", ".join(name.removesuffix("_id") for name, value in said.items() if getattr(row, name) != value)
    if wrong:
        zh, en = f"数据库中的 {wrong} 与账本记载不符", f"its {wrong} differs from what the ledger says"
        yield Discrepancy(DiscrepancyKind.ALTERED, where, zh, en)


def compare_all[K](
    kind: str, rows: Iterable[tuple[K, object]], told: Mapping[K, Mapping[str, Any]]
) -> Iterator[Discrepancy]:
    """Compare all rows of `kind`, each with its key, with all that was told."""
    left = dict(told)
    for key, row in rows:
        if key in told:
            yield from compare(f"{kind} {key}", row, left.pop(key))
        else:
            yield from extra(kind, (key,), ())
    for key in left:
        yield from compare(f"{kind} {key}", None, {})


def extra(kind: str, keys: Iterable[object], told: Container[object]) -> Iterator[Discrepancy]:
    """Name the rows of `kind` of which nothing was told."""
    for key in keys:
        if key not in told:
            zh, en = "数据库中有记录，账本没有记载", "the database has it, no entry of the ledger tells of it"
            yield Discrepancy(DiscrepancyKind.EXTRA, f"{kind} {key}", zh, en)
