"""Resampling of sound whose form may change on the way."""

from __future__ import annotations

import av

__all__ = ["Resampler"]


class Resampler:
    """Brings frames to one format, layout and rate; a change of form in the input begins it anew."""

    def __init__(self, *, format: str, layout: str, rate: int, frame_size: int | None = None) -> None:  # noqa: A002 - the library's word
        self._wanted = {"format": format, "layout": layout, "rate": rate, "frame_size": frame_size}
        self._form: tuple[str, str, int] | None = None
        self._inner: av.AudioResampler | None = None

    def __call__(self, frame: av.AudioFrame | None) -> list[av.AudioFrame]:
        """Return what is ready after `frame`; None ends the input."""
        if frame is None:
            return self._end()
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        before = [] if form == self._form else self._end()
        if self._inner is None:
            self._inner = av.AudioResampler(**self._wanted)  # type: ignore[arg-type]  # the four named parameters
            self._form = form
        return before + self._inner.resample(frame)

    def _end(self) -> list[av.AudioFrame]:
        inner, self._inner, self._form = self._inner, None, None
        return [] if inner is None else inner.resample(None)
