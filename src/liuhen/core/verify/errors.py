"""Every doubt that verification can end with; each is its own type and code."""

from __future__ import annotations

from liuhen.core.errors import LiuhenError
from liuhen.core.exits import ExitCode

__all__ = [
    "BundleRefusedError",
    "ChainError",
    "CheckpointRefusedError",
    "CommitmentError",
    "DuplicateEntryError",
    "EmptyPolicyError",
    "EntryRefusedError",
    "EventTypeError",
    "ExportError",
    "ExportFileError",
    "FileMissingError",
    "HistoryRewrittenError",
    "InclusionRefusedError",
    "NameDiffersError",
    "ObjectCountError",
    "ObjectDiffersError",
    "OtherOriginalError",
    "OtherRecordingError",
    "OtherRoleError",
    "OtherStationError",
    "PolicyError",
    "ProofRefusedError",
    "ReceiptMalformedError",
    "RootDiffersError",
    "StrayFileError",
    "SubjectDiffersError",
    "TileDiffersError",
    "VerificationError",
]


class VerificationError(LiuhenError):
    """Base: what was shown is not proven."""

    exit_code = ExitCode.NOT_VERIFIED


class ReceiptMalformedError(VerificationError):
    """The bytes are no receipt."""

    code = "verify-receipt-malformed"
    zh = "入库回执无法读取：{cause}"
    en = "The receipt cannot be read: {cause}"


class EntryRefusedError(VerificationError):
    """What stands in place of a ledger entry is none; `place` says where it stands."""

    code = "verify-entry-malformed"
    zh = "账本条目（{place}）无法读取：{cause}"
    en = "The ledger entry ({place}) cannot be read: {cause}"


class EventTypeError(VerificationError):
    """The receipt's entry tells of an event for which no receipt is given."""

    code = "verify-event-type"
    zh = "回执所附的账本条目是“{type}”，不是入库事件，不能作为入库凭证。请向服务器重新取得回执。"
    en = (
        "The receipt's ledger entry is “{type}”, which seals nothing, so it proves no intake. Obtain the receipt again."
    )


class SubjectDiffersError(VerificationError):
    """The receipt's entry is about another recording."""

    code = "verify-subject-differs"
    zh = "回执写的音像记录是 {recording}，所附账本条目说的却是 {subject}。回执被改动过，请重新取得，并报告监督部门。"
    en = (
        "The receipt names recording {recording}, its ledger entry {subject}. The receipt was altered; obtain it again "
        "and report it."
    )


class ObjectCountError(VerificationError):
    """The receipt's entry does not name exactly one object in the role expected."""

    code = "verify-object-count"
    zh = "回执所附账本条目应恰有一个“{role}”对象，实有 {count} 个。请向服务器重新取得回执。"
    en = (
        "The receipt's ledger entry should name exactly one object of role “{role}”, it names {count}. Obtain it again."
    )


class ObjectDiffersError(VerificationError):
    """The receipt states a size or digest that the entry does not."""

    code = "verify-object-differs"
    zh = "回执的 {field} 为 {stated}，账本条目为 {sealed}。回执被改动过，请重新取得，并报告监督部门。"
    en = (
        "The receipt states {field} {stated}, the ledger entry {sealed}. The receipt was altered; obtain it again and "
        "report it."
    )


class CommitmentError(VerificationError):
    """Salt and details do not open the entry's private commitment."""

    code = "verify-commitment"
    zh = "回执附带的明细与账本条目中的加盐承诺不符。明细被改动过，请重新取得回执，并报告监督部门。"
    en = (
        "The details in the receipt do not open the commitment in the ledger entry. They were altered; obtain the "
        "receipt again and report it."
    )


class NameDiffersError(VerificationError):
    """The receipt's file name is not the one committed to."""

    code = "verify-name-differs"
    zh = "回执的文件名与其明细中的文件名不一致。回执被改动过，请重新取得，并报告监督部门。"
    en = (
        "The receipt's file name is not the one in its details. The receipt was altered; obtain it again and report it."
    )


class ProofRefusedError(VerificationError):
    """The receipt's proof is malformed."""

    code = "verify-proof-malformed"
    zh = "回执中的账本证明无法读取：{cause}"
    en = "The ledger proof in the receipt cannot be read: {cause}"


class CheckpointRefusedError(VerificationError):
    """The checkpoint is not a checkpoint of the pinned ledger, signed by the pinned key."""

    code = "verify-checkpoint"
    zh = "检查点未通过检查：{cause}"
    en = "The checkpoint was refused: {cause}"


class InclusionRefusedError(VerificationError):
    """The entry is not shown to be in the ledger."""

    code = "verify-not-included"
    zh = "不能证明条目在账本中：{cause}"
    en = "The entry is not shown to be in the ledger: {cause}"


class PolicyError(VerificationError):
    """Base: the receipt is genuine, but not the one that is asked for."""


class EmptyPolicyError(PolicyError):
    """A policy without demands was given; that is a mistake, never a consent."""

    code = "verify-policy-empty"
    zh = "验证策略为空，没有说明要核对什么。请给出至少一项要求。"
    en = "The policy is empty: it does not say what to check. Give at least one demand."


class OtherOriginalError(PolicyError):
    """The receipt is for other bytes."""

    code = "verify-other-original"
    zh = (
        "手中的文件为 {size} 字节、SHA-256 {sha256}；回执所记为 {sealed_size} 字节、{sealed_sha256}。"
        "文件与回执不相符，请勿清除设备，并查找对应的回执。"
    )
    en = (
        "The file at hand has {size} bytes and SHA-256 {sha256}; the receipt is for {sealed_size} bytes, "
        "{sealed_sha256}. They do not belong together; do not clear the device, and look for the right receipt."
    )


class OtherRecordingError(PolicyError):
    """The receipt is for another recording."""

    code = "verify-other-recording"
    zh = "回执属于音像记录 {found}，要核对的是 {expected}。请选用对应的回执。"
    en = "The receipt is for recording {found}, not {expected}. Use the receipt that belongs to it."


class OtherStationError(PolicyError):
    """Another actor handed the recording in."""

    code = "verify-other-station"
    zh = "回执记载由 {found} 采集入库，要核对的是 {expected}。请选用对应的回执。"
    en = "The receipt says {found} handed the recording in, not {expected}. Use the receipt that belongs to it."


class OtherRoleError(PolicyError):
    """The receipt is for an attachment where an original is asked for, or the other way round."""

    code = "verify-other-role"
    zh = "回执所记的是“{found}”，要核对的是“{expected}”。请选用对应的回执。"
    en = "The receipt is for an object of role “{found}”, not “{expected}”. Use the receipt that belongs to it."


class ExportError(VerificationError):
    """Base: an exported ledger is not whole and true."""


class FileMissingError(ExportError):
    """A file that the checkpoint requires is not there."""

    code = "verify-file-missing"
    zh = "导出的账本缺少文件 {path}。请重新导出。"
    en = "The exported ledger lacks the file {path}. Export it again."


class StrayFileError(ExportError):
    """A file below `tile/` does not belong to the tree of the checkpoint."""

    code = "verify-stray-file"
    zh = "导出的账本中有不属于检查点（{size} 条）的文件 {path}。请重新导出到新的目录。"
    en = (
        "The exported ledger holds {path}, which is not part of the checkpoint's tree of {size} entries. Export "
        "it again, to a new folder."
    )


class ExportFileError(ExportError):
    """A file below `tile/` has a name that no part of a ledger has."""

    code = "verify-file-name"
    zh = "导出的账本中有无法识别的文件：{cause}"
    en = "The exported ledger holds a file of unknown kind: {cause}"


class BundleRefusedError(ExportError):
    """An entry bundle does not hold its entries."""

    code = "verify-bundle"
    zh = "条目包 {path} 有误：{cause}"
    en = "Entry bundle {path} is wrong: {cause}"


class TileDiffersError(ExportError):
    """A tile is not made of the entries beneath it."""

    code = "verify-tile-differs"
    zh = "哈希块 {path} 与其下的条目不符。条目或哈希块被改动过，请用其他导出件或备份核对，并报告监督部门。"
    en = (
        "Tile {path} is not made of the entries beneath it. One of them was altered; compare with another export "
        "and report it."
    )


class RootDiffersError(ExportError):
    """The entries do not make the root that was signed."""

    code = "verify-root-differs"
    zh = (
        "由 {size} 条条目算得的根为 {found}，检查点签名的根为 {expected}。条目被改动、删除或添加过，"
        "请保留导出件并报告监督部门。"
    )
    en = (
        "The {size} entries make root {found}; the checkpoint signs {expected}. Entries were altered; keep the "
        "export and report it."
    )


class HistoryRewrittenError(ExportError):
    """The ledger does not continue an older checkpoint of its own."""

    code = "verify-history-rewritten"
    zh = (
        "账本（{size} 条）不是先前检查点（{old_size} 条）的延续：历史被改写过。请保留两个检查点和导出件并报告监督部门。"
    )
    en = (
        "The ledger ({size} entries) does not continue the older checkpoint ({old_size} entries): its history "
        "was rewritten. Keep both checkpoints and the export, and report it."
    )


class ChainError(ExportError):
    """A subject's events are not numbered and chained without a gap."""

    code = "verify-chain"
    zh = (
        "第 {index} 号条目：{subject} 的事件链断裂，应为第 {expected_n} 个事件且指向前一事件，实为第 {n} 个。"
        "有事件被漏记或改动，请保留导出件并报告监督部门。"
    )
    en = (
        "Entry {index}: the event chain of {subject} is broken; event {expected_n} linked to the one before was "
        "due, this is event {n}. Events were left out or altered; keep the export and report it."
    )


class DuplicateEntryError(ExportError):
    """Two entries have one id."""

    code = "verify-duplicate-entry"
    zh = "第 {index} 号条目的标识 {id} 与前面的条目重复。请保留导出件并报告监督部门。"
    en = "Entry {index} has the id {id} of an earlier one. Keep the export and report it."
