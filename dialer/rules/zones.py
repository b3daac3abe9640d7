"""Time zones from the pinned tzdata package, never from the machine.

Python's ``ZoneInfo("Africa/Casablanca")`` reads the system's files first, and Debian 12 ships 2025b, in which Morocco
still changes its clocks: one hour off since 20 September 2026. Calling hours must not depend on an apt upgrade.
"""

from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

import tzdata  # type: ignore[import-untyped]

from dialer.rules.errors import UnknownNameError

TZDATA_VERSION: str = tzdata.IANA_VERSION


@lru_cache(maxsize=1024)
def zone(key: str) -> ZoneInfo:
    """Return the zone called ``key`` (``Europe/Paris``); raises :class:`UnknownNameError`."""
    path = resources.files("tzdata").joinpath("zoneinfo", *key.split("/"))
    if not path.is_file():
        raise UnknownNameError("time zone", key, sorted(k for ks in country_zones().values() for k in ks))
    with path.open("rb") as file:
        return ZoneInfo.from_file(file, key=key)


@lru_cache(maxsize=1)
def country_zones() -> dict[str, tuple[str, ...]]:
    """Return the zones of each country (ISO 3166 code), most populous first, from tzdata's ``zone.tab``."""
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    found: dict[str, list[str]] = {}
    for line in table.splitlines():
        if line and not line.startswith("#"):
            country, _, key, *_ = line.split("\t")
            found.setdefault(country, []).append(key)
    return {country: tuple(keys) for country, keys in found.items()}
