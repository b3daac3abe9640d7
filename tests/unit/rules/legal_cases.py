"""The table of legal cases in ``cases/*.toml``, as JSON lines for the command line and as objects for the API."""

import copy
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class LegalCase:
    """One case of the table: the facts as JSON would state them, and what the law says."""

    name: str
    source: str
    facts: dict[str, Any]
    expect: str


@lru_cache(maxsize=1)
def legal_cases() -> tuple[LegalCase, ...]:
    """Return every case of the table, in the files' order."""
    base = base_facts()
    found = []
    for path in sorted(FOLDER.glob("*.toml")):
        if path.name != "base.toml":
            found += _read(path, base)
    return tuple(found)


@lru_cache(maxsize=1)
def _base() -> dict[str, Any]:
    return tomllib.loads((FOLDER / "base.toml").read_text("utf-8"))


def base_facts(**changes: object) -> dict[str, Any]:
    """Return a legal call under French law, changed: ``consent`` is merged, everything else replaced."""
    facts: dict[str, Any] = with_nulls(merged(copy.deepcopy(_base()), changes))
    return facts


def merged(facts: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return facts with changes; a table of consent is merged into the consent there is."""
    for key, value in changes.items():
        if key == "consent" and isinstance(value, dict) and isinstance(facts.get(key), dict):
            facts[key] = {**facts[key], **value}
        else:
            facts[key] = value
    return facts


def with_nulls(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a TOML value with JSON's nulls, which TOML writes as a text."""
    if isinstance(value, dict):
        return {key: with_nulls(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_nulls(item) for item in value]
    return None if value == "null" else value


def _read(path: Path, base: dict[str, Any]) -> list[LegalCase]:
    table = tomllib.loads(path.read_text("utf-8"))
    cases = []
    for row in table["cases"]:
        facts = merged(copy.deepcopy(base), table.get("base", {}))
        facts = with_nulls(merged(facts, row.get("set", {})))
        for key in row.get("unset", []):
            _remove(facts, key)
        cases.append(LegalCase(f"{path.stem}: {row['what']}", row["source"], facts, row["expect"]))
    return cases


def _remove(facts: dict[str, Any], key: str) -> None:
    parent, _, name = key.rpartition(".")
    del (facts[parent] if parent else facts)[name]
