"""What is answered: a verdict with every rule's reason."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

from dialer.rules.preset import Preset, Rule
from dialer.rules.zones import zone

Status = Literal["allow", "postpone", "block"]
_STATUS: Final[tuple[Status, ...]] = ("allow", "postpone", "block")


class Severity(IntEnum):
    """How bad a finding is: a block beats a postponement."""

    ALLOW = 0
    POSTPONE = 1
    BLOCK = 2


@dataclass(slots=True, eq=False)
class Finding:
    """A check's answer. ``until`` (UTC) is set for a postponement; ``inputs`` may hold dates and times.

    ``stands_through`` is set where later instants, that one included, are known to be allowed too. A finding with
    inputs is made for one rule and one place: its text is kept with it.
    """

    severity: Severity
    inputs: Mapping[str, Any]
    until: datetime | None = None
    stands_through: datetime | None = None
    text: str | None = None  # JSON, once it was asked for: many findings are met again and again


Answer = tuple[Rule, Finding]


class Reason(NamedTuple):
    """What one rule said. ``until`` carries the person's own offset and is set for a postponement only."""

    rule: str
    verdict: Status
    until: datetime | None
    source: str
    inputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Allow, postpone until ``until`` (with the person's own offset), or block; ``rule`` decided.

    ``rule`` is ``None`` for a plain allow. ``answers`` has every rule asked, the decider first; ``reasons`` reads them.
    ``preset`` says whose version an attempt's record keeps.
    """

    verdict: Status
    until: datetime | None
    rule: str | None
    answers: tuple[Answer, ...]
    preset: Preset
    zone: str | None

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Every rule asked, the deciding one first."""
        return tuple(
            Reason(rule.name, status(found), found.until and self._local(found.until), rule.source, found.inputs)
            for rule, found in self.answers
        )

    def as_json(self) -> str:
        """Return the verdict as one line of JSON: the interface of ``dialer rules explain``."""
        reasons = [found.text or self._text(rule, found) for rule, found in self.answers]
        until = f'"{self.until.isoformat()}"' if self.until else "null"
        return (
            f'{{"verdict": "{self.verdict}", "until": {until}, "rule": {_ENCODE(self.rule)}, '
            f'"reasons": [{", ".join(reasons)}], '
            f'"preset": "{self.preset.name}", "version": "{self.preset.version}"}}'
        )

    def _text(self, rule: Rule, found: Finding) -> str:
        if not found.inputs and found.until is None:
            return _without_inputs(rule, found.severity)
        head, source = _head(rule, found.severity)
        until = f'"{self._local(found.until).isoformat()}"' if found.until else "null"
        inputs = ", ".join([f'"{name}": {_json(value)}' for name, value in found.inputs.items()])
        found.text = f"{head}{until}{source}{{{inputs}}}}}"
        return found.text

    def _local(self, until: datetime) -> datetime:
        return until.astimezone(zone(self.zone)) if self.zone else until


@lru_cache(maxsize=4096)
def _head(rule: Rule, severity: Severity) -> tuple[str, str]:
    """Return the JSON of a reason before and after its ``until``, up to its inputs."""
    head = f'{{"rule": {_ENCODE(rule.name)}, "verdict": "{_STATUS[severity]}", "until": '
    return head, f', "source": {_ENCODE(rule.source)}, "inputs": '


@lru_cache(maxsize=4096)
def _without_inputs(rule: Rule, severity: Severity) -> str:
    head, source = _head(rule, severity)
    return f"{head}null{source}{{}}}}"


def status(finding: Finding) -> Status:
    """Return a finding's severity in words."""
    return _STATUS[finding.severity]


def _json(value: object) -> str:
    if isinstance(value, date):  # a datetime too
        return f'"{value.isoformat()}"'
    return str(value) if type(value) is int else _ENCODE(value)


def _plain(value: object) -> str:
    if isinstance(value, date):  # a datetime too
        return value.isoformat()
    raise TypeError(f"{value!r} has no place in a verdict")


_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False, default=_plain).encode
