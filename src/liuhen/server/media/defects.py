"""What can be wrong with a file as media. Shared by both sides of the sandbox; imports nothing else."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Defect"]


class Defect(StrEnum):
    """One thing that is wrong with a file; the original is kept sealed whatever it is."""

    EMPTY = "empty"
    NOT_MEDIA = "not-media"
    INDEX_MISSING = "index-missing"
    UNDECODABLE = "undecodable"
    OVER_LIMIT = "over-limit"
    DECODER_CRASHED = "decoder-crashed"
    DECODER_TIMED_OUT = "decoder-timed-out"
    # Those below leave the rest of the file usable.
    TRUNCATED = "truncated"
    DURATION_IMPLAUSIBLE = "duration-implausible"
    PICTURE_UNDECODABLE = "picture-undecodable"
    SOUND_UNDECODABLE = "sound-undecodable"
