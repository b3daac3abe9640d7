"""Every parameter that a rule may have: how it is read and which of two values is the stricter.

One table, so that a preset cannot carry a parameter that tightening does not understand.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from dialer.rules import calendars
from dialer.rules.errors import PresetError
from dialer.rules.windows import Week, parse_week, parse_weekdays, within

Value = Any  # each parameter's own type, made and checked by its `read`


@dataclass(frozen=True, slots=True)
class Parameter:
    """How to read a value and whether ``new`` is at least as strict as ``old``."""

    read: Callable[[object], Value]
    as_strict: Callable[[Value, Value], bool]


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise PresetError(f"A number of zero or more is needed, not {value!r}.")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise PresetError(f"True or false is needed, not {value!r}.")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise PresetError(f"A text is needed, not {value!r}.")
    return value


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(v, str) and v for v in value):
        raise PresetError(f"A list of texts is needed, not {value!r}.")
    return tuple(value)


def _states(value: object) -> dict[str, Week]:
    if not isinstance(value, Mapping):
        raise PresetError(f"A table of windows by state is needed, not {value!r}.")
    return {state: parse_week(week) for state, week in value.items()}


def _ages(value: object) -> dict[str, int]:
    if not isinstance(value, Mapping):
        raise PresetError(f"A table of days by list is needed, not {value!r}.")
    return {name: int(_number(days)) for name, days in value.items()}


def _lower(new: float, old: float) -> bool:
    return new <= old


def _higher(new: float, old: float) -> bool:
    return new >= old


def _fewer(new: tuple[str, ...], old: tuple[str, ...]) -> bool:
    return set(new) <= set(old)


def _more(new: tuple[str, ...], old: tuple[str, ...]) -> bool:
    return set(new) >= set(old)


def _narrower_prefixes(new: tuple[str, ...], old: tuple[str, ...]) -> bool:
    return bool(new) and all(n.startswith(tuple(old)) for n in new)


def _same(new: Value, old: Value) -> bool:
    return bool(new == old)


def _states_within(new: dict[str, Week], old: dict[str, Week]) -> bool:
    return all(state in new and within(new[state], week) for state, week in old.items())


def _younger(new: dict[str, int], old: dict[str, int]) -> bool:
    return all(name in new and new[name] <= days for name, days in old.items())


_LOWER = Parameter(_number, _lower)
_HIGHER = Parameter(_number, _higher)
_FEWER = Parameter(_names, _fewer)
_MORE = Parameter(_names, _more)
_TEXT = Parameter(_text, _same)
_REQUIRE = Parameter(_flag, _higher)
_PERMIT = Parameter(_flag, _lower)

PARAMETERS: Final[dict[str, Parameter]] = {
    "windows": Parameter(parse_week, within),
    "weekdays": Parameter(parse_weekdays, lambda new, old: new <= old),
    "states": Parameter(_states, _states_within),
    "calendar": Parameter(lambda v: calendars.check(_text(v)), _same),
    "extras": _MORE,
    "count": _LOWER,
    "window_days": _HIGHER,
    "window_h": _HIGHER,
    "in_states": _MORE,
    "max_age_days": _LOWER,
    "lists": Parameter(_ages, _younger),
    "allow_consent": _PERMIT,
    "tolerance_min": _LOWER,
    "working_days": _LOWER,
    "sectors": _MORE,
    "unless_basis": _FEWER,
    "bases": _FEWER,
    "modes": _MORE,
    "prefixes": Parameter(_names, _narrower_prefixes),
    "forbidden_prefixes": _MORE,
    "min_s": _HIGHER,
    "guard_s": _HIGHER,
    "wait_h": _HIGHER,
    "max_offset_s": _LOWER,
    "minimum_version": Parameter(_text, _higher),
    "automated_dialing": _REQUIRE,
    "written": _REQUIRE,
    "mobile_prefixes": _MORE,
    "retention_days": _HIGHER,
    "limit": _LOWER,
    "target": _LOWER,
    "throttle": _LOWER,
    "hard": _LOWER,
    "min_live_answers": _HIGHER,
    "count_fp": _REQUIRE,
    "stop_at_limit": _REQUIRE,
    "formula": _TEXT,
    "abandon_windows": _MORE,
    "connect_deadline_ms": _LOWER,
    "deadline_from": _TEXT,
    "daily": _LOWER,
}
