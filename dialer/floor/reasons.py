"""Why so many calls and no more, as a sentence: pacing's own reasons and those of the floor and the dial loop."""

from collections.abc import Mapping
from typing import Final

import pacing
from dialer.rules.abandonment import WINDOWS, Level, Window

# The reasons that pacing does not know, with what they mean.
OUTSIDE_PACING: Final[Mapping[str, Mapping[str, str]]] = {
    "no_leads": {
        "en": "no more leads may be called now: the list is worked, or the rest is due later",
        "fr": "aucune autre fiche ne peut être appelée maintenant : le fichier est épuisé ou le reste est prévu"
        " plus tard",
    },
    "calling_law": {
        "en": "the calling law forbids the calls that are left: the hour, the day, or how often they were tried",
        "fr": "la loi interdit les appels qui restent : l'heure, le jour, ou le nombre de tentatives",
    },
    "clock": {
        "en": "the machine's clock was moved, and calling hours cannot be kept by it",
        "fr": "l'horloge de la machine a été déplacée, et les heures d'appel ne peuvent plus être tenues",
    },
    "store": {
        "en": "the record cannot be written, and nothing is dialed that is not on record",
        "fr": "l'enregistrement est impossible, et rien n'est composé sans être enregistré",
    },
    "all_lines": {
        "en": "all campaigns together use the lines that [dialing] max_lines allows",
        "fr": "toutes les campagnes ensemble occupent les lignes que permet [dialing] max_lines",
    },
    "all_calls_per_s": {
        "en": "all campaigns together dial as many calls a second as [dialing] max_calls_per_s allows",
        "fr": "toutes les campagnes ensemble composent autant d'appels par seconde que permet [dialing]"
        " max_calls_per_s",
    },
    "trunk_failing": {
        "en": "the trunk fails, nothing stands in for it, and one call at a time tries whether it works again",
        "fr": "le trunk est en panne, aucun autre ne le remplace, et un appel à la fois vérifie s'il remarche",
    },
    "on_hook": {
        "en": "an agent is rung for each call, and such a team is dialed progressively",
        "fr": "un agent est sonné à chaque appel, et une telle équipe est servie en progressif",
    },
    "no_link": {"en": "Asterisk is out of reach", "fr": "Asterisk est injoignable"},
    "no_route": {
        "en": "answered calls do not reach the daemon over FastAGI",
        "fr": "les appels décrochés n'atteignent pas le service par FastAGI",
    },
    "draining": {"en": "the daemon is about to stop", "fr": "le service va s'arrêter"},
    "stopped": {"en": "the campaign is stopped", "fr": "la campagne est arrêtée"},
    "paused": {"en": "the campaign is paused", "fr": "la campagne est en pause"},
    "finished": {"en": "every lead is finished", "fr": "toutes les fiches sont terminées"},
}
LANGUAGES: Final = ("en", "fr")
_WINDOWS: Final[Mapping[Window, Mapping[str, str]]] = {
    "calendar_day": {"en": "today", "fr": "aujourd'hui"},
    "calendar_month": {"en": "this month", "fr": "ce mois-ci"},
    "fixed_30d": {"en": "in this block of 30 days", "fr": "dans ce bloc de 30 jours"},
    "rolling_30d": {"en": "in the last 30 days", "fr": "sur les 30 derniers jours"},
}
_LAW: Final = {
    "few": {
        "en": "{answered:.0f} people have answered {window}; until {least:.0f} have, one abandoned call"
        " would break the law, and each ready agent has one call",
        "fr": "{answered:.0f} personnes ont décroché {window} ; tant qu'elles ne sont pas {least:.0f}, un"
        " seul appel abandonné violerait la loi, et chaque agent prêt a un appel",
    },
    "hard": {
        "en": "{abandoned:.0f} of {answered:.0f} people who answered {window} were abandoned ({rate_pct:.1f} %); from"
        " {from_pct:.1f} % on each ready agent has one call",
        "fr": "{abandoned:.0f} des {answered:.0f} personnes qui ont décroché {window} ont été abandonnées"
        " ({rate_pct:.1f} %) ; à partir de {from_pct:.1f} % chaque agent prêt a un appel",
    },
    "stopped": {
        "en": "{abandoned:.0f} of {answered:.0f} people who answered {window} were abandoned ({rate_pct:.1f} %); above"
        " {from_pct:.1f} % nobody is called",
        "fr": "{abandoned:.0f} des {answered:.0f} personnes qui ont décroché {window} ont été abandonnées"
        " ({rate_pct:.1f} %) ; au-delà de {from_pct:.1f} % personne n'est appelé",
    },
}
_HEAD: Final = {
    "en": ("Dial nothing", "Dial 1 call", "Dial {} calls"),
    "fr": ("Ne rien composer", "Composer 1 appel", "Composer {} appels"),
}


def sentence(decision: pacing.Decision, language: str = "en") -> str:
    """One sentence on why this number, in "en" or "fr"."""
    why = _of_law(decision.inputs, language) if decision.reason == "law" else None
    if decision.reason in OUTSIDE_PACING:
        why = OUTSIDE_PACING[decision.reason][language]
    if why is None:
        return pacing.explain(decision, language)
    head = _HEAD[language][min(decision.dial, 2)].format(decision.dial)
    return f"{head}{' : ' if language == 'fr' else ': '}{why}."


def _of_law(inputs: Mapping[str, float], language: str) -> str | None:
    """Which window holds the campaign to one call for each agent; None where pacing's own steering does."""
    window = next((window for window in WINDOWS if f"{window}_answered" in inputs), None)
    if window is None or inputs["law_level"] < Level.ONE_TO_ONE:
        return None
    answered, abandoned = inputs[f"{window}_answered"], inputs[f"{window}_abandoned"]
    why = "stopped" if inputs["law_stopped"] else "few" if answered < inputs["law_least_answered"] else "hard"
    return _LAW[why][language].format(
        answered=answered,
        abandoned=abandoned,
        window=_WINDOWS[window][language],
        rate_pct=100 * abandoned / answered if answered else 0.0,
        from_pct=100 * inputs["law_from"],
        least=inputs["law_least_answered"],
    )
