"""A campaign's law as its row keeps it, and the tightened preset that follows."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from dialer.rules import UNKNOWN, Case, Preset, judge, load_preset
from dialer.rules.verdict import Severity
from dialer.store.errors import Invalid, NotFound

# Modes as the rules know them; what may dial ahead of its agents is predictive.
_MODES: Final = {"progressive": "progressive", "preview": "preview", "ratio": "power"}
# A number of each country's plan that nobody owns: rules about the campaign alone are asked of it.
_PROBE: Final = {"FR": "+33199000000", "US": "+12025550100"}
_OF_CAMPAIGN: Final = frozenset(
    {"cli_assigned", "cli_prefixes", "cli_forbidden", "sector_ban", "tzdata_version", "min_ring"}
)


@dataclass(frozen=True, slots=True)
class LawSettings:
    """Whose rules, and what they ask of a campaign.

    ``sector``: what is sold. ``basis``: why people may be called, for leads that do not say. ``caller_ids``: numbers
    that may be shown besides the campaign's own. ``tighten``: JSON, ``{rule: {parameter: stricter value}}``.
    """

    preset: str = "fr"
    audience: str = "b2c"
    sector: str = ""
    basis: str = ""
    caller_ids: tuple[str, ...] = ()
    tighten: str = "{}"

    def row(self) -> dict[str, Any]:
        """Column to value. Raises what an unknown preset, rule or an attempt to loosen one raises (PresetError)."""
        preset_of(self.preset, self.tighten)
        return {
            "preset": self.preset,
            "audience": self.audience,
            "sector": self.sector,
            "basis": self.basis,
            "caller_ids": json.dumps(self.caller_ids),
            "tighten": self.tighten,
        }


@dataclass(frozen=True, slots=True)
class Law:
    """A campaign's law, ready to judge."""

    preset: Preset
    settings: LawSettings
    principal: str | None
    mode: str
    caller_id: str
    caller_ids: frozenset[str]
    ring_timeout_s: float

    @property
    def principal_key(self) -> str:
        """One spelling for one principal: attempts and wishes are counted by it."""
        return principal_key(self.principal or "")


def principal_key(principal: str) -> str:
    """A principal's name in the one spelling by which rows are found."""
    return " ".join(principal.lower().split())


def law_settings(row: Mapping[str, Any] | sqlite3.Row) -> LawSettings:
    """The law in a row of ``campaigns``."""
    caller_ids = tuple(json.loads(row["caller_ids"]))
    return LawSettings(row["preset"], row["audience"], row["sector"], row["basis"], caller_ids, row["tighten"])


def law_of(db: sqlite3.Connection, campaign_id: str) -> Law:
    """The law of a campaign; NotFound when there is no such campaign."""
    row = db.execute("SELECT * FROM campaigns WHERE id = ?", (campaign_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no campaign {campaign_id}.")
    settings = law_settings(row)
    return Law(
        preset=preset_of(settings.preset, settings.tighten),
        settings=settings,
        principal=row["principal"] or None,
        mode=_MODES.get(row["policy"], "predictive"),
        caller_id=row["caller_id"],
        caller_ids=frozenset((row["caller_id"], *settings.caller_ids)),
        ring_timeout_s=row["ring_timeout_s"],
    )


def campaign_refusals(law: Law, at: float) -> list[tuple[str, str, str]]:
    """Rule, source and reason of every block that does not depend on who is called."""
    probe = Case(
        at=datetime.fromtimestamp(at, UTC),
        number=_PROBE.get(law.preset.postcodes or ""),
        principal=law.principal,
        audience=law.settings.audience,
        sector=law.settings.sector or UNKNOWN,
        mode=law.mode,
        caller_id=law.caller_id or None,
        caller_ids=law.caller_ids,
        ring_timeout_s=law.ring_timeout_s,
        basis=law.settings.basis or UNKNOWN,
    )
    found = judge(law.preset, probe).answers
    return [
        (rule.name, rule.source, str(finding.inputs.get("why")))
        for rule, finding in found
        if rule.kind in _OF_CAMPAIGN and finding.severity is Severity.BLOCK and "unknown" not in finding.inputs
    ]


@lru_cache(maxsize=256)
def preset_of(name: str, tighten: str) -> Preset:
    """A shipped preset with a campaign's settings; LooseningRefusedError names the rule that would be loosened."""
    try:
        settings = json.loads(tighten)
    except ValueError as error:
        raise Invalid(f"The settings of the rules are no JSON: {error}.") from error
    if not isinstance(settings, dict) or not all(isinstance(each, dict) for each in settings.values()):
        raise Invalid("The settings of the rules must be a table of rules, each a table of parameters.")
    return load_preset(name, settings)
