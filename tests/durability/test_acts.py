"""Every act of the server that is one transaction is there whole or not at all, and may be repeated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.durability.kit import Kill, Program, after, before

if TYPE_CHECKING:
    from collections.abc import Callable

_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Act:
    """The acts that come before it, what it adds (rows of a table, events of a type), and how often if repeated.

    What ends it is the commit after `skip` others or, where that is no transaction's, the statement `write`.
    """

    earlier: tuple[str, ...] = ()
    rows: dict[str, int] = field(default_factory=dict)
    events: tuple[str, ...] = ()
    times: int = 1
    clock_s: int = 0
    write: str = ""
    skip: int = 0

    def kill(self, how: str) -> Kill:
        """Return the kill before or after its end."""
        at = before if how == "before" else after
        return at("database.write", self.write) if self.write else at("database.commit", skip=self.skip)

    def counted(self, program: Program) -> dict[str, int]:
        """Count what it adds."""
        rows = {table: int(program.rows(f"SELECT count(*) FROM {table}")[0][0]) for table in self.rows}  # noqa: S608
        return rows | {kind: program.events(kind) for kind in self.events}

    def added(self, counted: dict[str, int], times: int) -> dict[str, int]:
        """Return what is to be counted once it was carried out so often since `counted`."""
        return {name: count + times * self.rows.get(name, 1) for name, count in counted.items()}


_STAGED = ("open_collection", "create_upload", "receive")
_SEALED = ("stage", *_STAGED, "seal")
_CLAIMED = (*_SEALED, "claim")
_TICKET = (*_SEALED, "issue_ticket")
_LOGGED_IN = (*_SEALED, "log_in")

ACTS: dict[str, Act] = {
    "open_collection": Act(
        rows={"intake_collection": 1, "devices_device": 1}, events=("collection:opened", "device:registered")
    ),
    "close_collection": Act(
        ("open_collection",), {"intake_collection WHERE closed_at IS NOT NULL": 1}, ("collection:closed",)
    ),
    "create_upload": Act(("open_collection",), {"intake_upload": 1, "jobs_job": 1}),
    "prolong_upload": Act(_STAGED, {"jobs_job": 1}, clock_s=40 * _HOUR_S),
    "give_up": Act(_STAGED, {"intake_upload WHERE state = 'discarded'": 1}, ("upload:refused",)),
    "seal_other_bytes": Act(_STAGED, {"intake_upload WHERE state = 'discarded'": 1}, ("upload:refused",)),
    "sweep_uploads": Act(
        _STAGED, {"intake_upload WHERE state = 'expired'": 1}, ("upload:refused",), clock_s=74 * _HOUR_S
    ),
    "issue_ticket": Act(_SEALED, {"access_viewticket": 1}, ("ticket:issued",), times=2),
    "open_ticket": Act(_TICKET, {"access_viewing": 1}, ("ticket:opened",)),
    "end_ticket": Act(_TICKET, {"access_viewticket WHERE ended_at IS NOT NULL": 1}, ("ticket:ended",)),
    "extend": Act(_CLAIMED, {"jobs_job WHERE lease_until > datetime('now', '+5 hours')": 1}),
    "note_failure": Act(_CLAIMED, {"jobs_job WHERE state = 'ready' AND last_error = 'an error'": 1}),
    "hand_back": Act(_CLAIMED, {"jobs_job WHERE state = 'running'": -1, "jobs_job WHERE state = 'ready'": 1}),
    "retry": Act((*_CLAIMED, "fail"), {"jobs_job WHERE state = 'failed'": -1, "jobs_job WHERE state = 'ready'": 1}),
    "log_in": Act(_SEALED, {"django_session": 1}, times=2),
    "log_out": Act(_LOGGED_IN, {"django_session": -1}, write='DELETE FROM "django_session"'),
    "mistype_password": Act(_SEALED, {"axes_accessattempt": 1}, skip=1),
    "mistype_again": Act(
        (*_SEALED, "mistype_password"), {"axes_accessattempt WHERE failures_since_start > 1": 1}, skip=1
    ),
    "choose_language": Act(_LOGGED_IN, {"accounts_person WHERE language = 'en'": 1}),
}


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize("act", ACTS)
def test_killed_at_its_commit_an_act_is_whole_or_not_at_all(
    act: str, how: str, *, acting: Callable[..., Program]
) -> None:
    told = ACTS[act]
    program = acting(*told.earlier)
    none = told.counted(program)
    program.dies(told.kill(how), act, clock_s=told.clock_s)
    assert told.counted(program) == told.added(none, 0 if how == "before" else 1)
    program.does(act, "check", clock_s=told.clock_s)
    assert told.counted(program) == told.added(none, 1 if how == "before" else told.times)


LOGGED_IN = {
    "session-made": (after("database.commit"), 0),
    "moment-noted": (after("database.write", 'UPDATE "accounts_person"'), 0),
    "log-in-noted": (after("database.write", 'INSERT INTO "axes_accesslog"'), 0),
    "failures-forgotten": (after("database.commit", skip=2), 0),
    "session-given": (after("database.commit", skip=3), 1),
}


@pytest.mark.parametrize("step", LOGGED_IN)
def test_killed_while_somebody_logs_in_the_session_is_theirs_or_nobodys(
    step: str, *, acting: Callable[..., Program]
) -> None:
    kill, changed = LOGGED_IN[step]
    program = acting(*_SEALED, "mistype_password")
    program.dies(kill, "log_in")
    program.does("choose_language")
    assert program.rows("SELECT count(*) FROM accounts_person WHERE language = 'en'") == [(changed,)]
    program.does("log_in", "choose_language", "check")
    assert program.rows("SELECT count(*) FROM accounts_person WHERE language = 'en'") == [(1,)]
    assert program.rows("SELECT count(*) FROM axes_accessattempt") == [(0,)]


@pytest.mark.parametrize("how", ["before", "after"])
def test_killed_while_a_password_is_changed_the_old_one_counts_or_the_new(
    how: str, *, acting: Callable[..., Program]
) -> None:
    program = acting("stage")
    kill = before if how == "before" else after
    program.dies(kill("database.write", 'UPDATE "accounts_person"'), "change_password")
    counts, counts_not = ("log_in", "log_in_anew") if how == "before" else ("log_in_anew", "log_in")
    program.does(counts)
    assert program.run(counts_not).returncode == 1
    program.does("change_password", "log_in_anew", "check")
    assert program.run("log_in").returncode == 1


@pytest.mark.parametrize("end", ["give_up", "seal_other_bytes", "sweep_uploads"])
@pytest.mark.parametrize("step", ["row-ended", "bytes-removed", "area-removed"])
def test_killed_while_its_area_goes_an_ended_upload_is_cleared_by_the_sweep(
    end: str, step: str, *, acting: Callable[..., Program]
) -> None:
    kill = {
        "row-ended": after("database.commit"),
        "bytes-removed": after("os.unlink", "/data"),
        "area-removed": after("os.rmdir", "/staging/"),
    }[step]
    told, program = ACTS[end], acting(*_STAGED)
    program.dies(kill, end, clock_s=told.clock_s)
    assert program.events("upload:refused") == 1
    assert program.names("vault/staging") == ([f"{_area(program)}/data"] if step == "row-ended" else [])
    program.does("sweep_uploads", clock_s=74 * _HOUR_S)
    assert list((program.home / "vault" / "staging").iterdir()) == []
    assert program.events("upload:refused") == 1


def _area(program: Program) -> str:
    (area,) = (program.home / "vault" / "staging").iterdir()
    return area.name


RANGES = {
    "first-row-not-committed": (before("database.commit"), []),
    "first-row-committed": (after("database.commit"), [None]),
    "last-row-not-committed": (before("database.commit", skip=1), [None]),
    "last-row-committed": (after("database.commit", skip=1), [None, 7]),
}


@pytest.mark.parametrize("step", RANGES)
def test_killed_while_bytes_are_sent_what_may_have_been_seen_is_written_down(
    step: str, *, acting: Callable[..., Program]
) -> None:
    kill, left = RANGES[step]
    program = acting(*_TICKET, "open_ticket")
    program.dies(kill, "note_range")
    assert [sent for (sent,) in program.rows("SELECT sent FROM access_rangeserved ORDER BY id")] == left
    program.does("note_range")
    rows = program.rows("SELECT response, count(*) FROM access_rangeserved GROUP BY response")
    assert sorted(count for _, count in rows) == sorted([*([len(left)] if left else []), 2])


SEAL = {
    "row-not-committed": (before("database.commit", "intake.sealing._enter"), ("receiving", None, None)),
    "row-committed": (after("database.commit", "intake.sealing._enter"), ("sealed", None, None)),
    "event-placed": (after("database.commit", "ledger.sequencing._enter"), ("sealed", "placed", None)),
    "receipt-not-kept": (before("database.commit", "sealing._keep_first"), ("sealed", "placed", None)),
    "receipt-kept": (after("database.commit", "sealing._keep_first"), ("sealed", "placed", "receipt")),
}


@pytest.mark.parametrize("step", SEAL)
def test_killed_at_a_commit_of_the_seal_the_next_call_ends_it(step: str, *, acting: Callable[..., Program]) -> None:
    kill, left = SEAL[step]
    program = acting("heads", "sequence", *_STAGED, "sequence")
    program.dies(kill, "seal")
    state = (
        "SELECT u.state, CASE WHEN e.\"index\" IS NULL THEN NULL ELSE 'placed' END,"
        " CASE WHEN u.receipt IS NULL THEN NULL ELSE 'receipt' END"
        " FROM intake_upload u LEFT JOIN ledger_event e ON e.id = u.event"
    )
    assert program.rows(state) == [left]
    first = program.rows("SELECT receipt FROM intake_upload")
    program.does("seal", "sweep_uploads", "check")
    assert program.rows(state) == [("sealed", "placed", "receipt")]
    assert left[2] is None or program.rows("SELECT receipt FROM intake_upload") == first
    assert program.rows("SELECT count(*) FROM recordings_recording") == [(1,)]
    assert program.events("recording:sealed") == 1
    assert list((program.home / "vault" / "staging").iterdir()) == []


# The worker: what is there after each of its commits.

WORK = {
    "nothing-claimed": (before("database.commit"), ("ready",), {}),
    "analysis-claimed": (after("database.commit"), ("running",), {}),
    "digests-kept": (after("database.commit", skip=1), ("running",), {"recording:digested": 1}),
    "analysis-kept": (
        after("database.commit", skip=2),
        ("running", "ready"),
        {"recording:digested": 1, "recording:analysed": 1},
    ),
    "analysis-done": (
        after("database.commit", skip=3),
        ("done", "ready"),
        {"recording:digested": 1, "recording:analysed": 1},
    ),
    "derivation-claimed": (
        after("database.commit", skip=4),
        ("done", "running"),
        {"recording:digested": 1, "recording:analysed": 1},
    ),
    "derivative-staged": (
        before("os.rename", "/derivatives/objects/"),
        ("done", "running"),
        {"recording:digested": 1, "recording:analysed": 1},
    ),
    "derivative-sealed": (
        after("os.rename", "/derivatives/objects/"),
        ("done", "running"),
        {"recording:digested": 1, "recording:analysed": 1},
    ),
    "derivative-entered": (
        after("database.commit", skip=5),
        ("done", "running"),
        {"recording:digested": 1, "recording:analysed": 1, "derivative:made": 1},
    ),
    "derivation-done": (
        after("database.commit", skip=7),
        ("done", "done"),
        {"recording:digested": 1, "recording:analysed": 1, "derivative:made": 2},
    ),
}


@pytest.mark.parametrize("step", WORK)
def test_killed_at_a_step_of_its_job_the_worker_that_follows_ends_it(step: str, acting: Callable[..., Program]) -> None:
    kill, jobs, events = WORK[step]
    program = acting(*_SEALED)
    states = "SELECT state FROM jobs_job WHERE task LIKE '%media.tasks%' ORDER BY enqueued_at, id"
    kinds = ("recording:digested", "recording:analysed", "derivative:made")
    program.dies(kill, "work")
    assert [state for (state,) in program.rows(states)] == list(jobs)
    assert {kind: program.events(kind) for kind in kinds if program.events(kind)} == events
    program.does("work", "check", clock_s=60)
    assert [state for (state,) in program.rows(states)] == ["done", "done"]
    assert [program.events(kind) for kind in kinds] == [1, 1, 2]
    assert program.names("work") == ["lock"]
    assert program.rows("SELECT count(*) FROM media_derivative") == [(2,)]


# The ledger.

SEQUENCING = {
    "bundle-not-written": before("ledger.write", "/tile/entries/"),
    "bundle-written": after("ledger.write", "/tile/entries/"),
    "tile-written": after("ledger.write", "/tile/0/"),
    "tiles-synced": after("ledger.sync_folder", "/tile", skip=2),
    "memory-written-beside": before("ledger.rename", ".signer-state"),
    "memory-named": after("ledger.rename", ".signer-state"),
    "checkpoint-written-beside": before("ledger.rename", ".checkpoint"),
    "checkpoint-named": after("ledger.rename", ".checkpoint"),
    "places-not-committed": before("database.commit"),
    "places-committed": after("database.commit"),
    "replaced-removed": after("os.unlink", "/000.p/"),
    "health-written-beside": before("ledger.rename", ".health.json"),
    "health-named": after("ledger.rename", ".health.json"),
}


@pytest.mark.parametrize("step", SEQUENCING)
def test_killed_at_a_step_of_a_batch_the_integrator_that_follows_ends_it(
    step: str, acting: Callable[..., Program]
) -> None:
    program = acting("heads", "sequence", "many_events")
    waiting = 'SELECT count(*) FROM ledger_event WHERE "index" IS NULL'
    program.dies(SEQUENCING[step], "sequence")
    ended = step in {"places-committed", "replaced-removed", "health-written-beside", "health-named"}
    assert (program.rows(waiting)[0][0] == 0) == ended
    program.does("sequence", "check")
    assert program.rows(waiting) == [(0,)]
    assert [name for name in program.names("ledger/tile") if "000.p" in name] == ["1/000.p/1"]


HEADS = {
    "file-written-beside": (before("ledger.rename", "/heads/"), 0),
    "file-named": (after("ledger.rename", "/heads/"), 1),
    "event-not-committed": (before("database.commit"), 1),
    "event-committed": (after("database.commit"), 1),
}


@pytest.mark.parametrize("step", HEADS)
def test_killed_while_the_heads_are_written_the_next_round_writes_them(
    step: str, acting: Callable[..., Program]
) -> None:
    kill, files = HEADS[step]
    program = acting("open_collection")
    program.dies(kill, "heads")
    assert len(list((program.home / "ledger" / "heads").glob("[0-9]*.json"))) == files
    assert program.events("ledger:heads") == (step == "event-committed")
    program.does("open_collection", "close_collection", "heads", "sequence", "check")
    assert program.events("ledger:heads") == 1
    assert len(program.names("ledger/heads")) == 1
