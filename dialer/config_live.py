"""Which settings a running daemon takes over when it reads its configuration again, and which need a restart."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from dialer.config import Config
from dialer.config_file import Loaded, load
from dialer.config_words import Section

# What is not named here needs a restart: a setting that nobody thought of must not be half in force.
_WHOLE_SECTIONS: Final = frozenset({"dialing", "law", "backup", "alerts"})
_KEYS: Final[Mapping[str, frozenset[str]]] = {
    "ami": frozenset({"secret_file", "connect_timeout_s", "action_timeout_s", "ping_interval_s", "reconnect_max_s"}),
    "agents": frozenset({"dial_format", "wrap_up_s", "ring_timeout_s"}),
    "store": frozenset({"min_free_mb"}),
    "log": frozenset({"level"}),
}


@dataclass(frozen=True, slots=True)
class Reread:
    """A configuration read again: ``loaded`` is what may be in force now, ``changed`` what is new in it.

    ``kept`` names the settings that differ on disk and keep their old value until a restart. Names are ``section.key``.
    """

    loaded: Loaded
    changed: tuple[str, ...]
    kept: tuple[str, ...]


def is_live(section: str, key: str) -> bool:
    """Whether a running daemon takes over a new value of this setting."""
    return section in _WHOLE_SECTIONS or key in _KEYS.get(section, frozenset())


def reread(running: Loaded) -> Reread:
    """Read the files of ``running`` again. Raises ConfigError or SecretError, and nothing is to be changed then."""
    fresh = load(running.path)
    fresh.ami_secret()
    changed: list[str] = []
    kept: list[str] = []
    sections: dict[str, Section] = {}
    for name, section in fresh.config:
        old, back = getattr(running.config, name), {}
        for key, value in section:
            if value == getattr(old, key):
                continue
            (changed if is_live(name, key) else kept).append(f"{name}.{key}")
            if not is_live(name, key):
                back[key] = getattr(old, key)
        sections[name] = section.model_copy(update=back)
    return Reread(replace(fresh, config=_config(fresh.config, sections)), tuple(changed), tuple(kept))


def _config(fresh: Config, sections: Mapping[str, Any]) -> Config:
    # A copy, for the values were validated when they were read, and relative paths must not be resolved twice.
    return fresh.model_copy(update=dict(sections))
