"""May this person be called now, by whom, with which number shown? Pure: data and arithmetic, no I/O.

``judge(load_preset("fr"), case)`` answers. ``docs/reference/rules.md`` lists the rules,
``docs/explanation/calling-law.md`` the choices made where the law is silent.
"""

from dialer.rules.engine import judge, next_opening
from dialer.rules.errors import CaseError, LooseningRefusedError, PresetError, UnknownNameError
from dialer.rules.model import UNKNOWN, Case, Consent, Slot, Unknown
from dialer.rules.preset import Preset, Rule, load_preset, preset_names
from dialer.rules.territory import Place, locate
from dialer.rules.verdict import Reason, Verdict

__all__ = [
    "UNKNOWN",
    "Case",
    "CaseError",
    "Consent",
    "LooseningRefusedError",
    "Place",
    "Preset",
    "PresetError",
    "Reason",
    "Rule",
    "Slot",
    "Unknown",
    "UnknownNameError",
    "Verdict",
    "judge",
    "load_preset",
    "locate",
    "next_opening",
    "preset_names",
]
