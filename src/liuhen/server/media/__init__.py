"""Media: what a recording holds, and what is computed from it to look at it. The work is done by the worker alone.

The libraries that parse media are imported in `media.tools` only, which runs in a process of its own for each file.
"""
