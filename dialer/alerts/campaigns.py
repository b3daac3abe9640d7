"""Alerts about campaigns: the abandonment budget, leads, pick-up, agents as a team."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from dialer.alerts.facts import CampaignFigures, Facts, quantile
from dialer.alerts.words import Reading, Severity, Step, alert
from dialer.config_telling import Alerts
from dialer.control.status import AgentStatus, CampaignStatus
from dialer.floor.words import AgentState, AttemptState, CampaignState
from dialer.rules.abandonment import live_answers

WITHOUT_AGENT: Final = (AttemptState.DIALING, AttemptState.RINGING, AttemptState.ANSWERED)
AT_WORK: Final = (AgentState.READY, AgentState.RESERVED, AgentState.TALKING, AgentState.WRAP_UP)


def running(facts: Facts) -> Iterator[tuple[CampaignStatus, CampaignFigures]]:
    """The campaigns that may dial, with their figures."""
    for campaign in facts.status.campaigns:
        if campaign.state is CampaignState.RUNNING:
            yield campaign, facts.figures(campaign)


def team(facts: Facts, campaign: CampaignStatus) -> list[AgentStatus]:
    """The campaign's agents."""
    return [agent for agent in facts.status.agents if agent.campaign_id == campaign.campaign_id]


def clock(at: float) -> str:
    """Local date and time, for people."""
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%d/%m %H:%M")


@alert(
    "%",
    en=(
        (
            "Campaign {scope}: {abandoned} of {answered} answered calls ({subject}) were abandoned, {rate:.2f} %"
            " with a limit of {limit:.2f} %: {value:.0f} % of the budget is used, {left} more may be."
        ),
        "Pacing slows down by itself. Bring more agents on the line, or lower the campaign's max_ratio.",
    ),
    fr=(
        (
            "Campagne {scope} : {abandoned} appels sur {answered} décrochés abandonnés ({subject}), soit {rate:.2f} %"
            " pour une limite de {limit:.2f} % : {value:.0f} % du budget, {left} possibles encore."
        ),
        "Le rythme ralentit de lui-même. Ajoutez des téléacteurs en ligne, ou baissez max_ratio de la campagne.",
    ),
)
def abandonment_budget(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """The share of a window's abandonment limit that is used: told, then a warning at 80 %, critical at 100 %."""
    steps = (
        Step(min(settings.budget_pct, 79.9), Severity.INFO),
        Step(80.0, Severity.WARNING),
        Step(100.0, Severity.CRITICAL),
    )
    for campaign in facts.status.campaigns:
        ledger = campaign.abandonment
        for standing in ledger.standings if ledger else ():
            if ledger is None or not standing.held or standing.few or ledger.policy.limit <= 0:
                continue
            yield Reading(
                scope=campaign.campaign_id,
                subject=standing.window,
                value=100 * standing.rate / ledger.policy.limit,
                steps=steps,
                hold_s=0.0,
                words={
                    "scope": campaign.campaign_id,
                    "abandoned": standing.counts.abandoned,
                    "answered": round(live_answers(standing.counts, count_fp=ledger.policy.count_fp)),
                    "rate": 100 * standing.rate,
                    "limit": 100 * ledger.policy.limit,
                    "left": standing.budget_calls,
                },
            )


@alert(
    "%",
    en=(
        (
            "Campaign {scope}: as the last minutes went, {value:.2f} % of the answered calls will be abandoned by the"
            " end of the day, above the limit of {threshold:.2f} %."
        ),
        "Look at `dialer pacing explain {scope}`; lower max_ratio or bring more agents on the line.",
    ),
    fr=(
        (
            "Campagne {scope} : au rythme des dernières minutes, {value:.2f} % des décrochés seront abandonnés en fin"
            " de journée, au-dessus de la limite de {threshold:.2f} %."
        ),
        "Voir `dialer pacing explain {scope}` ; baissez max_ratio ou ajoutez des téléacteurs.",
    ),
)
def abandonment_forecast(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """The rate of the day's end, if answers and abandons go on as in the last minutes, is above the limit.

    (A + a k) / (N + n k): A abandoned of N answered so far today, a of n in the last window, k such windows to the end.
    """
    for campaign, figures in running(facts):
        answered = figures.connected + figures.abandoned
        if figures.day_ends_at is None or answered < settings.min_calls:
            continue
        limit = campaign.abandonment.policy.limit if campaign.abandonment else campaign.abandonment_limit
        windows = max(0.0, figures.day_ends_at - facts.at) / figures.span_s
        total = campaign.today.connected + campaign.today.abandoned + answered * windows
        rate = (campaign.today.abandoned + figures.abandoned * windows) / total if total else 0.0
        yield Reading(
            scope=campaign.campaign_id,
            value=100 * rate,
            steps=(Step(100 * limit, Severity.WARNING),),
            words={"scope": campaign.campaign_id},
        )


@alert(
    "s",
    en=(
        (
            "Campaign {scope}: {idle} agents wait for calls, agent {agent} for {value:.0f} s, though leads are left"
            " ({reason})."
        ),
        "Look at `dialer pacing explain {scope}` and at the trunk; the list may be poor at this hour.",
    ),
    fr=(
        (
            "Campagne {scope} : {idle} téléacteurs attendent, {agent} depuis {value:.0f} s, alors qu'il reste des"
            " fiches ({reason})."
        ),
        "Voir `dialer pacing explain {scope}` et le trunk ; la liste répond peut-être mal à cette heure.",
    ),
)
def agents_idle(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """An agent has waited longer than the bound while leads may be called."""
    for campaign, figures in running(facts):
        ready = [agent for agent in team(facts, campaign) if agent.state is AgentState.READY]
        if not ready or not figures.leads_callable:
            continue
        first = min(ready, key=lambda agent: agent.since)
        reason = campaign.pacing.reason if campaign.pacing else ""
        yield Reading(
            scope=campaign.campaign_id,
            value=facts.at - first.since,
            steps=(Step(settings.agents_idle_s, Severity.WARNING),),
            hold_s=0.0,
            words={"scope": campaign.campaign_id, "idle": len(ready), "agent": first.agent_id, "reason": reason},
        )


@alert(
    "calls",
    en=(
        "Campaign {scope}: {value:.0f} calls ring and no agent is on the line.",
        "Who picks up hears the message. Bring agents on the line, or pause: `dialer campaign pause {scope}`.",
    ),
    fr=(
        "Campagne {scope} : {value:.0f} appels sonnent et aucun téléacteur n'est en ligne.",
        "Qui décroche entend le message. Remettez des téléacteurs en ligne, ou : `dialer campaign pause {scope}`.",
    ),
)
def no_agent_ready(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """Calls ring while no agent of the campaign is at work."""
    for campaign in facts.status.campaigns:
        at_work = any(agent.state in AT_WORK for agent in team(facts, campaign))
        calls = sum(campaign.calls.get(state, 0) for state in WITHOUT_AGENT)
        if calls and not at_work:
            yield Reading(
                scope=campaign.campaign_id,
                value=calls,
                steps=(Step(1, Severity.CRITICAL),),
                hold_s=settings.no_agent_s,
                words={"scope": campaign.campaign_id},
            )


@alert(
    "min",
    en=(
        "Campaign {scope}: {left} leads may be called now; at this pace they last {value:.0f} min.",
        "Import a list, or tell the principal; later leads may come due by themselves.",
    ),
    fr=(
        "Campagne {scope} : {left} fiches appelables ; à ce rythme il y en a pour {value:.0f} min.",
        "Importez une liste ou prévenez le donneur d'ordre ; d'autres fiches redeviendront peut-être appelables.",
    ),
)
def list_runs_out(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """The leads that may be called now last fewer minutes than the bound, at the pace of the last minutes."""
    for campaign, figures in running(facts):
        if figures.leads_callable is None or figures.attempts < settings.min_calls:
            continue
        pace = figures.attempts / figures.span_s * 60
        yield Reading(
            scope=campaign.campaign_id,
            value=figures.leads_callable / pace,
            steps=(Step(settings.list_end_min, Severity.WARNING), Step(settings.list_end_min / 5, Severity.CRITICAL)),
            falling=True,
            words={"scope": campaign.campaign_id, "left": figures.leads_callable},
        )


@alert(
    "min",
    en=(
        "Campaign {scope}: no lead may be called now; the next ones are put off by the calling law until {until}.",
        "Nothing is dialed until then. Let the agents know, or move them to another campaign.",
    ),
    fr=(
        "Campagne {scope} : aucune fiche appelable ; les prochaines sont reportées par la loi jusqu'au {until}.",
        "Rien n'est appelé d'ici là. Prévenez les téléacteurs ou affectez-les à une autre campagne.",
    ),
)
def all_postponed(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """No lead may be called now, and the calling law put off those that may be called next."""
    _ = settings
    for campaign, figures in running(facts):
        if figures.leads_callable != 0 or not figures.waits_for_law or figures.next_lead_at is None:
            continue
        yield Reading(
            scope=campaign.campaign_id,
            value=max(0.0, figures.next_lead_at - facts.at) / 60,
            steps=(Step(0.0, Severity.INFO),),
            words={"scope": campaign.campaign_id, "until": clock(figures.next_lead_at)},
        )


@alert(
    "%",
    en=(
        (
            "Campaign {scope}: {now:.1f} % of the calls are picked up, {value:.0f} % of what is usual at this hour"
            " of this weekday ({usual:.1f} %)."
        ),
        "Look at the list (new?), at the number shown (blocked as spam?) and at the trunk.",
    ),
    fr=(
        (
            "Campagne {scope} : {now:.1f} % de décrochés, soit {value:.0f} % de l'habitude à cette heure de ce jour de"
            " semaine ({usual:.1f} %)."
        ),
        "Vérifiez la liste (nouvelle ?), le numéro présenté (signalé comme spam ?) et le trunk.",
    ),
)
def pick_up_fell(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """The pick-up rate fell against the same hour and weekday of the weeks before."""
    for campaign, figures in running(facts):
        if not figures.usual_pick_up or figures.attempts < settings.min_calls:
            continue
        rate = figures.persons / figures.attempts
        yield Reading(
            scope=campaign.campaign_id,
            value=100 * rate / figures.usual_pick_up,
            steps=(Step(settings.pick_up_fall_pct, Severity.WARNING),),
            falling=True,
            words={"scope": campaign.campaign_id, "now": 100 * rate, "usual": 100 * figures.usual_pick_up},
        )


@alert(
    "ms",
    en=(
        "Campaign {scope}: one answered person in a hundred waits {value:.0f} ms for an agent.",
        "Look at the machine's load and at event_loop_lag; lower max_ratio if agents are all busy.",
    ),
    fr=(
        "Campagne {scope} : une personne sur cent attend {value:.0f} ms son téléacteur après avoir décroché.",
        "Vérifiez la charge de la machine et event_loop_lag ; baissez max_ratio si tous sont occupés.",
    ),
)
def answer_to_agent(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """The 99th percentile of the time from answer to agent is above its bound."""
    for campaign, figures in running(facts):
        p99 = quantile([*figures.waits_s], 0.99)
        if p99 is not None and len(figures.waits_s) >= settings.min_calls:
            yield Reading(
                scope=campaign.campaign_id,
                value=1000 * p99,
                steps=(Step(settings.answer_to_agent_ms, Severity.WARNING),),
                words={"scope": campaign.campaign_id},
            )
