"""What time it is for whoever types a command: days and times without an offset are of this machine's time zone."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from submeter import settings
from submeter.server.period import PeriodError, zone_named


def local_zone() -> str:
    """The IANA name of this machine's time zone, UTC if it has none."""
    return _zone() or "UTC"


def now(zone: str = "") -> datetime:
    """Now in the time zone `zone`, else in this machine's.

    A zone knows the offset of every day, where the offset of now would put the days of the other half of the year an
    hour off.
    """
    if zone:
        with suppress(PeriodError):  # whoever is asked refuses it
            return datetime.now(zone_named(zone))
    here = _zone()
    return datetime.now(ZoneInfo(here)) if here else datetime.now().astimezone()


def _zone() -> str:
    link = str(Path("/etc/localtime").resolve())
    for name in (settings.variable("TZ").removeprefix(":"), link.rpartition("zoneinfo/")[2]):
        if name in available_timezones():
            return name
    return ""
