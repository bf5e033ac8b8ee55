"""`liuhen vault`: what the stores hold, whether it is whole, and what does not belong there."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from liuhen.server.vault.interfaces import Store
    from liuhen.server.vault.sweeper import SweepReport
    from liuhen.usage import Parser

__all__ = ["add_arguments", "run"]

_FOUND: Final = 1
_GRACE: Final = timedelta(hours=1)


def add_arguments(parser: Parser) -> None:
    """Declare the subcommands."""
    pick = parser.language.pick
    sub = parser.add_subparsers(dest="action", required=True)
    sub.add_parser("status", help=pick("各库存量与保护状态", "what each store holds and how it is protected"))
    sub.add_parser(
        "sweep", help=pick("清理暂存，报告无记录的原件", "clear dead staging areas, report objects without rows")
    )
    sub.add_parser("verify", help=pick("逐件复核校验值", "read every object again and compare it with its address"))


def run(args: argparse.Namespace) -> int:
    """Do what was asked; one JSON object per line; 1 when something was found that a person should look at."""
    from liuhen.server.config.setup import open_instance
    from liuhen.server.vault.stores import derivatives, originals

    open_instance()
    stores = {"originals": originals(), "derivatives": derivatives()}
    acts = {"status": _status, "sweep": _sweep, "verify": _verify}
    found = False
    for name, store in stores.items():
        for row, is_wrong in acts[args.action](name, store):
            found = found or is_wrong
            sys.stdout.write(json.dumps({"store": name, **row}, ensure_ascii=False) + "\n")
    return _FOUND if found else 0


def _status(name: str, store: Store) -> Iterator[tuple[dict[str, Any], bool]]:
    del name
    sizes = [listing.size for listing in store.list()]
    row = {"objects": len(sizes), "bytes": sum(sizes), "free_bytes": store.free_bytes()}
    yield {**row, "protection": store.protection().value}, False


def _verify(name: str, store: Store) -> Iterator[tuple[dict[str, Any], bool]]:
    from liuhen.server.vault.errors import VaultError

    del name
    whole = 0
    for listing in store.list():
        try:
            store.verify(listing.sha256)
        except VaultError as error:
            yield {"sha256": listing.sha256, **error.as_dict()}, True
        else:
            whole += 1
    yield {"verified": whole}, False


def _sweep(name: str, store: Store) -> Iterator[tuple[dict[str, Any], bool]]:
    from liuhen.server.intake.selectors import live_uploads
    from liuhen.server.kernel import clock
    from liuhen.server.media.selectors import known_derivatives
    from liuhen.server.recordings.selectors import known_addresses
    from liuhen.server.vault.sweeper import sweep

    report = sweep(
        store,
        known_objects=known_addresses if name == "originals" else known_derivatives,
        known_uploads=live_uploads,
        at=clock.now(),
        grace=_GRACE,
        expiry=_GRACE,
    )
    yield _row(report), not report.is_clean


def _row(report: SweepReport) -> dict[str, Any]:
    objects = report.objects
    return {
        "seen": objects.seen,
        "orphans": [listing.sha256 for listing in objects.orphans],
        "unrecorded": [listing.sha256 for listing in objects.unrecorded],
        "disposing": [listing.sha256 for listing in objects.disposing],
        "lost": [listing.sha256 for listing in objects.lost],
        "discarded": list(report.discarded),
        "busy": list(report.busy),
        "tidied": list(report.tidied),
    }
