"""Who does something: a person, a station or the system itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import uuid

__all__ = ["SYSTEM", "Actor", "ActorKind"]


class ActorKind(StrEnum):
    """The three kinds that a ledger entry may name."""

    PERSON = "person"
    STATION = "station"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """The doer of one act, with what the doer may do and see at that moment.

    `roles` are the codes of the roles held; `units` are the ids of the units whose data the actor's scope covers.
    Made by `accounts.selectors.actor_of` for people and by `intake` for stations.
    """

    kind: ActorKind
    id: uuid.UUID | None = None
    roles: frozenset[str] = field(default_factory=frozenset)
    units: frozenset[uuid.UUID] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        if (self.kind is ActorKind.SYSTEM) != (self.id is None):
            raise ValueError("a person or station has an id, the system has none")

    @property
    def ref(self) -> str:
        """Return `person/<uuid>`, `station/<uuid>` or `system`, as written into the ledger."""
        return self.kind.value if self.id is None else f"{self.kind.value}/{self.id}"


SYSTEM = Actor(kind=ActorKind.SYSTEM)
