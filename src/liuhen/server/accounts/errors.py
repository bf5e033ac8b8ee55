"""What can be wrong with an act on people and roles."""

from __future__ import annotations

from liuhen.server.kernel.errors import ServerError

__all__ = [
    "CertificateTakenError",
    "NotAllowedError",
    "PersonMissingError",
    "RoleConflictError",
    "UnitCodeTakenError",
    "UnitMissingError",
    "UsernameInvalidError",
    "UsernameTakenError",
]


class RoleConflictError(ServerError):
    """One person would hold two roles that must be apart."""

    code = "role-conflict"
    zh = "不能授予 {person} 角色“{role}”：其已任“{held}”，两者不得由一人兼任。请先撤销原角色，或另选人员。"
    en = (
        "{person} cannot be given the role {role}: they hold {held}, and the two must be apart. "
        "Revoke that role first or choose somebody else."
    )


class UsernameTakenError(ServerError):
    """The log-in name is another person's."""

    code = "username-taken"
    zh = "登录名“{username}”已被使用。请换一个登录名。"
    en = "The log-in name {username} is taken. Choose another."


class UsernameInvalidError(ServerError):
    """The log-in name is empty, too long, or holds something that nobody can see or type."""

    code = "username-invalid"
    zh = "登录名“{username}”不可用：应为 1 至 {limit} 个字符，不含空格和不可见字符。请另取一个。"
    en = "The log-in name {username} cannot be used: 1 to {limit} visible characters without blanks. Choose another."


class CertificateTakenError(ServerError):
    """The certificate number is another person's."""

    code = "certificate-taken"
    zh = "执法证件号 {number} 已登记在登录名“{username}”名下。请核对证件号。"
    en = "The certificate number {number} is already that of the person {username}. Check the number."


class UnitCodeTakenError(ServerError):
    """Another unit has the code."""

    code = "unit-code-taken"
    zh = "单位代码“{unit}”已属于“{name}”。请换一个代码，或使用原有单位。"
    en = "The unit code {unit} is already that of {name}. Choose another code, or use that unit."


class UnitMissingError(ServerError):
    """No unit has this code."""

    code = "unit-missing"
    zh = "没有代码为“{unit}”的单位。请核对，或用 liuhen person unit 新建。"
    en = "No unit has the code {unit}. Check it, or make it with `liuhen person unit`."


class PersonMissingError(ServerError):
    """No person has this log-in name."""

    code = "person-missing"
    zh = "没有登录名为“{username}”的人员。请用 liuhen person list 核对。"
    en = "No person has the log-in name {username}. Check with `liuhen person list`."


class NotAllowedError(ServerError):
    """The actor's roles do not allow the act."""

    code = "not-allowed"
    status = 403
    zh = "您的角色无权{deed}。可由以下角色办理：{roles}。"
    en = "Your roles do not allow you to {deed}. It can be done by: {roles}."
