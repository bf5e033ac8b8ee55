"""What can be wrong with a part of the log.

Where a template shows `{problem}` it is one of the short codes listed in docs/spec/ledger.md, section "Problems".
"""

from __future__ import annotations

from liuhen.core.errors import LiuhenError
from liuhen.core.exits import ExitCode

__all__ = [
    "BundleError",
    "CheckpointError",
    "CheckpointFormatError",
    "ConsistencyError",
    "InclusionError",
    "KeyFormatError",
    "NoteFormatError",
    "NoteSignatureError",
    "NoteUnsignedError",
    "OriginError",
    "ProofFormatError",
    "TileError",
    "TilePathError",
    "TlogError",
    "TreeRootError",
]


class TlogError(LiuhenError):
    """Base of all that can be wrong with a part of the log."""

    exit_code = ExitCode.NOT_VERIFIED


class InclusionError(TlogError):
    """An inclusion proof does not lead from the leaf to the root."""

    code = "tlog-not-included"
    zh = (
        "包含证明不成立：第 {index} 号条目不在大小为 {size} 的账本树中。"
        "请重新取得证明；仍不成立即为篡改迹象，请报告监督部门。"
    )
    en = (
        "The inclusion proof fails: entry {index} is not in the tree of size {size}. Obtain the proof again; "
        "if it still fails this is a sign of tampering, report it."
    )


class ConsistencyError(TlogError):
    """The later tree does not continue the earlier one."""

    code = "tlog-not-consistent"
    zh = (
        "一致性证明不成立：大小为 {size2} 的账本树不是大小为 {size1} 的账本树的延续。"
        "这是历史被改写的迹象，请保留两个检查点并报告监督部门。"
    )
    en = (
        "The consistency proof fails: the tree of size {size2} does not continue the tree of size {size1}. "
        "This is a sign of rewritten history; keep both checkpoints and report it."
    )


class TreeRootError(TlogError):
    """The stored hashes do not make the root that was signed."""

    code = "tlog-root-differs"
    zh = "大小为 {size} 的账本树：由存储的哈希算得根 {found}，应为 {expected}。请停止写入，用备份核对账本文件。"
    en = (
        "Tree of size {size}: the stored hashes make root {found}, not {expected}. "
        "Stop writing and compare the ledger's files with a backup."
    )


class TilePathError(TlogError):
    """A path names no tile or entry bundle."""

    code = "tlog-tile-path"
    zh = "路径“{path}”不是账本的哈希块或条目包路径（c2sp.org/tlog-tiles）。请检查账本文件夹。"
    en = "The path “{path}” names no tile or entry bundle (c2sp.org/tlog-tiles). Check the ledger's folder."


class TileError(TlogError):
    """A tile has another length than its path says."""

    code = "tlog-tile-size"
    zh = "哈希块 {path} 有 {found} 字节，应为 {expected} 字节。请用备份核对该文件。"
    en = "Tile {path} has {found} bytes, not {expected}. Compare the file with a backup."


class BundleError(TlogError):
    """An entry bundle does not hold exactly the entries that its path says."""

    code = "tlog-bundle"
    zh = "条目包不完整或有多余内容：应恰有 {width} 条，读到第 {position} 条为止。请用备份核对该文件。"
    en = (
        "An entry bundle is cut short or holds too much: it should hold exactly {width} entries, {position} were read. "
        "Compare the file with a backup."
    )


class KeyFormatError(TlogError):
    """A text is no note key."""

    code = "tlog-key-format"
    zh = "账本密钥无效（问题代码 {problem}）。请重新取得完整的密钥文本（一行，不含空格）。"
    en = "The ledger key is invalid (problem {problem}). Obtain the whole key text again (one line, no spaces)."


class NoteFormatError(TlogError):
    """The bytes are no signed note."""

    code = "tlog-note-format"
    zh = "检查点不是有效的签名文本（c2sp.org/signed-note，问题代码 {problem}）。请重新取得检查点。"
    en = "The checkpoint is not a signed note (c2sp.org/signed-note, problem {problem}). Obtain it again."


class NoteSignatureError(TlogError):
    """A signature by a known key is false."""

    code = "tlog-note-signature"
    zh = "密钥“{name}”的签名不成立：内容或签名被改动过。请重新取得；仍不成立即为篡改迹象，请报告监督部门。"
    en = (
        "The signature by key “{name}” is false: text or signature was altered. "
        "Obtain it again; if it is still false this is a sign of tampering, report it."
    )


class NoteUnsignedError(TlogError):
    """No known key signed the note."""

    code = "tlog-note-unsigned"
    zh = "检查点没有已知密钥的签名。请核对所固定的账本公钥是否属于这个账本。"
    en = "No known key has signed the checkpoint. Check that the pinned key belongs to this ledger."


class CheckpointError(TlogError):
    """Base: a signed note that is no checkpoint of the expected ledger."""


class CheckpointFormatError(CheckpointError):
    """The text is no checkpoint of three lines."""

    code = "tlog-checkpoint-format"
    zh = "检查点格式不符（c2sp.org/tlog-checkpoint，问题代码 {problem}）。请重新取得检查点。"
    en = "The checkpoint is malformed (c2sp.org/tlog-checkpoint, problem {problem}). Obtain it again."


class OriginError(CheckpointError):
    """The checkpoint is of another ledger."""

    code = "tlog-origin"
    zh = "检查点属于账本“{found}”，应为“{expected}”。请核对检查点的来源。"
    en = "The checkpoint is of ledger “{found}”, not “{expected}”. Check where it came from."


class ProofFormatError(TlogError):
    """The text is no tlog-proof."""

    code = "tlog-proof-format"
    zh = "账本证明格式不符（c2sp.org/tlog-proof，问题代码 {problem}）。请重新取得证明。"
    en = "The ledger proof is malformed (c2sp.org/tlog-proof, problem {problem}). Obtain it again."
