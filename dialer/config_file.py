"""Read the configuration and its secrets from disk, and say of every fault what is wrong, where, and what to do."""

import difflib
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from pydantic import ValidationError

from dialer.config import Config
from dialer.config_words import Section
from dialer.errors import DialerError

DEFAULT_PATH: Final = Path("/etc/dialer/dialer.toml")
ENVIRONMENT_KEY: Final = "DIALER_CONFIG"
MAX_FILE_BYTES: Final = 1_000_000
MAX_SECRET_CHARS: Final = 256

_INLINE_SECRET = re.compile(r"secret|password|passwd|passphrase|token", re.IGNORECASE)
_HEADER = re.compile(r"^\s*\[\s*([A-Za-z0-9_-]+)\s*\]")
_KEY = re.compile(r"^\s*([A-Za-z0-9_-]+)\s*=")


class ConfigError(DialerError):
    """The configuration cannot be used. ``problems`` lists each fault by itself."""

    code = "config"

    def __init__(self, problems: list[str], *, hint: str | None = None) -> None:
        super().__init__("\n".join(problems), hint=hint)
        self.problems = problems


class SecretError(DialerError):
    """A secret file is missing, unreadable, open to others, or does not hold one line."""

    code = "secret"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration, the file it came from, and where each value that is not a default was set."""

    config: Config
    path: Path
    sources: Mapping[tuple[str, str], str]  # (section, key) -> "file:line"

    def ami_secret(self) -> str:
        """The AMI user's secret. Raises SecretError."""
        return read_secret(self.config.ami.secret_file, self.path.parent)

    def mqtt_password(self) -> str | None:
        """The password at the MQTT broker; None when no user is named. Raises SecretError."""
        mqtt = self.config.mqtt
        return read_secret(mqtt.password_file, self.path.parent) if mqtt.user else None


@dataclass(slots=True)
class _Merged:
    """The tables of all files, later files above earlier ones, and where each key was last set."""

    tables: dict[str, Any] = field(default_factory=dict)
    places: dict[tuple[str, str], str] = field(default_factory=dict)


def find_path(given: Path | None, environment: Mapping[str, str] | None = None) -> Path:
    """The config file: ``--config``, else $DIALER_CONFIG, else /etc/dialer/dialer.toml."""
    named = (os.environ if environment is None else environment).get(ENVIRONMENT_KEY)
    return given or (Path(named) if named else DEFAULT_PATH)


def load(given: Path | None = None) -> Loaded:
    """Read the config file and, in order of name, ``conf.d/*.toml`` beside it. Raises ConfigError."""
    path = find_path(given).absolute()
    merged = _Merged()
    for file in (path, *sorted((path.parent / "conf.d").glob("*.toml"))):
        _merge(merged, file, _read(file))
    return _validate(merged, path)


def parse(text: str, path: Path) -> Loaded:
    """The configuration that a file at ``path`` with this text would give. Raises ConfigError."""
    merged = _Merged()
    _merge(merged, path, text)
    return _validate(merged, path)


def _validate(merged: _Merged, path: Path) -> Loaded:
    try:
        config = Config.model_validate(merged.tables, context={"folder": path.parent})
    except ValidationError as error:
        raise ConfigError(list(_problems(error, merged, path))) from error
    return Loaded(config, path, merged.places)


def read_secret(name: Path, folder: Path) -> str:
    """The one line of a secret file. A relative name is a systemd credential if there is one, else beside the config.

    Raises SecretError when it is missing, when others can read or write it, or when it holds anything but one line.
    """
    path = _secret_path(name, folder)
    try:
        require_closed(path)
        text = path.read_text("utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError(f"Secret file {path} cannot be read: {_why(error)}.", hint=_create_hint(path)) from error
    if not text or not text.isprintable() or len(text) > MAX_SECRET_CHARS:
        raise SecretError(
            f"Secret file {path} must hold one line of 1 to {MAX_SECRET_CHARS} characters.", hint=_create_hint(path)
        )
    return text


def require_closed(path: Path) -> None:
    """Raises SecretError when others can read or write a file that holds a secret, OSError when it is not there."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) or mode & 0o027:
        raise SecretError(
            f"Secret file {path} is open to others (mode {mode & 0o777:04o}).", hint=f"Type: chmod 600 {path}"
        )


def _secret_path(name: Path, folder: Path) -> Path:
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    # Not exists(): it raises where the folder of another service's credentials is closed to us.
    if credentials and not name.is_absolute() and os.access(Path(credentials) / name, os.F_OK):
        return Path(credentials) / name
    return folder / name


def _create_hint(path: Path) -> str:
    return f"Type: (umask 077; openssl rand -hex 24 > {path}) and put the same secret into Asterisk's manager.conf."


def _merge(merged: _Merged, file: Path, text: str) -> None:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{file}: this is not TOML: {error}"]) from error
    lines = dict(_key_lines(text))
    for section, values in tables.items():
        if not isinstance(values, dict):
            merged.tables[section] = values
            merged.places[section, ""] = _place(file, lines.get(("", section)))
            continue
        before = merged.tables.get(section)
        merged.tables[section] = {**(before if isinstance(before, dict) else {}), **values}
        merged.places[section, ""] = _place(file, lines.get((section, "")))
        for key in values:
            merged.places[section, key] = _place(file, lines.get((section, key)))


def _read(file: Path) -> str:
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise ConfigError([f"{file}: larger than {MAX_FILE_BYTES} bytes, so this is no dialer configuration."])
        return file.read_text("utf-8")
    except FileNotFoundError as error:
        hint = "Type `dialer init` to write one, or name one with --config or DIALER_CONFIG."
        raise ConfigError([f"{file}: there is no such file."], hint=hint) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{file}: cannot be read: {_why(error)}."]) from error


def _why(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or "input/output error") if isinstance(error, OSError) else "it is not UTF-8 text"


def _key_lines(text: str) -> Iterator[tuple[tuple[str, str], int]]:
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            section = header[1]
            yield (section, ""), number
        elif key := _KEY.match(line):
            yield (section, key[1]), number


def _place(file: Path, line: int | None) -> str:
    return f"{file}:{line}" if line else str(file)


def _problems(error: ValidationError, merged: _Merged, path: Path) -> Iterator[str]:
    for fault in error.errors(include_url=False, include_context=False):
        section, key = (*map(str, fault["loc"][:2]), "")[:2]
        place = merged.places.get((section, key)) or merged.places.get((section, "")) or str(path)
        if fault["type"] == "extra_forbidden":
            yield f"{place}: {_unknown(section, key)}"
        else:
            yield f"{place}: {_bad_value(section, key, fault['input'], fault['msg'])}"


def _unknown(section: str, key: str) -> str:
    if not key:
        home = _sections_with(section)
        known = f"it belongs into {home}" if home else _nearest(section, list(Config.model_fields), "sections")
        return f"[{section}]: there is no such section; {known}."
    if _INLINE_SECRET.search(key):
        return f"[{section}] {key}: no secret is written here; put it into a file of mode 0600, named by secret_file."
    fields = list(_section_model(section).model_fields)
    home = _sections_with(key)
    known = f"it belongs into {home}" if home else _nearest(key, fields, "keys")
    return f"[{section}] {key}: there is no such key; {known}."


def _bad_value(section: str, key: str, value: object, message: str) -> str:
    if not key:
        return (
            f"[{section}]: {message[0].lower()}{message[1:]}; write it as a section, [{section}] on a line of its own."
        )
    meaning = _section_model(section).model_fields[key].description
    shown = repr(value) if len(repr(value)) <= 80 else f"{repr(value)[:77]}..."
    return f"[{section}] {key} = {shown}: {message[0].lower()}{message[1:]}. {meaning}"


def _nearest(word: str, known: list[str], what: str) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}" if close else f"the {what} are {', '.join(known)}"


def _sections_with(key: str) -> str:
    return " or ".join(f"[{name}]" for name in Config.model_fields if key in _section_model(name).model_fields)


def _section_model(section: str) -> type[Section]:
    model = Config.model_fields[section].annotation
    return cast("type[Section]", model)
