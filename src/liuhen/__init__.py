"""Liuhen: audio-visual records of enforcement, from camera to sealed record, checkable by anybody."""
