"""Alerts about agents, trunks and the numbers that are shown."""

from collections.abc import Iterator
from typing import Final

from dialer.alerts.facts import Facts
from dialer.alerts.words import Reading, Severity, Step, alert
from dialer.config_telling import Alerts
from dialer.floor.words import AgentState

TALKS: Final = 10  # of an agent, that are looked at


@alert(
    "calls",
    en=(
        "The phone of agent {subject} cannot be reached: {value:.0f} calls to it in a row came to nothing.",
        "Is it plugged in and registered? `asterisk -rx 'pjsip show endpoints'`.",
    ),
    fr=(
        "Le téléphone du téléacteur {subject} est injoignable : {value:.0f} appels de suite sans succès.",
        "Est-il branché et enregistré ? `asterisk -rx 'pjsip show endpoints'`.",
    ),
)
def agent_unreachable(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """Calls to an agent's phone fail, one after the other."""
    for agent in facts.status.agents:
        figures = facts.agents.get(agent.agent_id)
        if figures is not None and figures.failures:
            yield Reading(
                scope=agent.campaign_id,
                subject=agent.agent_id,
                value=figures.failures,
                steps=(Step(settings.phone_failures, Severity.WARNING),),
                hold_s=0.0,
            )


def _long(facts: Facts, state: AgentState, bound_s: float) -> Iterator[Reading]:
    for agent in facts.status.agents:
        if agent.state is state:
            yield Reading(
                scope=agent.campaign_id,
                subject=agent.agent_id,
                value=facts.at - agent.since,
                steps=(Step(bound_s, Severity.INFO),),
                hold_s=0.0,
                words={"reason": agent.reason or "-", "minutes": (facts.at - agent.since) / 60},
            )


@alert(
    "s",
    en=(
        "Agent {subject} has been in wrap-up for {minutes:.0f} min.",
        "Ask whether help is needed; `dialer agents ready {subject}` ends the wrap-up.",
    ),
    fr=(
        "Le téléacteur {subject} est en post-appel depuis {minutes:.0f} min.",
        "Demandez s'il a besoin d'aide ; `dialer agents ready {subject}` termine le post-appel.",
    ),
)
def wrap_up_long(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """An agent is in wrap-up longer than the bound."""
    yield from _long(facts, AgentState.WRAP_UP, settings.wrap_up_long_s)


@alert(
    "s",
    en=(
        "Agent {subject} has been paused for {minutes:.0f} min ({reason}).",
        "Is the agent still there? `dialer agents logout {subject}` takes an absent one off the line.",
    ),
    fr=(
        "Le téléacteur {subject} est en pause depuis {minutes:.0f} min ({reason}).",
        "Est-il encore là ? `dialer agents logout {subject}` déconnecte un absent.",
    ),
)
def pause_long(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """An agent is paused longer than the bound."""
    yield from _long(facts, AgentState.PAUSED, settings.pause_long_s)


@alert(
    "%",
    en=(
        "Agent {subject}: {value:.0f} % of the last {talks} talks ended within {bound:.0f} s.",
        "Listen in: hang-ups on people at once are abandoned calls in their ears. Check the headset first.",
    ),
    fr=(
        "Téléacteur {subject} : {value:.0f} % des {talks} dernières conversations ont duré moins de {bound:.0f} s.",
        "Écoutez : raccrocher au nez est un appel abandonné pour la personne. Vérifiez d'abord le casque.",
    ),
)
def agent_hangs_up(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """Too many of an agent's last ten talks end within seconds; who hung up is not looked at."""
    for agent in facts.status.agents:
        figures = facts.agents.get(agent.agent_id)
        if figures is None or len(figures.talks_s) < TALKS:
            continue
        short = sum(talk < settings.hang_up_talk_s for talk in figures.talks_s)
        yield Reading(
            scope=agent.campaign_id,
            subject=agent.agent_id,
            value=100 * short / len(figures.talks_s),
            steps=(Step(settings.hang_up_pct, Severity.WARNING),),
            hold_s=0.0,
            words={"talks": len(figures.talks_s), "bound": settings.hang_up_talk_s},
        )


@alert(
    "%",
    en=(
        "Trunk {subject}: {value:.0f} % of {calls} calls fail ({congested} congestion, {failed} failure).",
        (
            "Look at the carrier: `asterisk -rx 'pjsip show endpoint {subject}'`. Move campaigns to another trunk with"
            " `dialer campaign set ID --trunk OTHER`."
        ),
    ),
    fr=(
        "Trunk {subject} : {value:.0f} % des {calls} appels échouent ({congested} congestion, {failed} échec).",
        (
            "Voyez l'opérateur : `asterisk -rx 'pjsip show endpoint {subject}'`. Changez de trunk par"
            " `dialer campaign set ID --trunk AUTRE`."
        ),
    ),
)
def trunk_failing(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """Too many of a trunk's calls end in congestion or failure; critical from twice the bound."""
    bound = settings.trunk_failure_pct
    for trunk, figures in facts.trunks.items():
        if figures.failure_rate is None or figures.calls < settings.trunk_min_calls:
            continue
        yield Reading(
            subject=trunk,
            value=100 * figures.failure_rate,
            steps=(Step(bound, Severity.WARNING), Step(min(100.0, 2 * bound), Severity.CRITICAL)),
            hold_s=0.0,
            words={"calls": figures.calls, "congested": figures.congested, "failed": figures.failed},
        )


@alert(
    "calls",
    en=(
        "Trunk {subject} is avoided: {value:.0f} calls in a row failed. Its calls go over: {instead}.",
        (
            "Look at the carrier: `asterisk -rx 'pjsip show endpoint {subject}'`. One call at a time tries the trunk,"
            " and it is used again when one gets through. Without another ([dialing] backup_trunks) no other goes out."
        ),
    ),
    fr=(
        "Trunk {subject} écarté : {value:.0f} appels de suite y ont échoué. Ses appels passent par : {instead}.",
        (
            "Voyez l'opérateur : `asterisk -rx 'pjsip show endpoint {subject}'`. Un appel à la fois essaie le trunk,"
            " qui ressert dès qu'un appel passe. Sans autre trunk ([dialing] backup_trunks), aucun autre n'est composé."
        ),
    ),
)
def trunk_avoided(facts: Facts, _settings: Alerts) -> Iterator[Reading]:
    """A trunk failed so many calls in a row that it is not used; critical when nothing stands in for it."""
    for trunk in facts.status.trunks:
        if trunk.avoided_since is None:
            continue
        yield Reading(
            subject=trunk.trunk_id,
            value=trunk.lost,
            steps=(Step(trunk.bound, Severity.WARNING if trunk.instead else Severity.CRITICAL),),
            hold_s=0.0,
            words={"instead": trunk.instead or "-"},
        )


@alert(
    "s",
    en=(
        "Trunk {subject}: one call in ten rings only {value:.1f} s after it was dialed.",
        "Ask the carrier about the post-dial delay; the lines are busy for nothing meanwhile.",
    ),
    fr=(
        "Trunk {subject} : un appel sur dix ne sonne que {value:.1f} s après la numérotation.",
        "Interrogez l'opérateur sur le délai de sonnerie ; les lignes sont occupées pour rien.",
    ),
)
def trunk_slow(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """The post-dial delay of a trunk, at its 90th percentile, is above the bound."""
    for trunk, figures in facts.trunks.items():
        delay = figures.post_dial_delay_p90_s
        if delay is not None and len(figures.post_dial_delays_s) >= settings.trunk_min_calls:
            yield Reading(subject=trunk, value=delay, steps=(Step(settings.post_dial_delay_s, Severity.WARNING),))


@alert(
    "%",
    en=(
        (
            "Number {subject}, shown by {campaigns}: {value:.0f} % of the pick-ups that were usual earlier today"
            " ({attempts} calls)."
        ),
        "It may be shown as spam or be blocked. Call it from a mobile phone, and show another number meanwhile.",
    ),
    fr=(
        (
            "Numéro {subject}, présenté par {campaigns} : {value:.0f} % des décrochés habituels plus tôt dans la"
            " journée ({attempts} appels)."
        ),
        "Il est peut-être signalé comme spam ou bloqué. Appelez un mobile pour voir, et présentez un autre numéro.",
    ),
)
def caller_id_blocked(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """The pick-up rate of one shown number collapsed against the same number earlier today."""
    for number, figures in facts.caller_ids.items():
        calls, needed = min(figures.attempts, figures.usual_attempts), 2 * settings.min_calls
        if calls < needed / 2 or not figures.usual_persons:
            continue
        now, usual = figures.persons / figures.attempts, figures.usual_persons / figures.usual_attempts
        yield Reading(
            subject=number,
            value=100 * now / usual,
            steps=(Step(settings.caller_id_fall_pct, Severity.WARNING),),
            falling=True,
            few=calls < needed,
            words={"attempts": figures.attempts, "campaigns": ", ".join(figures.campaigns)},
        )
