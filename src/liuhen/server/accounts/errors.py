"""What can be wrong with an act on people and roles."""

from __future__ import annotations

from liuhen.core.errors import LiuhenError

__all__ = ["RoleConflictError", "UsernameTakenError"]


class RoleConflictError(LiuhenError):
    """One person would hold two roles that must be apart."""

    code = "role-conflict"
    zh = "不能授予 {person} 角色“{role}”：其已任“{held}”，两者依分权要求不得由一人兼任。请先撤销原角色，或另选人员。"
    en = (
        "{person} cannot be given the role {role}: they hold {held}, and the two must be apart. "
        "Revoke that role first or choose somebody else."
    )


class UsernameTakenError(LiuhenError):
    """The log-in name is another person's."""

    code = "username-taken"
    zh = "登录名“{username}”已被使用。请换一个登录名。"
    en = "The log-in name {username} is taken. Choose another."
