"""Pure library: bytes, numbers and a given time in; a verdict out. No network, no clock, no settings, no database."""
