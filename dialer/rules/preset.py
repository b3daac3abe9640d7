"""A country's rules as data: read from TOML, inherited, and tightened by settings but never loosened."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from importlib import resources
from typing import Any, Final

from dialer.rules.errors import LooseningRefusedError, PresetError, UnknownNameError
from dialer.rules.parameters import PARAMETERS, Value

_ROW_KEYS: Final = frozenset({"name", "kind", "source", "basis", "valid_from", "valid_to", "phase", "text"})
_FOLDER: Final = resources.files("dialer.rules").joinpath("presets")


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One row: what it is called, what checks it (``kind``), where it is written, on which days it holds.

    ``valid_from`` and ``valid_to`` are both included. ``basis`` is ``law`` or ``policy`` (prudence).
    """

    name: str
    kind: str
    source: str
    basis: str
    phase: str
    text: str
    valid_from: date
    valid_to: date
    rank: int = 0
    parameters: Mapping[str, Value] = field(default_factory=dict)

    def __getitem__(self, parameter: str) -> Value:
        """Return a parameter's value; a missing one is a fault of the preset."""
        try:
            return self.parameters[parameter]
        except KeyError:
            raise PresetError(f"The rule {self.name} has no parameter {parameter!r}.") from None

    def holds_on(self, day: date) -> bool:
        """Tell whether the rule was in force on a day of the called person's calendar."""
        return self.valid_from <= day <= self.valid_to


@dataclass(frozen=True, slots=True, eq=False)
class Preset:
    """A named set of rules. ``covers`` are the countries whose people it may judge; empty covers all.

    ``consumer`` is the preset that judges a person who is not declared as a business (for business presets).
    ``zone`` is the time zone whose calendar counts abandoned calls.
    """

    name: str
    version: str
    title: str
    rules: tuple[Rule, ...]
    covers: frozenset[str]
    zone: str
    postcodes: str | None
    known_from: date
    conduct: Mapping[str, Any]
    consumer: "Preset | None" = None

    def rule(self, name: str) -> Rule:
        """Return the rule called ``name``; raises :class:`UnknownNameError`."""
        for rule in self.rules:
            if rule.name == name:
                return rule
        raise UnknownNameError("rule", name, (rule.name for rule in self.rules))

    def of_kind(self, kind: str) -> tuple[Rule, ...]:
        """Return the rules of one kind, in the preset's order."""
        return _of_kind(self, kind)


@lru_cache(maxsize=4096)
def _of_kind(preset: Preset, kind: str) -> tuple[Rule, ...]:
    return tuple(rule for rule in preset.rules if rule.kind == kind)


def preset_names() -> tuple[str, ...]:
    """Return the names of the shipped presets."""
    files = (path.name for path in _FOLDER.iterdir())
    return tuple(sorted(f.removesuffix(".toml") for f in files if f.endswith(".toml") and f != "all.toml"))


def load_preset(name: str, tighten: Mapping[str, Mapping[str, object]] | None = None) -> Preset:
    """Return a shipped preset, tightened by ``{rule name: {parameter: stricter value}}``.

    Raises :class:`UnknownNameError` for a preset, rule or parameter that is none and
    :class:`LooseningRefusedError`, which names the rule, for a value that would allow more.
    """
    preset = _shipped(name)
    if not tighten:
        return preset
    return _tightened(preset, tighten)


def _tightened(preset: Preset, tighten: Mapping[str, Mapping[str, object]]) -> Preset:
    for rule_name in tighten:
        preset.rule(rule_name)
    rules = tuple(_tighten_rule(r, tighten[r.name]) if r.name in tighten else r for r in preset.rules)
    consumer = preset.consumer
    if consumer:
        shared = {rule.name for rule in consumer.rules}
        consumer = _tightened(consumer, {k: v for k, v in tighten.items() if k in shared})
    return replace(preset, rules=rules, consumer=consumer, version=f"{preset.version}+tightened")


def _tighten_rule(rule: Rule, settings: Mapping[str, object]) -> Rule:
    parameters = dict(rule.parameters)
    for name, wanted in settings.items():
        if name not in parameters:
            raise UnknownNameError(f"parameter of {rule.name}", name, parameters)
        value = PARAMETERS[name].read(wanted)
        if not PARAMETERS[name].as_strict(value, parameters[name]):
            raise LooseningRefusedError(rule.name, name, wanted, parameters[name])
        parameters[name] = value
    return replace(rule, parameters=parameters)


@lru_cache(maxsize=64)
def _shipped(name: str) -> Preset:
    if name not in preset_names():
        raise UnknownNameError("preset", name, preset_names())
    data = _document(name)
    rows = _rows(data)
    return Preset(
        name=name,
        version=str(data["version"]),
        title=data["title"],
        rules=tuple(_rule(row, rank) for rank, row in enumerate(rows)),
        covers=frozenset(data["covers"]),
        zone=data["zone"],
        postcodes=data.get("postcodes"),
        known_from=data["known_from"],
        conduct=data["conduct"],
        consumer=_shipped(data["consumer"]) if "consumer" in data else None,
    )


def _document(name: str) -> dict[str, Any]:
    own = tomllib.loads(_FOLDER.joinpath(f"{name}.toml").read_text("utf-8"))
    if name == "all":
        return own
    parent = _document(own.get("inherits", "all"))
    merged = {k: v for k, v in {**parent, **own}.items() if k != "inherits"}
    merged["conduct"] = {**parent.get("conduct", {}), **own.get("conduct", {})}
    merged["rule"] = _inherit(parent["rule"], own.get("rule", []), own.get("without", []))
    merged.pop("without", None)
    return merged


def _inherit(parent: list[Any], own: list[Any], without: list[str]) -> list[Any]:
    # A row of the same name replaces the parent's; validity periods of one name stand side by side in one file.
    replaced = {row["name"] for row in own} | set(without)
    return [row for row in parent if row["name"] not in replaced] + own


def _rows(data: dict[str, Any]) -> list[dict[str, Any]]:
    # Where two openings are equally late, the calendar is what a person would name; without a zone nothing else counts.
    rows: list[dict[str, Any]] = data["rule"]
    order = ("tz_resolved", "days", "holidays", "hours")
    return sorted(rows, key=lambda r: order.index(r["kind"]) if r["kind"] in order else len(order))


def _rule(row: Mapping[str, Any], rank: int) -> Rule:
    parameters = {}
    for name, value in row.items():
        if name not in _ROW_KEYS:
            if name not in PARAMETERS:
                raise UnknownNameError(f"parameter of {row['name']}", name, PARAMETERS)
            parameters[name] = PARAMETERS[name].read(value)
    return Rule(
        name=row["name"],
        kind=row["kind"],
        source=row["source"],
        basis=row.get("basis", "law"),
        phase=row.get("phase", "dial"),
        text=row["text"],
        valid_from=row.get("valid_from", date.min),
        valid_to=row.get("valid_to", date.max),
        rank=rank,
        parameters=parameters,
    )
