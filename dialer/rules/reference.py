"""Writes ``docs/reference/rules.md`` from the presets.

``python -m dialer.rules.reference > docs/reference/rules.md``
"""

import sys
from collections.abc import Iterable, Mapping
from datetime import date

from dialer.rules.parameters import Value
from dialer.rules.preset import Preset, Rule, load_preset, preset_names
from dialer.rules.windows import WEEKDAYS, week_text

_HEAD = """# Rules of every preset

Written from the presets by `python -m dialer.rules.reference`; a test fails when it is stale. What was decided
where the law is silent stands in [calling law](../explanation/calling-law.md).

A rule is *law* where a text says it and *policy* where prudence does. `phase` says when it is asked; rules that are not
asked at the dial are kept elsewhere in the daemon. Every parameter may be tightened by
a setting (`load_preset(name, {rule: {parameter: value}})`), never loosened.
"""
_COMMON = "Rules of every preset"


def render() -> str:
    """Return the whole page."""
    presets = [load_preset(name) for name in preset_names()]
    shared = _shared(presets)
    parts = [_HEAD, f"## {_COMMON}\n", _table(r for r in presets[0].rules if _row(r) in shared)]
    parts += [_section(p, [rule for rule in p.rules if _row(rule) not in shared]) for p in presets]
    return "\n".join(parts)


def _shared(presets: list[Preset]) -> set[str]:
    rows = [{_row(rule) for rule in preset.rules} for preset in presets]
    return set.intersection(*rows)


def _section(preset: Preset, rules: list[Rule]) -> str:
    covers = ", ".join(sorted(preset.covers)) or "every country"
    lines = [f"## {preset.name}: {preset.title}\n", f"Covers {covers}. Version {preset.version}."]
    lines.append(f"Days before {preset.known_from.isoformat()} are refused.")
    lines.append(f"Abandoned calls count by the calendar of {preset.zone}.")
    if preset.consumer:
        lines.append(f"A person not declared a business is judged by `{preset.consumer.name}`.")
    conduct = "; ".join(f"`{name}` {value}" for name, value in sorted(preset.conduct.items()))
    return "\n".join([*lines, f"\nConduct: {conduct}.\n", _table(rules)])


def _table(rules: Iterable[Rule]) -> str:
    columns = ("rule", "what it says", "parameters", "law or policy", "phase", "in force", "source")
    head = f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|"
    return "\n".join([head, *map(_row, rules), ""])


def _row(rule: Rule) -> str:
    parameters = "<br>".join(f"`{name}` {_text(value)}" for name, value in rule.parameters.items())
    cells = [f"`{rule.name}`", rule.text, parameters, rule.basis, rule.phase, _period(rule), rule.source]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _period(rule: Rule) -> str:
    since = "" if rule.valid_from == date.min else f"from {rule.valid_from.isoformat()}"
    until = "" if rule.valid_to == date.max else f"to {rule.valid_to.isoformat()}"
    return " ".join(part for part in (since, until) if part) or "always"


def _text(value: Value) -> str:
    if isinstance(value, frozenset):
        return ", ".join(WEEKDAYS[day] for day in sorted(value))
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_text(item)}" for name, item in value.items())
    if isinstance(value, tuple) and len(value) == 7 and all(isinstance(day, tuple) for day in value):
        return week_text(value)
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


if __name__ == "__main__":
    sys.stdout.write(render())
