"""A decision as a sentence, in French or English: true, plain, with its numbers."""

from collections import defaultdict
from typing import Final

from pacing.errors import PacingError
from pacing.interface import Decision

_CALLS: Final = {
    "en": ("Dial nothing", "Dial 1 call", "Dial {dial} calls"),
    "fr": ("Ne rien composer", "Composer 1 appel", "Composer {dial} appels"),
}
_WHY: Final = {
    "progressive": {
        "en": "one call for each of the {ready:.0f} ready agents, {ringing:.0f} already ringing"
        " and {waiting:.0f} waiting",
        "fr": "un appel pour chacun des {ready:.0f} agents prêts, {ringing:.0f} sonnent déjà"
        " et {waiting:.0f} attendent",
    },
    "risk": {
        "en": "one more would find no agent with probability {risk_pct:.1f} %, and {price_pct:.1f} %"
        " is what the law's budget allows just now",
        "fr": "un de plus ne trouverait pas d'agent avec une probabilité de {risk_pct:.1f} %, et le"
        " budget légal permet {price_pct:.1f} % en ce moment",
    },
    "law": {
        "en": "{abandoned:.0f} of {answered:.0f} live answers were abandoned; the legal limit of"
        " {limit_pct:.1f} % leaves {budget_left:.1f} and no room for bad luck",
        "fr": "{abandoned:.0f} réponses sur {answered:.0f} ont été abandonnées ; la limite légale de"
        " {limit_pct:.1f} % en laisse {budget_left:.1f} et aucune place à la malchance",
    },
    "learning": {
        "en": "too few calls have ended yet to know how many people answer",
        "fr": "trop peu d'appels sont finis pour savoir combien de gens décrochent",
    },
    "ratio": {
        "en": "{ratio:.2f} calls for each agent counted, {ringing:.0f} already ringing",
        "fr": "{ratio:.2f} appels par agent compté, {ringing:.0f} sonnent déjà",
    },
    "interval": {
        "en": "this method dials only at intervals, and it is not yet time",
        "fr": "cette méthode ne compose qu'à intervalles, et ce n'est pas encore l'heure",
    },
    "preview": {
        "en": "one call for each ready agent who asked for it",
        "fr": "un appel pour chaque agent prêt qui l'a demandé",
    },
    "no_agents": {
        "en": "no agent is logged in to take a call",
        "fr": "aucun agent n'est connecté pour prendre un appel",
    },
    "trunk_full": {
        "en": "the trunk's line limit leaves room for no more",
        "fr": "la limite de lignes du trunk n'en permet pas plus",
    },
    "calls_per_s": {
        "en": "the limit of calls per second allows no more now",
        "fr": "la limite d'appels par seconde n'en permet pas plus maintenant",
    },
    "max_ratio": {
        "en": "the maximum ratio of calls per agent is reached",
        "fr": "le ratio maximal d'appels par agent est atteint",
    },
}


def explain(decision: Decision, language: str = "en") -> str:
    """One sentence on why this number. ``language`` is "en" or "fr"; else PacingError."""
    if language not in _CALLS:
        raise PacingError(f"no explanation in language {language!r}; use 'en' or 'fr'.")
    values: dict[str, float] = defaultdict(float, decision.inputs)
    values["dial"], values["risk_pct"] = decision.dial, 100.0 * decision.risk
    values["price_pct"], values["limit_pct"] = 100.0 * values["price"], 100.0 * values["limit"]
    head = _CALLS[language][min(decision.dial, 2)].format_map(values)
    why = _WHY.get(decision.reason, _WHY["progressive"])[language].format_map(values)
    tail = ""
    if decision.cancel:
        count = len(decision.cancel)
        tail = f" Cancel {count}." if language == "en" else f" En annuler {count}."
    colon = ": " if language == "en" else " : "
    return f"{head}{colon}{why}.{tail}"
