"""Units, people and the roles that people hold."""

from __future__ import annotations

from typing import ClassVar, Final

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from liuhen.server.accounts.roles import Role
from liuhen.server.kernel.models import BaseModel

__all__ = ["Person", "RoleGrant", "Unit"]


class Unit(BaseModel):
    """An organisational unit; units form a tree (兵团, 师, 局, 科室)."""

    CODE_LIMIT: Final = 40
    NAME_LIMIT: Final = 120

    code = models.CharField(max_length=CODE_LIMIT, unique=True)
    name = models.CharField(max_length=NAME_LIMIT)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")


class _PersonManager(BaseUserManager["Person"]):
    def get_by_natural_key(self, username: str | None) -> Person:
        return self.get(username=username)


class Person(BaseModel, AbstractBaseUser):
    """A human being with one account. People are made by `accounts.services.create_person` only."""

    USERNAME_LIMIT: Final = 60
    NAME_LIMIT: Final = 60
    CERTIFICATE_LIMIT: Final = 40

    username = models.CharField(max_length=USERNAME_LIMIT, unique=True)
    name = models.CharField(max_length=NAME_LIMIT)
    certificate_number = models.CharField(max_length=CERTIFICATE_LIMIT, unique=True, null=True, blank=True)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="people")
    is_active = models.BooleanField(default=True)
    language = models.CharField(max_length=10, default="zh-hans")
    created_at = models.DateTimeField()

    objects = _PersonManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []


class RoleGrant(BaseModel):
    """A role held by a person from `granted_at` until `revoked_at`."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role])
    granted_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "role"], condition=models.Q(revoked_at__isnull=True), name="one_live_grant_per_role"
            ),
            models.CheckConstraint(condition=models.Q(role__in=[role.value for role in Role]), name="role_is_known"),
        ]
