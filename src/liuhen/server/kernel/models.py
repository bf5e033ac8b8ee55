"""Base models: UUIDv7 keys, and rows that are written once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Never, override

from django.db import models

from liuhen.server.kernel.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = ["AppendOnlyModel", "BaseModel"]


class BaseModel(models.Model):
    """A row with a UUIDv7 key."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    class Meta:
        abstract = True


class _AppendOnlyQuerySet[M: models.Model](models.QuerySet[M]):
    @override
    def update(self, **kwargs: Any) -> Never:
        raise TypeError(f"{self.model.__name__} is append-only: rows are not updated ({', '.join(kwargs)})")

    @override
    def delete(self) -> Never:
        raise TypeError(f"{self.model.__name__} is append-only: rows are not deleted")

    @override
    def bulk_update(self, objs: Iterable[M], fields: Iterable[str], batch_size: int | None = None) -> Never:
        del objs, batch_size
        raise TypeError(f"{self.model.__name__} is append-only: rows are not updated ({', '.join(fields)})")

    @override
    def bulk_create(
        self,
        objs: Iterable[M],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        update_fields: Collection[str] | None = None,
        unique_fields: Collection[str] | None = None,
    ) -> list[M]:
        if update_conflicts:
            raise TypeError(f"{self.model.__name__} is append-only: no row gives way to a new one")
        return super().bulk_create(objs, batch_size=batch_size, ignore_conflicts=ignore_conflicts)


class AppendOnlyModel(BaseModel):
    """A row that is inserted once and neither changed nor deleted: what was recorded of a custody is never unsaid."""

    objects = _AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the row; a second save is a wrong call."""
        if not self._state.adding:
            raise TypeError(f"{type(self).__name__} is append-only: a row is saved once")
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> Never:
        """Refuse: there is no way to delete."""
        raise TypeError(f"{type(self).__name__} is append-only: rows are not deleted")
