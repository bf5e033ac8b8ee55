"""Carrying out an order: what one call of `liuhen collect` does with one source, from greeting to clearing."""
