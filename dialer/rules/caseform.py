"""Reads a case from JSON, strictly: an unknown key or a malformed value is an error, an absent key unknown."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from dialer.rules.errors import CaseError, UnknownNameError
from dialer.rules.model import UNKNOWN, Case, Consent, Slot

MODES: Final = ("predictive", "progressive", "power", "preview", "manual")
BASES: Final = ("consent", "contract_in_progress", "request_callback", "press")
AUDIENCES: Final = ("b2c", "b2b")
_HOW: Final = "Write it like 2026-11-23T13:30:00+01:00."

Read = Callable[[str, Any], Any]
Shape = Mapping[str, tuple[str, Read, type | None]]
"""By key: its path, its reader, and the type of which every value is right as it stands."""


def read_case(data: object) -> Case:
    """Return the case that a JSON object states; ``preset`` is not part of it and must be taken out before.

    Raises :class:`CaseError`, which names the key, and :class:`UnknownNameError` for a key that is none.
    """
    if not isinstance(data, Mapping):
        raise CaseError("case", f"a JSON object is needed, not {_kind(data)}.")
    if "at" not in data:
        raise CaseError("at", "is missing.", hint="Give the instant of the call with its offset.")
    if data["at"] is None:
        raise CaseError("at", "is null.", hint="Give the instant of the call with its offset.")
    return Case(**_read(data, _CASE))


def _read(data: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    values = {}
    for key, value in data.items():
        if key not in shape:
            raise _no_such_key(key, shape)
        path, reader, as_it_is = shape[key]
        values[key] = value if value is None or type(value) is as_it_is else reader(path, value)
    return values


def _no_such_key(key: str, shape: Shape) -> UnknownNameError:
    known = [path for path, _, _ in shape.values()]
    parent = known[0].rpartition(".")[0]
    return UnknownNameError("key", f"{parent}.{key}" if parent else key, known)


def instant(key: str, value: object) -> datetime:
    """Read an ISO 8601 time with its offset; a time without one is a different instant in every zone, so an error."""
    try:
        moment = datetime.fromisoformat(value)  # type: ignore[arg-type]  # a TypeError says the rest
    except (ValueError, TypeError) as error:
        raise CaseError(key, f"{value!r} is no time: {error}.", hint=_HOW) from error
    if moment.tzinfo is None:
        raise CaseError(key, f"{value!r} has no offset from UTC.", hint=_HOW)
    return moment


def _day(key: str, value: object) -> date:
    if isinstance(value, str) and len(value) > 10:
        return instant(key, value).date()
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise CaseError(key, f"{value!r} is no date.", hint="Write it like 2026-11-10.")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise CaseError(key, f"{value!r} is no date: {error}.") from error


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise CaseError(key, f"a text is needed, not {_kind(value)}.")
    return value


def _flag(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise CaseError(key, f"true or false is needed, not {_kind(value)}.")
    return value


def _seconds(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 3600:
        raise CaseError(key, f"seconds from 0 to 3600 are needed, not {value!r}.")
    return value


def _offset(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e9:
        raise CaseError(key, f"seconds are needed, not {value!r}.")
    return value


def _one_of(known: tuple[str, ...]) -> Read:
    def read(key: str, value: object) -> str:
        if value not in known:
            raise CaseError(key, f"{value!r} is none of {', '.join(known)}.")
        return _text(key, value)

    return read


def _instants(key: str, value: object) -> tuple[datetime, ...]:
    return tuple([instant(key, item) for item in _list(key, value)])


def _names(key: str, value: object) -> frozenset[str]:
    return frozenset([_text(key, item) for item in _list(key, value)])


def _lower_names(key: str, value: object) -> frozenset[str]:
    return frozenset(name.lower() for name in _names(key, value))


def _list(key: str, value: object) -> list[Any]:
    if not isinstance(value, list):
        raise CaseError(key, f"a list is needed, not {_kind(value)}.")
    return value


def _table(key: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise CaseError(key, f"an object is needed, not {_kind(value)}.")
    return value


def _screened(key: str, value: object) -> dict[str, date]:
    table = _table(key, value)
    return {n.lower(): _day(f"{key}.{n}", d) for n, d in table.items() if d is not None}


def _consent(key: str, value: object) -> Consent:
    fields = _read(_table(key, value), _CONSENT)
    fields["slots"] = fields.get("slots") or ()
    return Consent(**fields)


def _slots(key: str, value: object) -> tuple[Slot, ...]:
    slots = []
    for item in _list(key, value):
        fields = _read(_table(key, item), _SLOT)
        if not isinstance(fields.get("at"), datetime):
            raise CaseError(f"{key}.at", "is missing: a slot is a precise date and time.")
        slots.append(Slot(fields["at"], fields.get("evidence")))
    return tuple(slots)


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _shape(parent: str, readers: Mapping[str, Read]) -> Shape:
    as_they_are: dict[Read, type] = {_text: str, _flag: bool}
    return {key: (f"{parent}{key}", reader, as_they_are.get(reader)) for key, reader in readers.items()}


_SLOT: Final[Shape] = _shape("consent.slots.", {"at": instant, "evidence": _text})
_CONSENT: Final[Shape] = _shape(
    "consent.",
    {
        "collected_at": instant,
        "expires_at": instant,
        "principal": _text,
        "object": _text,
        "proof": _text,
        "withdrawn_at": instant,
        "slots": _slots,
        "written": _flag,
        "automated_dialing": _flag,
    },
)
_CASE: Final[Shape] = _shape(
    "",
    {
        "at": instant,
        "number": _text,
        "postcode": _text,
        "principal": _text,
        "audience": _one_of(AUDIENCES),
        "sector": _text,
        "mode": _one_of(MODES),
        "caller_id": _text,
        "ring_timeout_s": _seconds,
        "basis": _one_of(BASES),
        "consent": _consent,
        "requested_at": instant,
        "attempts": _instants,
        "last_abandoned_at": instant,
        "agent_reserved": _flag,
        "suppressed": _flag,
        "screened_at": _screened,
        "listed_in": _lower_names,
        "caller_ids": _names,
        "in_flight": _flag,
        "last_machine_at": instant,
        "clock_offset_s": _offset,
        "request_object": _text,
        "prerecorded": _flag,
    },
)


def case_json(case: Case) -> str:
    """Return the JSON object that :func:`read_case` reads as ``case``; unknown keys are absent."""
    stated = _stated(case)
    consent = case.consent
    if isinstance(consent, Consent):
        stated["consent"] = {**_stated(consent), "slots": [_stated(slot) for slot in consent.slots]}
    return _ENCODE(stated)


def _stated(record: Case | Consent | Slot) -> dict[str, Any]:
    return {name: value for name, value in zip(record._fields, record, strict=True) if value is not UNKNOWN}


def _plain(value: object) -> object:
    if isinstance(value, date):  # a datetime too
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{value!r} has no place in a case")


_ENCODE: Final = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, separators=(",", ":"), default=_plain
).encode
