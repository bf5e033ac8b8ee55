"""Views: each parses, makes one service call, renders."""
