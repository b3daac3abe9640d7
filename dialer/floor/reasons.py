"""Why so many calls and no more, as a sentence: pacing's own reasons and those of the floor and the dial loop."""

from collections.abc import Mapping
from typing import Final

import pacing

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
_HEAD: Final = {
    "en": ("Dial nothing", "Dial 1 call", "Dial {} calls"),
    "fr": ("Ne rien composer", "Composer 1 appel", "Composer {} appels"),
}


def sentence(decision: pacing.Decision, language: str = "en") -> str:
    """One sentence on why this number, in "en" or "fr"."""
    why = OUTSIDE_PACING.get(decision.reason)
    if why is None:
        return pacing.explain(decision, language)
    head = _HEAD[language][min(decision.dial, 2)].format(decision.dial)
    return f"{head}{' : ' if language == 'fr' else ': '}{why[language]}."
