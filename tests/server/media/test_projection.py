"""Derivatives compared with the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liuhen.server.kernel.actor import SYSTEM
from liuhen.server.ledger import projections
from liuhen.server.ledger.interfaces import DiscrepancyKind
from liuhen.server.media import services
from liuhen.server.media.analysis import Made
from liuhen.server.media.models import Derivative, DerivativeKind
from liuhen.server.media.projection import DerivativesProjection
from tests.server.ledger.kit import run_sql
from tests.support.cast import AT
from tests.support.events import discrepancies
from tests.support.recordings import enter

if TYPE_CHECKING:
    from pathlib import Path

    from liuhen.server.recordings.models import Recording
    from tests.support.cast import Cast

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def recording(cast: Cast, tmp_path: Path) -> Recording:
    """A recording with a poster and a waveform."""
    recording = enter(cast.brigade)
    for kind in (DerivativeKind.POSTER, DerivativeKind.WAVEFORM):
        (tmp_path / kind).write_bytes(kind.encode())
        made = Made(path=tmp_path / kind, media_type="text/plain", parameters={"width": 1})
        services.keep_derivative(recording=recording, kind=kind, made=made, actor=SYSTEM, at=AT)
    return recording


@pytest.mark.usefixtures("recording")
def test_rows_as_the_ledger_tells_are_in_order() -> None:
    assert discrepancies(DerivativesProjection()) == []


@pytest.mark.parametrize(
    "change",
    [
        "sha256 = 'ff'",
        "size = size + 1",
        "media_type = 'text/html'",
        "tool = 'another'",
        "parameters = '{}'",
        "made_at = '2026-01-01 00:00:00'",
    ],
)
def test_a_row_that_was_altered_is_named(recording: Recording, change: str) -> None:
    run_sql(f"UPDATE media_derivative SET {change} WHERE kind = 'poster'")  # noqa: S608 - the test's own words

    (found,) = discrepancies(DerivativesProjection())

    assert (found.kind, found.where) == (DiscrepancyKind.ALTERED, f"derivative {recording.id}/poster")
    assert found.zh
    assert found.en


def test_a_row_that_was_removed_is_named(recording: Recording) -> None:
    run_sql("DELETE FROM media_derivative WHERE kind = 'poster'")

    (found,) = discrepancies(DerivativesProjection())

    assert (found.kind, found.where) == (DiscrepancyKind.MISSING, f"derivative {recording.id}/poster")


def test_a_row_that_was_added_is_named(recording: Recording) -> None:
    Derivative.objects.create(
        recording=recording, kind="preview", sha256="0" * 64, size=1, media_type="x", tool="x", made_at=AT
    )

    (found,) = discrepancies(DerivativesProjection())

    assert (found.kind, found.where) == (DiscrepancyKind.EXTRA, f"derivative {recording.id}/preview")


@pytest.mark.django_db
def test_the_comparison_is_part_of_every_fsck() -> None:
    assert any(isinstance(projection, DerivativesProjection) for projection in projections.projections())
