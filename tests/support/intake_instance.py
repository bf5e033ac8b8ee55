"""Make an instance for the intake tests: `python -m tests.support.intake_instance`, with `LIUHEN_HOME` set.

One unit `u` with two stations (key files `secrets/first.json`, `secrets/second.json`), and an officer of the unit `v`.
"""

from __future__ import annotations

from liuhen.durable import write_durably
from liuhen.server.config.instance import Instance
from liuhen.server.config.setup import initialise


def main() -> None:
    """Make it, in one process: four commands would take four times as long."""
    instance = Instance.from_environment()
    initialise(instance)
    from liuhen.server.accounts import services as accounts
    from liuhen.server.intake import stations as intake
    from liuhen.server.kernel import clock
    from liuhen.server.kernel.actor import SYSTEM

    at = clock.now()
    unit = accounts.create_unit(code="u", name="执法大队", parent=None, actor=SYSTEM, at=at)
    other = accounts.create_unit(code="v", name="法制科", parent=None, actor=SYSTEM, at=at)
    accounts.create_person(
        username="li",
        name="李建国",
        certificate_number="650012",
        unit=other,
        password="correct horse 电池",
        actor=SYSTEM,
        at=at,
    )
    for name, file in (("一号采集站", "first"), ("二号采集站", "second")):
        station = intake.register_station(name=name, unit=unit, actor=SYSTEM, at=at)
        key = intake.issue_key(station=station, actor=SYSTEM, at=at)
        write_durably(instance.home / "secrets" / f"{file}.json", key.file_text.encode())


if __name__ == "__main__":
    main()
