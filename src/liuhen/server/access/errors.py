"""What can be wrong with a ticket, or with a request made under one."""

from __future__ import annotations

from liuhen.server.kernel.errors import ServerError

__all__ = [
    "AccessError",
    "ContentMissingError",
    "HolderRefusedError",
    "NotOpenedError",
    "RangeNotRecordedError",
    "RangeRefusedError",
    "SessionMissingError",
    "TicketEndedError",
    "TicketMissingError",
    "TicketReasonError",
    "TicketTermError",
]


class AccessError(ServerError):
    """Base of the errors of tickets and playback."""

    status = 403


class TicketReasonError(AccessError):
    """No purpose was given, or one that is too long."""

    code = "ticket-reason"
    status = 400
    zh = "查阅事由须为 1 至 {limit} 个字，现为 {length} 个字。请写明查阅事由后再登记（第十六条）。"
    en = "The reason for viewing must have 1 to {limit} characters, not {length}. State it, then enter it (article 16)."


class TicketTermError(AccessError):
    """A ticket was asked for longer than the settings allow."""

    code = "ticket-term"
    status = 400
    zh = "查阅凭单有效时间须为 1 至 {limit} 分钟，不能为 {minutes} 分钟。请缩短后重试。"
    en = "A view ticket lasts 1 to {limit} minutes, not {minutes}. Choose a shorter time."


class HolderRefusedError(AccessError):
    """The person may not see content at all, or not of this recording."""

    code = "ticket-holder"
    status = 400
    zh = "{name} 的角色或单位不能查阅该音像记录的画面与声音。请另选查阅人（第十六条）。"
    en = "The role or unit of {name} does not allow viewing this recording. Choose another viewer (article 16)."


class TicketMissingError(AccessError):
    """There is no such ticket, or it is somebody else's; the two look alike on purpose."""

    code = "ticket-missing"
    status = 404
    zh = "没有编号为 {ticket} 的查阅凭单，或凭单不属于您。请在音像记录页面重新进入，或向保管人申请。"
    en = "There is no view ticket {ticket}, or it is not yours. Start from the recording's page, or ask the custodian."


class TicketEndedError(AccessError):
    """The ticket has run out or was ended."""

    code = "ticket-ended"
    zh = "查阅凭单 {ticket} 已于 {when} 失效。如需继续查阅，请重新申请（第十六条）。"
    en = "View ticket {ticket} ended at {when}. To go on viewing, ask for another (article 16)."


class NotOpenedError(AccessError):
    """Playback was not begun in this session."""

    code = "playback-not-opened"
    zh = "查阅凭单 {ticket} 尚未在本次登录中开启。请在音像记录页面点“开启查阅”。"
    en = "View ticket {ticket} was not opened in this session. Press “Open” on the recording's page."


class SessionMissingError(AccessError):
    """Nobody is logged in."""

    code = "session-missing"
    status = 401
    zh = "您尚未登录或登录已过期。请重新登录后再查阅。"
    en = "You are not logged in, or your session has ended. Log in again, then view."


class ContentMissingError(AccessError):
    """The recording has no content of this kind."""

    code = "content-missing"
    status = 404
    zh = "该音像记录没有“{part}”，可能尚在生成或原件无法解析。请稍后刷新页面。"
    en = "The recording has no {part}: it is still being made, or the original cannot be read. Reload the page later."


class RangeRefusedError(AccessError):
    """The range asked for is malformed, lies outside, or is one of several."""

    code = "range-refused"
    status = 416
    zh = "请求的字节范围“{range}”无效：全长 {size} 字节，每次只能请求一段。请重新加载页面。"
    en = "The byte range “{range}” is not valid: there are {size} bytes, one range a request. Reload the page."


class RangeNotRecordedError(AccessError):
    """What would be sent could not be written down, so nothing is sent."""

    code = "range-not-recorded"
    status = 503
    zh = "查阅过程无法登记，因此未提供内容。请系统管理员检查服务器磁盘与日志，然后重试。"
    en = (
        "The viewing could not be written down, so nothing was sent. Have the system administrator check the server's "
        "disk and log, then try again."
    )
