"""The words of the alerts' room."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from dialer.alerts.facts import Facts
from dialer.config_telling import Alerts

SYSTEM: Final = "system"  # the scope of what belongs to no campaign
Language = Literal["en", "fr"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "fr")
Value = str | int | float


class Severity(StrEnum):
    """How soon somebody must act: when there is time, today, now."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Step:
    """A bound, and how severe it is to have crossed it."""

    bound: float
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one rule sees of one subject now. What no rule speaks of any more is well again.

    ``steps``: bounds from mild to severe. ``falling``: the lower the value the worse. ``hold_s``: instead of the
    configured hold. ``few``: too few calls to raise anything by, enough for what stands. ``words`` fill the text.
    """

    scope: str = SYSTEM  # or a campaign's id
    subject: str = ""  # a trunk, an agent, a window: what is meant within the scope
    value: float
    steps: tuple[Step, ...]
    falling: bool = False
    hold_s: float | None = None
    few: bool = False
    words: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Text:
    """What is the matter, and what to do; ``{names}`` are a reading's words, ``{value}`` and ``{threshold}``."""

    cause: str
    hint: str


Rule = Callable[[Facts, Alerts], Iterator[Reading]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of alert."""

    name: str
    unit: str  # of value and threshold
    rule: Rule
    texts: Mapping[Language, Text]

    def read(self, facts: Facts, settings: Alerts) -> list[tuple[str, Reading]]:
        """What the rule sees now, each with the name of the kind."""
        return [(self.name, reading) for reading in self.rule(facts, settings)]

    @property
    def meaning(self) -> str:
        """What the rule looks at, for the reference."""
        return (self.rule.__doc__ or "").strip().split("\n")[0]


KINDS: Final[dict[str, Kind]] = {}  # filled by the modules of rules; see kinds.py


def alert(unit: str, *, en: tuple[str, str], fr: tuple[str, str]) -> Callable[[Rule], Rule]:
    """Make a function a kind of alert of its own name, with (cause, hint) in each language."""

    def note(rule: Rule) -> Rule:
        KINDS[rule.__name__] = Kind(rule.__name__, unit, rule, {"en": Text(*en), "fr": Text(*fr)})
        return rule

    return note
