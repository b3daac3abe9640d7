"""The commented config file and its reference page, both written from the settings' own descriptions."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args, get_origin

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from dialer.config import Config
from dialer.config_file import ConfigError
from dialer.config_live import is_live
from dialer.config_words import Section

WIDTH: Final = 100

_TOML_TOP: Final = """\
# The configuration of dialerd. Every key is here, with its default; take the # away to change it.
# Units stand in the names: _s seconds, _pct percent, _mb megabytes, _per_s a second.
# Files in conf.d/*.toml beside this one are read after it, in order of name, and stand above it.
# `dialer config check` shows what is in force and where it was set.
"""

_REFERENCE_TOP: Final = """\
# Configuration reference

`dialer` reads the file named by `--config`, else by `DIALER_CONFIG`, else `/etc/dialer/dialer.toml`, and then
`conf.d/*.toml` beside it in order of name; later files stand above earlier ones. An unknown key or a bad value is
refused with file, line and the nearest name. `dialer config check` prints what is in force and where each value was
set; `dialer init` writes a commented file. Relative paths start at the config file's folder, unless said otherwise.

Secrets never stand in these files: a `*_file` key names a file of mode 0600, or a systemd credential.

A new value is in force after `systemctl reload dialerd` (or `dialer config reload`) where the table says *reload*, else
after `systemctl restart dialerd`. A reload that finds a fault changes nothing.

<!-- Written by `python -m dialer.cli.reference`; do not edit. -->
"""

Values = Mapping[tuple[str, str], Any]


def sections() -> Iterator[tuple[str, type[Section]]]:
    """Each section's name and model, in the order of the file."""
    for name, field in Config.model_fields.items():
        yield name, cast("type[Section]", field.annotation)


def render_toml(values: Values | None = None) -> str:
    """The whole config file, every key explained; ``values`` are set, everything else is a comment with its default."""
    chosen = values or {}
    parts = [_TOML_TOP]
    for name, model in sections():
        parts.append(f"\n# {model.__doc__}\n[{name}]\n")
        for key, field in model.model_fields.items():
            parts.extend(f"# {line}\n" for line in _wrap(_explain(field)))
            line = f"{key} = {to_toml(chosen.get((name, key), _sample(field)), octal=_is_octal(field))}\n"
            parts.append(line if (name, key) in chosen else f"#{line}")
    return "".join(parts)


def check_known(values: Values) -> None:
    """Raises ConfigError for a key that the file would not hold, so that none is dropped in silence."""
    known = {(name, key) for name, model in sections() for key in model.model_fields}
    problems = [f"[{section}] {key}: there is no such key." for section, key in values if (section, key) not in known]
    if problems:
        raise ConfigError(problems, hint="docs/reference/config.md lists them.")


def render_reference() -> str:
    """The reference page: a table for each section."""
    parts = [_REFERENCE_TOP]
    for name, model in sections():
        parts.append(
            f"\n## [{name}]\n\n{model.__doc__}\n\n| key | default | new value by | meaning |\n|---|---|---|---|\n"
        )
        for key, field in model.model_fields.items():
            default = "unset" if field.default is None else f"`{to_toml(field.default, octal=_is_octal(field))}`"
            how = "reload" if is_live(name, key) else "restart"
            parts.append(f"| `{key}` | {default} | {how} | {_explain(field)} |\n".replace("\\", "\\\\"))
    return "".join(parts)


def to_toml(value: object, *, octal: bool = False) -> str:
    """One value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and octal:
        return f"0o{value:o}"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, (str, Path)):
        return json.dumps(str(value), ensure_ascii=False)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(to_toml, value))}]"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{key} = {to_toml(item)}' for key, item in value.items())} }}" if value else "{}"
    raise TypeError(f"{type(value).__name__} has no place in the configuration")


def _sample(field: FieldInfo) -> object:
    return field.examples[0] if field.default is None and field.examples else field.default


def _is_octal(field: FieldInfo) -> bool:
    return isinstance(field.json_schema_extra, dict) and bool(field.json_schema_extra.get("octal"))


def _explain(field: FieldInfo) -> str:
    limits = _limits(field)
    return f"{field.description} {limits}" if limits else str(field.description)


def _limits(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return f"One of {', '.join(get_args(field.annotation))}."
    low = next((rule.ge for rule in field.metadata if isinstance(rule, Ge)), None)
    high = next((rule.le for rule in field.metadata if isinstance(rule, Le)), None)
    if low is None or high is None:
        return ""
    return f"From {low} to {high}."


def _wrap(text: str) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) + 1 > WIDTH:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
