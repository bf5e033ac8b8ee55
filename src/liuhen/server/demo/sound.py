"""Sound that is shaped like somebody speaking outdoors. Nobody speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RATE", "speech"]

RATE: Final = 16_000


def speech(seconds: float, *, seed: int) -> NDArray[Any]:
    """Return 16-bit mono samples at `RATE`: phrases of syllables over the rumble of a street."""
    chance = np.random.default_rng(seed)
    count = round(seconds * RATE)
    t = np.arange(count) / RATE
    pitch = 118 + 26 * np.sin(2 * np.pi * 0.31 * t) + 9 * np.sin(2 * np.pi * 1.7 * t)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    voice = np.zeros(count)
    for harmonic in range(1, 19):
        # Two moving formants make vowels out of a hum.
        tone = harmonic * pitch
        first = np.exp(-(((tone - 520 - 190 * np.sin(2 * np.pi * 2.3 * t)) / 170) ** 2))
        second = 0.5 * np.exp(-(((tone - 1500 - 420 * np.sin(2 * np.pi * 1.4 * t + 1)) / 260) ** 2))
        voice += (first + second) * np.sin(harmonic * phase)
    hiss = chance.standard_normal(count)
    hiss[1:] -= 0.9 * hiss[:-1]
    syllables = np.clip(np.sin(2 * np.pi * 4.3 * t) + 0.35, 0, 1)
    phrases = np.where(np.sin(2 * np.pi * t / 3.1) + 0.35 > 0, 1.0, 0.0)
    ramp = np.hanning(RATE // 10)
    phrases = np.convolve(phrases, ramp / ramp.sum(), "same")[:count]
    rumble = np.convolve(chance.standard_normal(count), np.ones(96) / 96, "same")[:count]
    sound = 0.16 * phrases * syllables * (voice + 0.12 * hiss) + 0.14 * rumble + 0.004 * hiss
    return (np.clip(sound, -0.95, 0.95) * 32767).astype(np.int16)
