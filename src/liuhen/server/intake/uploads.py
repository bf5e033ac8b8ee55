"""What requests do to an upload's row and its staging area together, apart from taking in bytes and sealing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liuhen.server.intake import services
from liuhen.server.intake.errors import UploadLockedError, UploadSealedError
from liuhen.server.intake.models import ENDED, KEPT, Upload
from liuhen.server.vault.errors import StageLockedError

if TYPE_CHECKING:
    import uuid
    from datetime import datetime

    from liuhen.server.intake.interfaces import Caller, Created, Declaration
    from liuhen.server.vault.interfaces import Staged, Store

__all__ = ["declare", "give_up", "is_anothers", "open_stage", "present_offset"]


def is_anothers(upload: uuid.UUID, caller: Caller) -> bool:
    """Tell whether an upload is another station's."""
    return Upload.objects.filter(id=upload).exclude(collection__station=caller.station).exists()


def open_stage(upload: uuid.UUID, store: Store) -> Staged:
    """Open an upload's staging area.

    Raises:
        UploadLockedError: another process has it open.
        VaultError: the vault could not open it.
    """
    try:
        return store.stage(str(upload))
    except StageLockedError as error:
        raise UploadLockedError(upload=upload) from error


def declare(
    declaration: Declaration, *, length: int, metadata: str, caller: Caller, store: Store, at: datetime
) -> Created:
    """Make an upload, or return it as it is; see `services.create_upload`.

    What an ended upload of the same uuid left staged is removed first: it begins at 0 again.
    """
    ended = Upload.objects.filter(id=declaration.upload, collection__station=caller.station, state__in=ENDED)
    if ended.exists():
        with open_stage(declaration.upload, store) as staged:
            staged.discard()
    return services.create_upload(
        declaration=declaration,
        length=length,
        metadata=metadata,
        free_bytes=store.free_bytes(),
        caller=caller,
        at=at,
    )


def present_offset(upload: Upload, store: Store) -> int:
    """Return how many bytes of an upload are durable."""
    if upload.state in KEPT:
        return upload.length
    with open_stage(upload.id, store) as staged:
        return staged.size


def give_up(upload: uuid.UUID, *, caller: Caller, store: Store, at: datetime) -> None:
    """End an upload as its station asks and remove what was staged; see `services.discard_upload`.

    Bytes that the vault has sealed already wait for their row: the seal is to be asked for again, not given up.
    """
    services.find_upload(upload=upload, caller=caller, at=at)
    with open_stage(upload, store) as staged:
        if staged.is_sealed:
            raise UploadSealedError(upload=upload)
        services.discard_upload(upload=upload, caller=caller, at=at)
        staged.discard()
