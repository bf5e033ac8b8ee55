"""The sandbox's child, killed whenever it is to draw a waveform."""

from __future__ import annotations

from liuhen.server.media.tools import __main__ as child
from liuhen.server.media.tools.catalogue import TOOLS
from tests.server.media.faulty_tools import be_killed

if __name__ == "__main__":
    assert isinstance(TOOLS, dict)
    TOOLS["waveform"] = lambda file, folder, **_: be_killed(file, folder)
    child.main()
