"""Base models: UUIDv7 keys, and rows that are written once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Never

from django.db import models

from liuhen.server.kernel.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["AppendOnlyModel", "BaseModel"]


class BaseModel(models.Model):
    """A row with a UUIDv7 key."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    class Meta:
        abstract = True


class _AppendOnlyQuerySet[M: models.Model](models.QuerySet[M]):
    def update(self, **kwargs: Any) -> Never:
        raise TypeError(f"{self.model.__name__} is append-only: rows are not updated ({', '.join(kwargs)})")

    def delete(self) -> Never:
        raise TypeError(f"{self.model.__name__} is append-only: rows are not deleted")

    def bulk_update(self, objs: Any, fields: Collection[str], batch_size: int | None = None) -> Never:
        raise TypeError(f"{self.model.__name__} is append-only: rows are not updated ({', '.join(fields)})")


class AppendOnlyModel(BaseModel):
    """A row that is inserted once and neither changed nor deleted (house rule 9)."""

    objects = _AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the row; a second save is a wrong call."""
        if not self._state.adding:
            raise TypeError(f"{type(self).__name__} is append-only: a row is saved once")
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Never:
        """Refuse: there is no way to delete."""
        raise TypeError(f"{type(self).__name__} is append-only: rows are not deleted")
