"""US states and zones by area code and by ZIP code (data in ``us_places.toml``)."""

import tomllib
from functools import lru_cache
from importlib import resources
from typing import Final

_SPLIT_ZIPS: Final[dict[str, str]] = {
    "324": "America/Chicago",  # Florida's panhandle
    "325": "America/Chicago",
    "373": "America/New_York",
    "374": "America/New_York",
    "798": "America/Denver",  # El Paso
    "799": "America/Denver",
    "885": "America/Denver",
}
_WHOLE_ZONE: Final[dict[str, str]] = {"FL": "America/New_York", "TX": "America/Chicago"}


def states_of_number(number: str) -> frozenset[str]:
    """Return the state that an E.164 number's area code presumes; empty for toll-free and unknown codes."""
    state = _tables()[0].get(number[2:5])
    return frozenset({state}) if state else frozenset()


def of_zip(code: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the state and zones of a ZIP code (``33101`` or ``33101-1234``); both empty when it is none."""
    prefix = code[:3]
    state = _tables()[1].get(prefix) if code[:5].isdecimal() and len(code) >= 5 else None
    if state is None:
        return frozenset(), ()
    single = _SPLIT_ZIPS.get(prefix) or _WHOLE_ZONE.get(state)
    return frozenset({state}), (single,) if single else _tables()[2][state]


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, str], dict[str, str], dict[str, tuple[str, ...]]]:
    data = tomllib.loads(resources.files("dialer.rules").joinpath("us_places.toml").read_text("utf-8"))
    area_codes: dict[str, str] = {}
    zips: dict[str, str] = {}
    zones: dict[str, tuple[str, ...]] = {}
    for state, row in data["state"].items():
        area_codes |= dict.fromkeys(row["area_codes"], state)
        zones[state] = tuple(row["zones"])
        for span in row["zips"]:
            first, _, last = span.partition("-")
            zips |= {f"{n:03}": state for n in range(int(first), int(last or first) + 1)}
    return area_codes, zips, zones
