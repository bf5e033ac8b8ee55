"""The power goes after each system call of each scenario, and the machine comes up with what was durable."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liuhen.server.vault.adapters.local import LocalStore
from liuhen.server.vault.errors import DigestMismatchError, VaultFaultError
from tests.server.vault.adapters.faulty import Died
from tests.server.vault.adapters.power import Bytes, PowerCutPosix
from tests.server.vault.adapters.scenarios import SCENARIOS, Promises, Scenario, check_invariants, quick
from tests.server.vault.bench import DATA, address, seal

if TYPE_CHECKING:
    from pathlib import Path


by_name = pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.name for scenario in SCENARIOS])


def check_world(scenario: Scenario, world: Path, promises: Promises) -> None:
    """Check what a machine finds when it comes up, carry the scenario out again, and check that it is done."""
    check_invariants(world / "vault")
    promises.check(quick(world / "vault"))
    scenario.act(quick(world / "vault"), Promises())
    check_invariants(world / "vault")
    scenario.end(quick(world / "vault"))


@by_name
def test_invariant_1_after_a_power_cut_every_promise_holds_and_a_repeat_succeeds(
    ground: Path, scenario: Scenario
) -> None:
    for number in count(1):
        base = ground / f"{number}"
        base.mkdir()
        scenario.prepare(quick(base / "vault"))
        posix, promises = PowerCutPosix(base, die=number), Promises()
        with suppress(Died):
            scenario.act(LocalStore(base / "vault", posix=posix), promises)
        posix.bury()
        for world in posix.worlds(ground / f"after-{number}"):
            check_world(scenario, world, promises)
        if not posix.is_dead:  # this time the power went after the last call
            break
    assert number > 1


@by_name
@settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(death=st.integers(1, 70), cut=st.integers(1, 90))
def test_after_a_death_and_a_power_cut_during_the_repeat_every_promise_holds(
    ground: Path, scenario: Scenario, death: int, cut: int
) -> None:
    """What the first process did and did not sync must not be taken for durable by the second."""
    case = ground / f"{death}-{cut}"
    base = case / "base"
    base.mkdir(parents=True)
    scenario.prepare(quick(base / "vault"))
    posix, promises = PowerCutPosix(base, die=death), Promises()
    with suppress(Died):
        scenario.act(LocalStore(base / "vault", posix=posix), promises)
    posix.revive(die=cut)
    with suppress(Died):
        scenario.act(LocalStore(base / "vault", posix=posix), promises)
    posix.bury()
    for world in posix.worlds(case):
        check_world(scenario, world, promises)


def test_the_model_loses_what_was_not_synced(ground: Path) -> None:
    base = ground / "base"
    base.mkdir()
    posix = PowerCutPosix(base)
    with LocalStore(base / "vault", posix=posix).stage("u") as staged:
        staged.append(b"flushed")
        staged.flush()
        staged.append(b", lost")
        found = {(world / "vault" / "staging" / "u" / "data").read_bytes() for world in posix.worlds(ground / "after")}
    assert found == {b"flushed", b"flushed, lost", b"flushed" + bytes(6)}


def test_a_size_reported_by_an_area_opened_again_survives(ground: Path) -> None:
    base = ground / "base"
    base.mkdir()
    posix = PowerCutPosix(base)
    store = LocalStore(base / "vault", posix=posix)
    with store.stage("u") as staged:
        staged.append(DATA)
    with store.stage("u") as staged:
        assert staged.size == len(DATA)
        for world in posix.worlds(ground / "after"):
            assert (world / "vault" / "staging" / "u" / "data").read_bytes() == DATA


def test_bytes_spoiled_by_a_power_cut_are_never_sealed(ground: Path) -> None:
    base = ground / "base"
    base.mkdir()
    posix = PowerCutPosix(base)
    with LocalStore(base / "vault", posix=posix).stage("u") as staged:
        staged.append(DATA)
    (world,) = (world for world in posix.worlds(ground / "after") if world.name.endswith(Bytes.ZEROED))
    store = quick(world / "vault")
    with store.stage("u") as staged:
        assert staged.size == len(DATA)
        assert staged.sha256() == address(bytes(len(DATA)))
        with pytest.raises(DigestMismatchError):
            seal(store, staged, DATA)
    assert list(store.list()) == []


def test_bytes_that_a_failed_flush_lost_are_not_built_upon(ground: Path) -> None:
    """A failed sync may drop the bytes and yet show them; a further sync succeeds. Only the last good size counts."""

    class Dropping(PowerCutPosix):
        """A medium that fails one sync, after which the kernel takes the bytes for clean."""

        is_failing = False

        def _after_fdatasync(self, _answer: None, fd: int) -> None:
            if self.is_failing:
                self.is_failing = False
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            super()._after_fdatasync(_answer, fd)

    base = ground / "base"
    base.mkdir()
    posix = Dropping(base)
    store = LocalStore(base / "vault", posix=posix)
    staged = store.stage("u")
    staged.append(DATA[:100])
    staged.flush()
    staged.append(DATA[100:200])
    posix.is_failing = True
    with pytest.raises(VaultFaultError):
        staged.flush()
    assert staged.size == 100
    with pytest.raises(ValueError, match="closed"):
        staged.append(DATA[200:])
    with store.stage("u") as staged:
        assert staged.size == 100
        staged.append(DATA[100:])
        assert seal(store, staged, DATA).already is False
    store.verify(address(DATA))
