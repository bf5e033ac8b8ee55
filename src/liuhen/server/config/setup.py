"""Making and opening an instance."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from liuhen.core.errors import LiuhenError, both
from liuhen.core.exits import ExitCode
from liuhen.core.reasons import reason_of
from liuhen.durable import make_folder, write_durably
from liuhen.server.kernel.sqlite.gate import WriteGate

if TYPE_CHECKING:
    from liuhen.server.config.instance import Instance

__all__ = ["InstanceFolderError", "InstanceMissingError", "initialise", "open_instance"]


class InstanceMissingError(LiuhenError):
    """The folder holds no instance."""

    code = "instance-missing"
    exit_code = ExitCode.CONFIGURATION
    zh = "{home} 中没有留痕实例。请先运行 liuhen init，或用 LIUHEN_HOME 指明实例所在目录。"
    en = "There is no instance in {home}. Run `liuhen init` first, or name the instance's folder with LIUHEN_HOME."


class InstanceFolderError(LiuhenError):
    """The instance's folder cannot be made or written to."""

    code = "instance-folder"
    exit_code = ExitCode.CONFIGURATION
    zh = "无法建立或写入实例目录 {home}：{reason}。请更正权限或清理磁盘，或用 LIUHEN_HOME 另指目录。"
    en = (
        "The instance's folder {home} cannot be made or written to: {reason}. Correct its permissions or free space, "
        "or name another folder with LIUHEN_HOME."
    )


def initialise(instance: Instance) -> bool:
    """Make what an instance needs: folders, tables, ledger key and first entry, and last the secret. Repeatable.

    Return whether anything was to be done. A run cut short is completed by the next one: the secret, whose presence
    means "initialised", is written last. Of two at once, the second waits and finds nothing left to do.

    Raises:
        InstanceFolderError: the folder cannot be made or written to.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "liuhen.server.config.settings")
    if instance.is_initialised:
        return False
    alone = WriteGate(instance.home / "init.gate")
    try:
        make_folder(instance.home)
        alone.acquire()
    except OSError as error:
        raise InstanceFolderError(home=instance.home, reason=reason_of(error)) from error
    try:
        if instance.is_initialised:
            return False
        _make(instance)
    except OSError as error:
        raise InstanceFolderError(home=instance.home, reason=reason_of(error)) from error
    else:
        return True
    finally:
        alone.close()


def _make(instance: Instance) -> None:
    secret = secrets.token_urlsafe(48)

    import django
    from django.conf import settings
    from django.core.management import call_command
    from django.db import OperationalError

    settings.SECRET_KEY = secret
    django.setup()
    from liuhen.server.kernel import clock
    from liuhen.server.ledger.services import init_ledger

    try:
        call_command("migrate", verbosity=0, interactive=False)
        init_ledger(domain=instance.settings.agency_domain, at=clock.now())
    except OperationalError as error:
        reason = both(f"数据库未能写入（{error}）", f"the database did not take the change ({error})")
        raise InstanceFolderError(home=instance.home, reason=reason) from error
    make_folder(instance.secret_key_file.parent)
    write_durably(instance.secret_key_file, secret.encode())


def open_instance(*, observe: bool = True) -> Instance:
    """Load Django on the instance that `LIUHEN_HOME` names.

    With `observe` the clock takes note of the newest ledger entry's time, so that nothing is written before it; leave
    it out where the database may be of another version.

    Raises:
        InstanceMissingError: `liuhen init` has not completed there.
        SettingsError: a setting is wrong.
    """
    from liuhen.server.config.instance import Instance

    instance = Instance.from_environment()
    if not instance.is_initialised:
        raise InstanceMissingError(home=instance.home)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "liuhen.server.config.settings")
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()
    if observe:
        from liuhen.server.kernel import clock
        from liuhen.server.ledger.selectors import newest_time

        newest = newest_time()
        if newest is not None:
            clock.observe(newest)
    return instance
