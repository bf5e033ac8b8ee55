"""Each system call of each scenario fails in turn, or is the last before the process is gone."""

from __future__ import annotations

import errno
import os
from itertools import count
from pathlib import Path

import pytest

from liuhen.server.vault.adapters.local import LocalStore
from liuhen.server.vault.errors import VaultError, VaultFaultError, VaultFullError
from tests.server.vault.adapters.faulty import CALLS, Died, FaultyPosix
from tests.server.vault.adapters.scenarios import SCENARIOS, Promises, Scenario, check_invariants, quick

by_name = pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.name for scenario in SCENARIOS])


def open_below(folder: Path) -> list[str]:
    """Return the files below `folder` that this process has open."""
    links = [os.readlink(entry) for entry in Path("/proc/self/fd").iterdir() if os.path.lexists(entry)]  # noqa: PTH115 - bare text
    return [link for link in links if link.startswith(str(folder))]


def finish(scenario: Scenario, root: Path, promises: Promises) -> None:
    """Check what a failed attempt left, repeat it, and check that it is done."""
    check_invariants(root)
    promises.check(quick(root))
    scenario.act(quick(root), Promises())
    check_invariants(root)
    scenario.end(quick(root))


def attempt(scenario: Scenario, store: LocalStore, promises: Promises) -> VaultError | None:
    try:
        scenario.act(store, promises)
    except VaultError as failure:
        return failure
    return None


@by_name
@pytest.mark.parametrize(
    ("error", "expected"),
    [(errno.ENOSPC, VaultFullError), (errno.EIO, VaultFaultError)],
    ids=["disk-full", "input-output-error"],
)
def test_after_any_failed_call_nothing_is_half_done_and_a_repeat_succeeds(
    ground: Path, scenario: Scenario, error: int, expected: type[VaultError]
) -> None:
    for number in count(1):
        root = ground / str(number)
        scenario.prepare(quick(root))
        posix, promises = FaultyPosix(fail=number, error=error), Promises()
        failure = attempt(scenario, LocalStore(root, posix=posix), promises)
        if len(posix.calls) < number:
            break
        # Some faults need not be told: those of closing, of advice, of looking for what may be absent.
        assert failure is None or type(failure) is expected
        assert open_below(ground) == [], f"left open after call {number}, {posix.calls[-1]}"
        finish(scenario, root, promises)
    assert number > 1


def test_an_exhausted_quota_is_a_full_vault(ground: Path) -> None:
    posix = FaultyPosix(fail=1, error=errno.EDQUOT)
    with pytest.raises(VaultFullError) as full:
        LocalStore(ground / "vault", posix=posix).stage("u")
    assert full.value.where == {"where": "vault/staging/u"}


@by_name
def test_after_death_at_any_call_nothing_is_half_done_and_a_repeat_succeeds(ground: Path, scenario: Scenario) -> None:
    for number in count(1):
        root = ground / str(number)
        scenario.prepare(quick(root))
        posix, promises = FaultyPosix(die=number), Promises()
        try:
            scenario.act(LocalStore(root, posix=posix), promises)
        except Died:
            posix.bury()
        if not posix.is_dead:
            break
        finish(scenario, root, promises)
    assert number > 1


def test_the_scenarios_make_every_call_there_is(ground: Path) -> None:
    made: set[str] = set()
    for scenario in SCENARIOS:
        root = ground / scenario.name
        scenario.prepare(quick(root))
        posix = FaultyPosix()
        scenario.act(LocalStore(root, posix=posix), Promises())
        made |= set(posix.calls)
    assert made == set(CALLS) - {"start_writing"}  # advice; it comes with uploads longer than these
