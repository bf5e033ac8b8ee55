"""Views. Each parses, makes one service call, renders."""
