"""The loudness of the sound over time, for drawing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import av
import numpy as np

from liuhen.server.media.defects import Defect
from liuhen.server.media.tools.decoding import Decoder
from liuhen.server.media.tools.opening import main_audio, opened, packets
from liuhen.server.media.tools.refusal import RefusedError
from liuhen.server.media.tools.sound import Resampler

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["waveform"]

_RATE: Final = 16_000
_PER_SECOND: Final = 20
_MOST: Final = 8_000


def waveform(file: BinaryIO, folder: Path, *, duration_ms: int | None) -> dict[str, Any]:
    """Write the peaks as JSON: `{"v": 1, "duration_ms", "peaks": [[highest ...], [lowest ...]]}`, each from -1 to 1.

    The two lists are the upper and the lower channel that wavesurfer draws. Every list has 20 values for a second, at
    most about 8,000.
    """
    seconds = (duration_ms or 0) / 1000
    per_peak = max(_RATE // _PER_SECOND, round(seconds * _RATE / _MOST))
    peaks = _Peaks(per_peak)
    with opened(file) as container:
        stream = main_audio(container)
        if stream is None:
            raise RefusedError(Defect.SOUND_UNDECODABLE, "there is no sound")
        decode, resampler = Decoder(), Resampler(format="flt", layout="mono", rate=_RATE)
        for packet in packets(container, stream):
            for frame in decode(packet):
                assert isinstance(frame, av.AudioFrame)  # noqa: S101 - only this stream's packets are decoded
                for part in resampler(frame):
                    peaks.add(part.to_ndarray().reshape(-1))
        for part in resampler(None):
            peaks.add(part.to_ndarray().reshape(-1))
    highest, lowest = peaks.end()
    if not highest:
        raise RefusedError(Defect.SOUND_UNDECODABLE, "no sound can be decoded")
    length_ms = round(peaks.samples * 1000 / _RATE)
    content = {"v": 1, "duration_ms": length_ms, "peaks": [highest, lowest]}
    (folder / "waveform.json").write_text(json.dumps(content, separators=(",", ":")), encoding="ascii")
    return {
        "file": "waveform.json",
        "media_type": "application/json",
        "parameters": {"count": len(highest), "samples_per_peak": per_peak, "sample_rate": _RATE},
    }


class _Peaks:
    """Keeps the highest and the lowest of every `per_peak` samples."""

    def __init__(self, per_peak: int) -> None:
        self.samples = 0
        self._per_peak = per_peak
        self._rest: NDArray[Any] = np.empty(0, np.float32)
        self._highest: list[float] = []
        self._lowest: list[float] = []

    def add(self, samples: NDArray[Any]) -> None:
        """Take in samples from -1 to 1."""
        self.samples += len(samples)
        ready = np.concatenate([self._rest, np.nan_to_num(samples)])
        whole = len(ready) // self._per_peak * self._per_peak
        self._keep(ready[:whole].reshape(-1, self._per_peak))
        self._rest = ready[whole:]

    def end(self) -> tuple[list[float], list[float]]:
        """Take in what is left and return the highest and lowest values, to three decimals."""
        if len(self._rest):
            self._keep(self._rest.reshape(1, -1))
        return self._highest, self._lowest

    def _keep(self, rows: NDArray[Any]) -> None:
        for values, column in ((rows.max(axis=1), self._highest), (rows.min(axis=1), self._lowest)):
            column.extend(round(float(value), 3) for value in np.clip(values, -1, 1))
