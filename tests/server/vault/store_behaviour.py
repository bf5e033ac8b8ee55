"""What every store does. An adapter's test module subclasses `StoreBehaviour` and gives a `bench` fixture."""

from __future__ import annotations

from tests.server.vault.behaviour_of_keeping import KeepingBehaviour
from tests.server.vault.behaviour_of_sealing import SealingBehaviour
from tests.server.vault.behaviour_of_staging import StagingBehaviour
from tests.server.vault.bench import Bench

__all__ = ["Bench", "StoreBehaviour"]


class StoreBehaviour(StagingBehaviour, SealingBehaviour, KeepingBehaviour):
    """All of it."""
