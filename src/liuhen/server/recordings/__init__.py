"""Recordings: what was sealed, its facts, where each fact came from, and how it is found."""
